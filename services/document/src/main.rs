//! The document service in a process of its own, and the jailed reader that it starts for each file.

use std::process::ExitCode;

use elenchus_document::{CONFINE_ARGUMENT, EXTRACT_ARGUMENT, run_confined, run_extractor};
use elenchus_process::{Role, run_service};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(EXTRACT_ARGUMENT) => run_extractor(),
        Some(CONFINE_ARGUMENT) => run_confined(),
        _ => run_service(Role::Document, elenchus_document::start),
    }
}
