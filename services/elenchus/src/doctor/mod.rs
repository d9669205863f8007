//! `elenchus doctor`: looks at everything that the roles of a process need, and says of each part
//! whether it is there, and of what is not, the mend. It starts and changes nothing that stays.

mod accounts;
mod documents;
mod installation;
mod lacking;
mod models;
mod report;
mod services;
mod stores;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use elenchus_process::{Role, fail};

use self::installation::Installation;
use self::report::{Check, Report};

pub(crate) use self::lacking::lacking;

/// What a part gets to answer, those included that wait for another machine themselves.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `elenchus doctor` is told.
#[derive(Args)]
pub(crate) struct DoctorArguments {
    /// Only what these roles need: auth, conversation, document, workflow, analytics or gateway.
    roles: Vec<Role>,
    /// Write the checks as JSON.
    #[arg(long)]
    json: bool,
}

/// Exits with 0 when all that is needed is there, with 1 when something is not.
pub(crate) fn run(arguments: &DoctorArguments) -> ExitCode {
    let roles = match arguments.roles.as_slice() {
        [] => Role::ALL.to_vec(),
        roles => roles.to_vec(),
    };
    // The private PostgreSQL is started and stopped beside the checks, on threads of its own.
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let report = runtime.block_on(examine(&roles));
    let written = if arguments.json { report.print_json() } else { report.print() };
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => fail(&error),
        _ if report.is_well() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

async fn examine(roles: &[Role]) -> Report {
    let (installation, mut checks) = match Installation::read(roles) {
        Ok(found) => found,
        Err(check) => return Report::new(vec![*check]),
    };
    let parts = tokio::join!(
        patiently("postgresql", stores::postgres(&installation)),
        patiently("redis", stores::redis(&installation)),
        patiently("files", documents::files(&installation)),
        patiently("jail", documents::jail(&installation)),
        patiently("scans", documents::scans(&installation)),
        patiently("embedding model", documents::embedding(&installation)),
        patiently("mail", accounts::mail(&installation)),
        patiently("language model", models::language(&installation)),
        patiently("services", services::peers(&installation)),
    );
    let (postgres, redis, files, jail, scans, embedding, mail, language, peers) = parts;
    let parts = [postgres, redis, files, jail, scans, embedding, mail, language, peers];
    checks.extend(parts.into_iter().flatten());
    Report::new(checks)
}

/// A part that says nothing must not keep the others from being shown.
async fn patiently(name: &'static str, look: impl Future<Output = Vec<Check>>) -> Vec<Check> {
    tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| {
        let found = format!("no answer within {} seconds", PATIENCE.as_secs());
        vec![Check::failed(name, found, "see whether it hangs, and start it again")]
    })
}
