//! The whole mesh in one program: `elenchus serve` runs every role, `elenchus serve auth …` some.

mod data_dir;
mod health;
mod key;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use elenchus_process::{Role, run};
use http::Uri;

/// The open backend for legal AI work.
#[derive(Parser)]
#[command(version, arg_required_else_help = false)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run roles of the mesh in this process: all of them, or those named.
    Serve {
        /// auth, conversation, document, workflow, analytics or gateway.
        roles: Vec<Role>,
    },
    /// Ask a running process whether it is well. Exits with 0 when it is.
    Health {
        /// Where it listens.
        #[arg(default_value = "http://127.0.0.1:8000")]
        address: Uri,
    },
    /// Work on the keys that sign access tokens.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Write the descriptor set of the protos, for Envoy and other tools.
    Descriptors {
        /// The file to write.
        file: std::path::PathBuf,
    },
    /// Read the text of a file from standard input. The document service runs this in its jail.
    #[command(name = elenchus_document::EXTRACT_ARGUMENT, hide = true)]
    ExtractDocument {
        /// What the file's name ends in.
        extension: Option<String>,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a new key. It signs in five minutes, and the old one goes on checking tokens until its last one has
    /// expired. Needs the auth service's database and settings.
    Rotate,
}

fn main() -> ExitCode {
    match Arguments::parse().command.unwrap_or(Command::Serve { roles: Vec::new() }) {
        Command::Serve { roles } => {
            let roles = if roles.is_empty() { Role::ALL.to_vec() } else { roles };
            run(serve::name(&roles), async |env, shutdown| {
                serve::start(env, &roles, shutdown).await
            })
        }
        Command::Health { address } => health::ask(&address),
        Command::Key { command: KeyCommand::Rotate } => key::rotate(),
        Command::Descriptors { file } => {
            match std::fs::write(&file, elenchus_proto::DESCRIPTOR_SET) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("elenchus: cannot write {}: {error}", file.display());
                    ExitCode::FAILURE
                }
            }
        }
        Command::ExtractDocument { .. } => elenchus_document::run_extractor(),
    }
}
