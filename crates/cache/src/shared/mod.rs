//! Losable state in Redis, over all replicas.

mod link;
mod listen;
mod purse;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use elenchus_settings::Invalid;
use redis::{AsyncCommands, Client, IntoConnectionInfo, RedisError, Script};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::task::AbortOnDropHandle;

use self::link::Link;
use self::purse::{Draw, Purses};
use crate::fanout::{Hub, Subscription};
use crate::quota::{Allowed, Quota};
use crate::store::{Lost, Store};

/// Reads when the allowance will be whole, and moves that on when one may be taken, and by so many more as are
/// wanted ahead and are a small part of what is left. Redis's own clock decides, so that replicas agree.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local whole = tonumber(redis.call('GET', KEYS[1])) or now
local ahead = math.max(whole - now, 0)
local step, depth, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local more = 0
if ahead + step <= depth then
    -- A step of less than a microsecond is none here, and Redis keeps nothing for no time.
    if step > 0 then
        more = math.min(wanted, math.floor((depth - ahead - step) / step / 32))
    end
    local after = ahead + step * (1 + more)
    local keep = math.max(math.ceil(after / 1000), 1)
    redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', keep)
end
return {ahead, more}
";

/// The keys of this program in a Redis that may hold others'.
const QUOTAS: &str = "elenchus:quota:";
const VALUES: &str = "elenchus:value:";
const CHANNELS: &str = "elenchus:channel:";

pub(crate) struct Shared {
    client: Client,
    link: Link,
    take: Script,
    purses: Purses,
    hub: Arc<Hub>,
    /// Begun by the first listener: a process that only limits holds no second connection.
    ear: OnceLock<AbortOnDropHandle<()>>,
}

impl Shared {
    /// Connects in the background: a Redis that is down is lost, not fatal.
    pub(crate) fn connect(
        url: &str,
        password: Option<SecretString>,
        hub: Arc<Hub>,
    ) -> Result<Self, Invalid> {
        let client = client(url, password)?;
        let link = Link::open(client.clone()).map_err(unusable)?;
        Ok(Self {
            client,
            link,
            take: Script::new(TAKE),
            purses: Purses::new(),
            hub,
            ear: OnceLock::new(),
        })
    }
}

/// The way to a Redis, not yet taken.
pub(crate) fn client(url: &str, password: Option<SecretString>) -> Result<Client, Invalid> {
    let mut info = url.into_connection_info().map_err(unusable)?;
    if let Some(password) = password {
        let redis = info.redis_settings().clone().set_password(password.expose_secret());
        info = info.set_redis_settings(redis);
    }
    Client::open(info).map_err(unusable)
}

/// The address may hold a password, so no error may quote it.
fn unusable(_: RedisError) -> Invalid {
    Invalid::new("REDIS_URL", "is not of the form redis://host:port/database")
}

#[async_trait]
impl Store for Shared {
    async fn take(&self, key: &str, quota: Quota) -> Result<Allowed, Lost> {
        let fill = match self.purses.draw(key, quota) {
            Draw::Granted(allowed) => return Ok(allowed),
            Draw::Ask(fill) => fill,
        };
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut call = self.take.key(format!("{QUOTAS}{key}"));
        call.arg(micros(quota.step())).arg(micros(quota.depth())).arg(fill.ahead());
        let mut connection = self.link.connection();
        let (ahead, more): (u64, u32) = self.link.hold(call.invoke_async(&mut connection)).await?;
        let ahead = Duration::from_micros(ahead);
        fill.keep(more, ahead + quota.step() * (1 + more));
        Ok(quota.judge(ahead))
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, Lost> {
        let mut connection = self.link.connection();
        self.link.hold(connection.get(format!("{VALUES}{key}"))).await
    }

    async fn set(&self, key: &str, value: Bytes, time_to_live: Duration) -> Result<(), Lost> {
        // Zero is refused by Redis, and means nothing to keep.
        let millis = u64::try_from(time_to_live.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut connection = self.link.connection();
        self.link.hold(connection.pset_ex(format!("{VALUES}{key}"), value.as_ref(), millis)).await
    }

    async fn remove(&self, key: &str) -> Result<(), Lost> {
        let mut connection = self.link.connection();
        self.link.hold(connection.del(format!("{VALUES}{key}"))).await
    }

    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Lost> {
        let mut connection = self.link.connection();
        self.link.hold(connection.publish(format!("{CHANNELS}{channel}"), message.as_ref())).await
    }

    fn subscribe(&self, channel: &str) -> Subscription {
        self.ear.get_or_init(|| listen::spawn(self.client.clone(), Arc::clone(&self.hub)));
        self.hub.subscribe(channel)
    }
}
