//! Gets the gateway going in a process: its settings, its peers and its socket.

use std::net::SocketAddr;

use elenchus_cache::Cache;
use elenchus_process::{Peers as Ways, Process, Role, StartError};
use elenchus_proto::DESCRIPTORS;
use elenchus_rpc::Shutdown;
use elenchus_settings::{Env, Invalid};
use tokio::net::TcpListener;

use crate::{Gateway, Peers, Settings};

/// Starts the gateway beside other roles, in the background. Tells where it listens.
pub async fn start(process: &Process) -> Result<SocketAddr, StartError> {
    listen(&process.env, &process.peers, process.cache.clone(), &process.shutdown).await
}

/// Starts the gateway in a process that has no other role, and therefore no keys: the address of
/// every service must be set.
pub async fn start_alone(env: &Env, shutdown: &Shutdown) -> Result<SocketAddr, StartError> {
    let ways = Ways::from_env(env, &[], shutdown)?;
    listen(env, &ways, Cache::from_env(env)?, shutdown).await
}

async fn listen(
    env: &Env,
    ways: &Ways,
    cache: Cache,
    shutdown: &Shutdown,
) -> Result<SocketAddr, StartError> {
    let settings = Settings::from_env(env)?;
    let address = settings.address;
    let gateway = Gateway::build(settings, peers(ways)?, cache, shutdown)?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("the gateway cannot listen on {address}: {error}"))?;
    let address = listener.local_addr()?;
    shutdown.spawn(gateway.serve(listener, shutdown.clone()));
    Ok(address)
}

/// The ways to the services, unsigned: calls from outside bring their own credentials.
fn peers(ways: &Ways) -> Result<Peers, Invalid> {
    Role::SERVICES.into_iter().try_fold(Peers::default(), |peers, role| {
        let package = format!("elenchus.{}.v1", role.name());
        Ok(peers.with_package(&DESCRIPTORS, &package, &ways.transport(role)?))
    })
}
