//! The conversation service in a process of its own.

use std::process::ExitCode;

use elenchus_process::{Role, run_service};

fn main() -> ExitCode {
    run_service(Role::Conversation, elenchus_conversation::start)
}
