//! `elenchus key`: what operators do with the keys that sign access tokens.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use elenchus_auth::store::MIGRATOR;
use elenchus_auth::{NAME, Settings, rotate_signing_key};
use elenchus_postgres::{Database, DatabaseSettings};
use elenchus_process::fail;
use elenchus_settings::Env;

/// Makes a new key in the auth service's database.
pub(crate) fn rotate() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(rotate_in_database()) {
        Ok(()) => {
            let _ = writeln!(
                std::io::stdout(),
                "a new key is published, and will sign in five minutes"
            );
            ExitCode::SUCCESS
        }
        Err(error) => fail(error.as_ref()),
    }
}

async fn rotate_in_database() -> Result<(), Box<dyn Error + Send + Sync>> {
    let env = Env::of_process()?;
    let settings = Settings::from_env(&env)?;
    let pool = Database::open(&DatabaseSettings::from_env(&env, "AUTH")?, NAME, &MIGRATOR).await?;
    Ok(rotate_signing_key(&settings, pool).await?)
}
