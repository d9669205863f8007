//! What the gateway reads from the environment.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use elenchus_settings::{Env, Invalid};
use http::HeaderValue;

/// The gateway's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `APP_NAME`: the name that `/` and `/health` tell.
    pub app_name: String,
    /// `APP_VERSION`.
    pub app_version: String,
    /// `HOST` and `PORT`: where the gateway listens. Port 0 picks a free one.
    pub address: SocketAddr,
    /// `API_V1_PREFIX`: where the API begins.
    pub api_prefix: String,
    /// `BACKEND_CORS_ORIGINS`: a JSON list of origins whose pages may call.
    pub cors_origins: Vec<HeaderValue>,
    /// How often one client may call.
    pub rate: Rate,
    /// How much one client may send, and how long it may take.
    pub limits: Limits,
    /// How many connections there may be.
    pub connections: Connections,
    /// `WEBSOCKET_QUERY_TOKEN`: whether a socket may name its access token in the URL, where
    /// proxies write it down.
    pub websocket_query_token: bool,
    /// `TRUSTED_PROXIES`: how many proxies stand before the gateway and add to `X-Forwarded-For`.
    pub trusted_proxies: usize,
}

/// How often one client may call.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// `RATE_LIMIT_PER_MINUTE`: requests that come back each minute. 0 puts no limit.
    pub per_minute: u32,
    /// `RATE_LIMIT_BURST`: requests that may come at once.
    pub burst: u32,
}

/// Sizes and times of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `MAX_BODY_BYTES`: the largest body that is not an upload, and the largest message.
    pub body_bytes: usize,
    /// `MAX_HEADER_BYTES`: the largest head of a request.
    pub header_bytes: usize,
    /// `REQUEST_TIMEOUT_SECONDS`: the deadline of a call that is not a stream.
    pub request: Duration,
    /// `STREAM_TIMEOUT_SECONDS`: the deadline of a stream or an upload.
    pub stream: Duration,
    /// `HEADER_TIMEOUT_SECONDS`: from the first byte, or the connection, to the end of the head.
    pub header: Duration,
    /// `BODY_IDLE_TIMEOUT_SECONDS`: between two parts of a body, either way.
    pub body_idle: Duration,
    /// `KEEP_ALIVE_TIMEOUT_SECONDS`: between two requests of one connection.
    pub keep_alive: Duration,
    /// `SSE_HEARTBEAT_SECONDS`: between two signs of life of a stream of events.
    pub heartbeat: Duration,
    /// `DRAIN_SECONDS`: what streams get to end by themselves once a stop has begun.
    pub drain: Duration,
}

/// Caps on connections.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// `MAX_CONNECTIONS`.
    pub total: usize,
    /// `MAX_CONNECTIONS_PER_ADDRESS`.
    pub per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 4 << 20,
            header_bytes: 64 << 10,
            request: Duration::from_secs(30),
            stream: Duration::from_secs(600),
            header: Duration::from_secs(10),
            body_idle: Duration::from_secs(15),
            keep_alive: Duration::from_secs(75),
            heartbeat: Duration::from_secs(15),
            drain: Duration::from_secs(10),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            app_name: "Elenchus Legal AI".to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8000)),
            api_prefix: "/api/v1".to_owned(),
            cors_origins: vec![HeaderValue::from_static("http://localhost:3000")],
            rate: Rate { per_minute: 60, burst: 100 },
            limits: Limits::default(),
            connections: Connections { total: 10_000, per_address: 1_000 },
            websocket_query_token: false,
            trusted_proxies: 0,
        }
    }
}

impl Settings {
    /// Reads every variable that is set.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let default = Self::default();
        let host: IpAddr = env.or("HOST", default.address.ip())?;
        Ok(Self {
            app_name: env.or("APP_NAME", default.app_name)?,
            app_version: env.or("APP_VERSION", default.app_version)?,
            address: SocketAddr::new(host, env.or("PORT", default.address.port())?),
            api_prefix: prefix(env)?.unwrap_or(default.api_prefix),
            cors_origins: origins(env)?.unwrap_or(default.cors_origins),
            rate: Rate {
                per_minute: env.or("RATE_LIMIT_PER_MINUTE", default.rate.per_minute)?,
                burst: env.or("RATE_LIMIT_BURST", default.rate.burst)?,
            },
            limits: Limits::from_env(env)?,
            connections: Connections {
                total: positive(env, "MAX_CONNECTIONS", default.connections.total)?,
                per_address: positive(
                    env,
                    "MAX_CONNECTIONS_PER_ADDRESS",
                    default.connections.per_address,
                )?,
            },
            websocket_query_token: env
                .switch("WEBSOCKET_QUERY_TOKEN", default.websocket_query_token)?,
            trusted_proxies: env.or("TRUSTED_PROXIES", default.trusted_proxies)?,
        })
    }
}

impl Limits {
    fn from_env(env: &Env) -> Result<Self, Invalid> {
        let default = Self::default();
        let seconds = |name, default: Duration| {
            let seconds: f64 = env.or(name, default.as_secs_f64())?;
            Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|duration| !duration.is_zero())
                .ok_or_else(|| {
                    Invalid::new(name, format!("{seconds} is not a number of seconds above 0"))
                })
        };
        Ok(Self {
            body_bytes: positive(env, "MAX_BODY_BYTES", default.body_bytes)?,
            // hyper's buffer for a head is at least 8 KiB.
            header_bytes: positive(env, "MAX_HEADER_BYTES", default.header_bytes)?
                .clamp(8 << 10, 1 << 20),
            request: seconds("REQUEST_TIMEOUT_SECONDS", default.request)?,
            stream: seconds("STREAM_TIMEOUT_SECONDS", default.stream)?,
            header: seconds("HEADER_TIMEOUT_SECONDS", default.header)?,
            body_idle: seconds("BODY_IDLE_TIMEOUT_SECONDS", default.body_idle)?,
            keep_alive: seconds("KEEP_ALIVE_TIMEOUT_SECONDS", default.keep_alive)?,
            heartbeat: seconds("SSE_HEARTBEAT_SECONDS", default.heartbeat)?,
            drain: seconds("DRAIN_SECONDS", default.drain)?,
        })
    }
}

fn positive(env: &Env, name: &'static str, default: usize) -> Result<usize, Invalid> {
    let value = env.or(name, default)?;
    if value == 0 { Err(Invalid::new(name, "must be at least 1")) } else { Ok(value) }
}

fn prefix(env: &Env) -> Result<Option<String>, Invalid> {
    let Some(prefix) = env.text("API_V1_PREFIX") else { return Ok(None) };
    let prefix = prefix.trim_end_matches('/');
    let is_word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
    if prefix.starts_with('/') && !prefix.contains("//") && prefix.bytes().all(is_word) {
        Ok(Some(prefix.to_owned()))
    } else {
        Err(Invalid::new("API_V1_PREFIX", format!("{prefix:?} is not a path such as /api/v1")))
    }
}

fn origins(env: &Env) -> Result<Option<Vec<HeaderValue>>, Invalid> {
    const NAME: &str = "BACKEND_CORS_ORIGINS";
    let Some(origins) = env.json::<Vec<String>>(NAME)? else { return Ok(None) };
    let parse = |origin: String| {
        let origin = origin.trim_end_matches('/').to_ascii_lowercase();
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let is_origin =
            origin == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains('/'));
        HeaderValue::try_from(&origin).ok().filter(|_| is_origin).ok_or_else(|| {
            Invalid::new(NAME, format!("{origin:?} is not an origin such as https://example.org"))
        })
    };
    origins.into_iter().map(parse).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_are_refused_by_name() {
        for (name, value) in [
            ("HOST", "nowhere"),
            ("PORT", "70000"),
            ("API_V1_PREFIX", "api"),
            ("BACKEND_CORS_ORIGINS", r#"["example.org"]"#),
            ("BACKEND_CORS_ORIGINS", "http://localhost"),
            ("REQUEST_TIMEOUT_SECONDS", "0"),
            ("REQUEST_TIMEOUT_SECONDS", "NaN"),
            ("MAX_BODY_BYTES", "0"),
        ] {
            let refusal = Settings::from_env(&Env::of_pairs([(name, value)])).unwrap_err();
            assert_eq!(refusal.variable, name);
        }
    }

    #[test]
    fn nothing_need_be_set() {
        let settings = Settings::from_env(&Env::of_pairs::<&str, &str>([])).unwrap();
        assert_eq!(settings.address.to_string(), "0.0.0.0:8000");
        assert_eq!(settings.api_prefix, "/api/v1");
    }
}
