//! Runs a command with a private PostgreSQL and a private Redis beside it, and stops both.
//!
//! Usage: `elenchus-testkit COMMAND [ARGUMENT…]`

use std::process::ExitCode;

use elenchus_testkit::servers::{Redis, postgres};
use elenchus_testkit::{CLUSTER, DATABASE_URL, REDIS_URL};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).skip_while(|word| word == "--").collect();
    let Some((program, arguments)) = words.split_first() else {
        eprintln!("usage: elenchus-testkit COMMAND [ARGUMENT…]");
        return ExitCode::FAILURE;
    };
    match run(program, arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("elenchus-testkit: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(program: &str, arguments: &[String]) -> Result<u8, Failure> {
    let folder = TempDir::new()?;
    let cluster = postgres(&folder).await?;
    let redis = Redis::start()?;

    let mut command = Command::new(program);
    command
        .args(arguments)
        .env(DATABASE_URL, cluster.superuser_url().expose_secret())
        .env(CLUSTER, cluster.name())
        .kill_on_drop(true);
    if let Some(redis) = &redis {
        command.env(REDIS_URL, redis.url());
    }
    let mut child = command.spawn()?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let code = tokio::select! {
        status = child.wait() => status?.code().unwrap_or(1),
        _ = terminate.recv() => 143,
        _ = interrupt.recv() => 130,
    };
    drop(child);
    cluster.stop().await?;
    Ok(u8::try_from(code).unwrap_or(1))
}
