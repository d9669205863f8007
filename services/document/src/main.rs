//! The document service in a process of its own, and the jailed reader that it starts for each file.

use std::process::ExitCode;

use elenchus_document::{EXTRACT_ARGUMENT, run_extractor};
use elenchus_process::{Role, run_service};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(EXTRACT_ARGUMENT) {
        return run_extractor();
    }
    run_service(Role::Document, elenchus_document::start)
}
