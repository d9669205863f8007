//! The services that run elsewhere.

use std::time::Duration;

use elenchus_process::Role;
use http::Uri;

use super::installation::Installation;
use super::report::Check;
use crate::health;

const NAME: &str = "services";
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks each service whose address is set whether it is well.
pub(super) async fn peers(installation: &Installation) -> Vec<Check> {
    let mut checks = Vec::new();
    for role in Role::SERVICES {
        // What cannot be read was said with the settings.
        let Ok(address) = installation.env.optional::<Uri>(role.address_variable()) else {
            continue;
        };
        match address {
            Some(address) => checks.push(ask(role, &address).await),
            None if installation.roles.contains(&role) => {}
            None => checks.push(unknown(role)),
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok(NAME, "all in this process: no address is set"));
    }
    checks
}

/// The start says so too, of a service that these roles call.
fn unknown(role: Role) -> Check {
    Check::missing(
        NAME,
        format!("{} does not run in this process and has no address", role.name()),
        format!("set {}, unless nothing here calls it", role.address_variable()),
    )
}

async fn ask(role: Role, address: &Uri) -> Check {
    let problem = match tokio::time::timeout(PATIENCE, health::check(address, role)).await {
        Ok(Ok(())) => return Check::ok(NAME, format!("{} at {address} is well", role.name())),
        Ok(Err(problem)) => problem,
        Err(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
    };
    Check::failed(
        NAME,
        format!("{} at {address}: {problem}", role.name()),
        format!("start it, or correct {}", role.address_variable()),
    )
}
