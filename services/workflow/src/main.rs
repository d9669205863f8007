//! The workflow service in a process of its own.

use std::process::ExitCode;

use elenchus_process::{Role, run_service};

fn main() -> ExitCode {
    run_service(Role::Workflow, elenchus_workflow::start)
}
