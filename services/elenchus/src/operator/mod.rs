//! What operators do beside a running mesh: with the keys of access tokens, and with accounts.

mod database;
mod password;
mod user;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use elenchus_auth::rotate_signing_key;
use elenchus_process::fail;

use self::database::OfAuth;
pub(crate) use self::user::{CreateArguments, ResetArguments};

type Failure = Box<dyn Error + Send + Sync>;

/// Makes a new key for access tokens.
pub(crate) fn rotate_key() -> ExitCode {
    run(async {
        let auth = OfAuth::open().await?;
        let outcome = rotate_signing_key(&auth.settings, auth.pool.clone()).await;
        auth.close().await?;
        outcome?;
        Ok("a new key is published, and will sign in five minutes".to_owned())
    })
}

/// Makes an account.
pub(crate) fn create_user(arguments: &CreateArguments) -> ExitCode {
    run(user::create(arguments))
}

/// Sets the password of an account, and ends its sessions.
pub(crate) fn reset_password(arguments: &ResetArguments) -> ExitCode {
    run(user::reset_password(arguments))
}

/// Runs an act, and says on standard output what came of it.
fn run(act: impl Future<Output = Result<String, Failure>>) -> ExitCode {
    // The private PostgreSQL is started and stopped beside the act, on threads of its own.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(act) {
        Ok(said) => {
            let _ = writeln!(std::io::stdout(), "{said}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(error.as_ref()),
    }
}
