//! `elenchus health`: the check that containers run, over the same gRPC health as Kubernetes.

use std::process::ExitCode;
use std::time::Duration;

use elenchus_process::Role;
use elenchus_rpc::transport::{remote, remote_with_tls};
use elenchus_rpc::{Shutdown, Tls};
use elenchus_settings::Env;
use http::Uri;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

const PATIENCE: Duration = Duration::from_secs(2);

/// Asks once; says why not on standard error.
pub(crate) fn ask(address: &Uri, role: Role) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return unwell(&error.to_string()),
    };
    match runtime.block_on(async { tokio::time::timeout(PATIENCE, check(address, role)).await }) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(problem)) => unwell(&problem),
        Err(_) => unwell("no answer within two seconds"),
    }
}

/// Whether a process says that it is well.
pub(crate) async fn check(address: &Uri, role: Role) -> Result<(), String> {
    let shutdown = Shutdown::new();
    let env = Env::of_process().map_err(|error| error.to_string())?;
    let transport = match Tls::from_env(&env).map_err(|error| error.to_string())? {
        Some(tls) if address.scheme_str() == Some("https") => {
            remote_with_tls(address, role.name(), &tls, &shutdown)
        }
        Some(_) | None => remote(address, &shutdown),
    };
    let transport = transport.map_err(|error| format!("{address} {error}"))?;
    let mut client = HealthClient::new(transport);
    loop {
        match client.check(HealthCheckRequest::default()).await {
            Ok(answer) if answer.get_ref().status() == ServingStatus::Serving => return Ok(()),
            Ok(_) => return Err("not serving".to_owned()),
            // The name is looked up in the background; the timeout bounds the wait.
            Err(status) if status.message().contains("no address") => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(status) => return Err(status.message().to_owned()),
        }
    }
}

fn unwell(problem: &str) -> ExitCode {
    eprintln!("elenchus: {problem}");
    ExitCode::FAILURE
}
