//! The whole mesh in one program: `elenchus serve` runs every role, `elenchus serve auth …` some.

mod cite;
mod data_dir;
mod doctor;
mod eval;
mod health;
mod operator;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use elenchus_process::{Role, Share, run};
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
        /// The role that its certificate must name, where the address is one of https.
        #[arg(long, default_value = "gateway")]
        role: Role,
    },
    /// Look at everything that the mesh, or some roles of it, need: what is there, what is not, and the
    /// mend. Exits with 0 when all that is needed works, with 1 when something does not.
    Doctor(doctor::DoctorArguments),
    /// Work on the keys that sign access tokens.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Work on accounts, in the auth service's database. A mesh may run on it or not.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Work on quotes and citations.
    Cite {
        #[command(subcommand)]
        command: CiteCommand,
    },
    /// Measure the document service on a corpus: a folder with a manifest.json of documents, texts
    /// and questions. Prints a table.
    Eval {
        #[command(subcommand)]
        what: eval::What,
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
    /// Try what a jail forbids, from within. `elenchus doctor` runs this.
    #[command(name = elenchus_document::PROBE_ARGUMENT, hide = true)]
    ProbeJail {
        /// Which jail.
        jail: String,
    },
    /// Give up files, processes and the network, then become another program. The document service
    /// runs this for the programs that read scans.
    #[command(name = elenchus_document::CONFINE_ARGUMENT, hide = true)]
    Confine {
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<std::ffi::OsString>,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a new key. It signs in five minutes, and the old one goes on checking tokens until its last one has
    /// expired. Needs the auth service's database and settings; a mesh may run on it or not.
    Rotate,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Make an account: the first one of an installation with `--superuser`.
    Create(operator::CreateArguments),
    /// Set the password of an account, and end its sessions.
    ResetPassword(operator::ResetArguments),
}

#[derive(Subcommand)]
enum CiteCommand {
    /// Check a brief. Exits with 0 when all is well, 1 when something needs a look, 64 when it was called wrongly.
    Check(cite::CheckArguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            let code = if error.use_stderr() { elenchus_settings::EXIT_USAGE } else { 0 };
            return ExitCode::from(code);
        }
    };
    match arguments.command.unwrap_or(Command::Serve { roles: Vec::new() }) {
        Command::Serve { roles } => {
            let roles = if roles.is_empty() { Role::ALL.to_vec() } else { roles };
            let share = if roles.len() == 1 { Share::OneRole } else { Share::SeveralRoles };
            run(serve::name(&roles), share, async |env, shutdown| {
                serve::start(env, &roles, shutdown).await
            })
        }
        Command::Health { address, role } => health::ask(&address, role),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Key { command: KeyCommand::Rotate } => operator::rotate_key(),
        Command::User { command: UserCommand::Create(arguments) } => {
            operator::create_user(&arguments)
        }
        Command::User { command: UserCommand::ResetPassword(arguments) } => {
            operator::reset_password(&arguments)
        }
        Command::Cite { command: CiteCommand::Check(arguments) } => cite::run(&arguments),
        Command::Eval { what } => eval::run(what),
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
        Command::ProbeJail { .. } => elenchus_document::run_jail_probe(),
        Command::Confine { .. } => elenchus_document::run_confined(),
    }
}
