//! The auth service in a process of its own.

use std::process::ExitCode;

use elenchus_process::{Role, run_service};

fn main() -> ExitCode {
    run_service(Role::Auth, elenchus_auth::start)
}
