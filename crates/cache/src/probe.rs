//! A look at the Redis of the settings, by those who want to know and not to use it.

use std::time::Duration;

use elenchus_settings::{Env, Invalid};
use redis::{AsyncCommands, InfoDict, RedisError};
use tokio::time::{error::Elapsed, timeout};

use crate::shared;

const PATIENCE: Duration = Duration::from_secs(5);
/// Written, and not only asked for: a Redis that can be read but not written is of no use.
const KEY: &str = "elenchus:probe";

/// Why a Redis is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Its address cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// It refuses, or is not there.
    #[error("{0}")]
    Redis(#[from] RedisError),
    /// It says nothing.
    #[error("no answer within {PATIENCE:?}")]
    Late(#[from] Elapsed),
}

/// The version of the Redis of `REDIS_URL`, once it has taken a value. None where none is set.
pub async fn probe(env: &Env) -> Result<Option<String>, ProbeError> {
    let Some(url) = env.text("REDIS_URL") else { return Ok(None) };
    let client = shared::client(url, env.secret("REDIS_PASSWORD"))?;
    let asked = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        connection.pset_ex::<_, _, ()>(KEY, 1, 1000).await?;
        redis::cmd("INFO").arg("server").query_async::<InfoDict>(&mut connection).await
    };
    let info = timeout(PATIENCE, asked).await??;
    Ok(Some(info.get("redis_version").unwrap_or_default()))
}
