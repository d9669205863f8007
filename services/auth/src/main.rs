//! The auth service in a process of its own.

use std::process::ExitCode;

use elenchus_postgres::DatabaseSettings;
use elenchus_process::{Process, Role, run, serve};

fn main() -> ExitCode {
    run(Role::Auth.name(), async |env, shutdown| {
        let process = Process::new(env, &[Role::Auth], shutdown).await?;
        let settings = elenchus_auth::Settings::from_env(&process.env)?;
        let pool = elenchus_auth::open(&DatabaseSettings::from_env(&process.env, "AUTH")?).await?;
        let analytics = process.peer(Role::Auth.name(), Role::Analytics)?;
        let cache = process.cache.clone();
        let server = elenchus_auth::build(settings, pool, cache, analytics, &process.shutdown).await?;
        let told = Role::Auth.listen_address(&process.env)?;
        serve(&process, server, told.unwrap_or(Role::Auth.default_address())).await
    })
}
