//! `SECRET_KEY`, `ALGORITHM`, the lifetimes of tokens and the limits of guessing.

use std::num::NonZeroU32;
use std::time::Duration;

use elenchus_rpc::token::Keys;
use elenchus_settings::{Env, Invalid};

/// A year. Nobody means more.
const MAX_MINUTES: u64 = 365 * 24 * 60;

/// What the auth service reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The keys of the mesh.
    pub keys: Keys,
    /// How long an access token is good.
    pub access_token_lifetime: Duration,
    /// How long a session lives without a refresh.
    pub refresh_token_lifetime: Duration,
    /// What guessing is bounded by.
    pub attempts: AttemptLimits,
}

/// Sign-ins that may be tried in a minute.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// For one account from one address.
    pub per_minute: NonZeroU32,
    /// From one address, whatever the account.
    pub per_address_per_minute: NonZeroU32,
}

impl Settings {
    /// Reads the variables above.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        if let Some(other) = env.text("ALGORITHM").filter(|name| *name != "HS256") {
            return Err(Invalid::new(
                "ALGORITHM",
                format!("{other:?} is not supported; use HS256"),
            ));
        }
        Ok(Self {
            keys: Keys::from_env(env)?,
            access_token_lifetime: minutes(env, "ACCESS_TOKEN_EXPIRE_MINUTES", 30)?,
            refresh_token_lifetime: minutes(env, "REFRESH_TOKEN_EXPIRE_MINUTES", 7 * 24 * 60)?,
            attempts: AttemptLimits {
                per_minute: env
                    .or("LOGIN_ATTEMPTS_PER_MINUTE", AttemptLimits::DEFAULT.per_minute)?,
                per_address_per_minute: env.or(
                    "LOGIN_ATTEMPTS_PER_ADDRESS_PER_MINUTE",
                    AttemptLimits::DEFAULT.per_address_per_minute,
                )?,
            },
        })
    }
}

impl AttemptLimits {
    /// Far above what people do, far below what guessing needs.
    pub const DEFAULT: Self = Self {
        per_minute: NonZeroU32::new(10).unwrap(),
        per_address_per_minute: NonZeroU32::new(100).unwrap(),
    };
}

fn minutes(env: &Env, name: &'static str, default: u64) -> Result<Duration, Invalid> {
    let minutes = env.or(name, default)?;
    if (1..=MAX_MINUTES).contains(&minutes) {
        return Ok(Duration::from_secs(60 * minutes));
    }
    Err(Invalid::new(name, format!("must be from 1 to {MAX_MINUTES} minutes, not {minutes}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Env {
        Env::of_pairs([("SECRET_KEY", "0123456789abcdef0123456789abcdef")])
    }

    #[test]
    fn only_the_key_has_no_default() {
        let settings = Settings::from_env(&env()).unwrap();
        assert_eq!(settings.access_token_lifetime, Duration::from_secs(30 * 60));
        assert_eq!(settings.refresh_token_lifetime, Duration::from_secs(7 * 24 * 3600));
        assert_eq!(Settings::from_env(&Env::default()).unwrap_err().variable, "SECRET_KEY");
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (name, value) in [
            ("ALGORITHM", "none"),
            ("ALGORITHM", "RS256"),
            ("ACCESS_TOKEN_EXPIRE_MINUTES", "0"),
            ("REFRESH_TOKEN_EXPIRE_MINUTES", "99999999999999999999"),
            ("REFRESH_TOKEN_EXPIRE_MINUTES", "-1"),
            ("LOGIN_ATTEMPTS_PER_MINUTE", "0"),
        ] {
            assert_eq!(
                Settings::from_env(&env().with(name, value)).unwrap_err().variable,
                name,
                "{value}"
            );
        }
        assert!(Settings::from_env(&env().with("ALGORITHM", "HS256")).is_ok());
    }
}
