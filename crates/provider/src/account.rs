//! Where a provider is, and who asks there.

use std::time::Duration;

use elenchus_settings::{Env, Invalid};
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};

const GOOGLE: &str = "https://generativelanguage.googleapis.com";
const OPENAI: &str = "https://api.openai.com/v1";

/// The way to a provider. The key does not print.
#[derive(Debug, Clone)]
pub struct Account {
    /// Where its API begins.
    pub base: String,
    /// Servers of one's own may need none.
    pub key: Option<SecretString>,
}

/// Why a provider cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The client for providers.
    #[error("the client for model providers cannot be made")]
    Client(#[from] reqwest::Error),
    /// A key that no header can hold.
    #[error("a model provider's key holds characters that no header can")]
    Key(#[from] reqwest::header::InvalidHeaderValue),
}

impl Account {
    /// Reads a provider's key and address. None where neither is set.
    pub fn from_env(
        env: &Env,
        key: &str,
        base: &'static str,
        default: &str,
    ) -> Result<Option<Self>, Invalid> {
        let (key, url) = (env.secret(key), env.text(base));
        if key.is_none() && url.is_none() {
            return Ok(None);
        }
        let url = url.unwrap_or(default).trim_end_matches('/');
        let parsed = reqwest::Url::parse(url).ok();
        if !parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(Invalid::new(base, "is not a URL such as https://host/v1"));
        }
        Ok(Some(Self { base: url.to_owned(), key }))
    }

    /// What `Authorization` says, where there is a key.
    pub fn bearer(&self) -> Result<Option<HeaderValue>, Unusable> {
        let bearer = |key: &SecretString| format!("Bearer {}", key.expose_secret());
        self.key.as_ref().map(|key| sensitive(&bearer(key))).transpose()
    }
}

/// Google's account: `GOOGLE_API_KEY` and `GOOGLE_BASE_URL`. Nothing is to be had there without a key.
pub fn google(env: &Env) -> Result<Option<Account>, Invalid> {
    let account = Account::from_env(env, "GOOGLE_API_KEY", "GOOGLE_BASE_URL", GOOGLE)?;
    Ok(account.filter(|account| account.key.is_some()))
}

/// OpenAI's account, or that of a server that speaks its protocol: `OPENAI_API_KEY` and `OPENAI_BASE_URL`.
pub fn openai(env: &Env) -> Result<Option<Account>, Invalid> {
    Account::from_env(env, "OPENAI_API_KEY", "OPENAI_BASE_URL", OPENAI)
}

/// A number of seconds above 0.
pub fn seconds(env: &Env, name: &'static str, default: Duration) -> Result<Duration, Invalid> {
    let seconds: f64 = env.or(name, default.as_secs_f64())?;
    let duration = Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero());
    duration
        .ok_or_else(|| Invalid::new(name, format!("{seconds} is not a number of seconds above 0")))
}

/// The client for all providers.
pub fn client(connect_timeout: Duration) -> Result<reqwest::Client, Unusable> {
    let client = reqwest::Client::builder()
        .connect_timeout(connect_timeout)
        // A key must not go where an answer says.
        .redirect(Policy::none());
    Ok(client.build()?)
}

/// A header that is not to be written down anywhere.
pub fn sensitive(value: &str) -> Result<HeaderValue, Unusable> {
    let mut value = HeaderValue::try_from(value)?;
    value.set_sensitive(true);
    Ok(value)
}
