//! Gets the gateway going in a process: its settings, its peers and its socket.

use std::net::SocketAddr;

use elenchus_process::{Process, Role, StartError};
use elenchus_proto::DESCRIPTORS;
use elenchus_rpc::layer::authenticate::GATEWAY;
use elenchus_settings::Invalid;
use tokio::net::TcpListener;

use crate::{Gateway, Peers, Settings};

/// Starts the gateway in the background. Tells where it listens.
pub async fn start(process: &Process) -> Result<SocketAddr, StartError> {
    let (settings, shutdown) = (Settings::from_env(&process.env)?, &process.shutdown);
    let address = settings.address;
    let gateway = Gateway::build(settings, peers(process)?, process.cache.clone(), shutdown)?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("the gateway cannot listen on {address}: {error}"))?;
    let address = listener.local_addr()?;
    shutdown.spawn(gateway.serve(listener, shutdown.clone()));
    Ok(address)
}

/// The ways to the services. Calls from outside bring their own credentials; that they come by way
/// of the gateway is signed, so that services believe where the client is.
fn peers(process: &Process) -> Result<Peers, Invalid> {
    Role::SERVICES.into_iter().try_fold(Peers::default(), |peers, role| {
        let package = format!("elenchus.{}.v1", role.name());
        Ok(peers.with_package(&DESCRIPTORS, &package, &process.peer(GATEWAY, role)?))
    })
}
