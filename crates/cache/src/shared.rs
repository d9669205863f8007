//! Allowances in Redis, over all replicas.

use std::time::Duration;

use elenchus_settings::Invalid;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo, Script};
use secrecy::{ExposeSecret, SecretString};

use crate::quota::{Allowed, Quota};

/// A slow Redis must not make slow answers.
const PATIENCE: Duration = Duration::from_millis(250);

/// Reads when the allowance will be whole, and moves that on when one may be taken. Redis's own
/// clock decides, so that replicas agree.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local whole = tonumber(redis.call('GET', KEYS[1])) or now
local ahead = math.max(whole - now, 0)
local step, depth = tonumber(ARGV[1]), tonumber(ARGV[2])
if ahead + step <= depth then
    redis.call('SET', KEYS[1], string.format('%.0f', now + ahead + step), 'PX', math.ceil((ahead + step) / 1000))
end
return ahead
";

pub(crate) struct Shared {
    connection: ConnectionManager,
    take: Script,
}

/// Redis did not answer, or not in time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
    #[error("no answer within {PATIENCE:?}")]
    Late(#[from] tokio::time::error::Elapsed),
}

impl Shared {
    /// Connects in the background: a Redis that is down is lost, not fatal.
    pub(crate) async fn connect(
        url: &str,
        password: Option<SecretString>,
    ) -> Result<Self, Invalid> {
        // The address may hold a password, so no error may quote it.
        let unusable =
            |_| Invalid::new("REDIS_URL", "is not of the form redis://host:port/database");
        let mut info = url.into_connection_info().map_err(unusable)?;
        if let Some(password) = password {
            let redis = info.redis_settings().clone().set_password(password.expose_secret());
            info = info.set_redis_settings(redis);
        }
        let client = Client::open(info).map_err(unusable)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(unusable)?;
        Ok(Self { connection, take: Script::new(TAKE) })
    }

    pub(crate) async fn take(&self, key: &str, quota: Quota) -> Result<Allowed, Lost> {
        let mut connection = self.connection.clone();
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut call = self.take.key(format!("elenchus:quota:{key}"));
        call.arg(micros(quota.step())).arg(micros(quota.depth()));
        let ahead: u64 =
            tokio::time::timeout(PATIENCE, call.invoke_async(&mut connection)).await??;
        Ok(quota.judge(Duration::from_micros(ahead)))
    }
}
