//! `SECRET_KEY`, `ALGORITHM`, the lifetimes of tokens, the rules of passwords and the limits of guessing.

use std::num::NonZeroU32;
use std::time::Duration;

use elenchus_rpc::token::Keys;
use elenchus_sealed::Sealer;
use elenchus_settings::{Env, Invalid};

use crate::domain::PasswordRules;
use crate::store::SessionLifetime;
use crate::{mail, oidc};

/// Longer than anybody outside the mesh should keep a copy of the published keys.
const KEY_LEAD: Duration = Duration::from_secs(300);
/// Longer than the longest call, which is half an hour, and the second that a session is believed.
const SETTLE: u32 = 31 * 60;
/// A year. Nobody means more.
const MAX_MINUTES: u64 = 365 * 24 * 60;

/// What the auth service reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The keys of the mesh.
    pub keys: Keys,
    /// What is stored sealed, is sealed with this.
    pub sealer: Sealer,
    /// When keys that sign access tokens are replaced.
    pub key_terms: KeyTerms,
    /// How long an access token is good.
    pub access_token_lifetime: Duration,
    /// How long a session lives without a refresh.
    pub refresh_token_lifetime: Duration,
    /// How long a session lives, however much it is refreshed.
    pub session_lifetime: Duration,
    /// Which passwords are taken.
    pub passwords: PasswordRules,
    /// Whose word is taken beside passwords.
    pub oidc: Option<oidc::Settings>,
    /// How mails leave.
    pub mail: mail::Settings,
    /// What guessing is bounded by.
    pub attempts: AttemptLimits,
    /// How long after an account was closed its data are swept a second time.
    pub erasure_settle: Duration,
}

/// When a key that signs access tokens is replaced, and how.
#[derive(Debug, Clone, Copy)]
pub struct KeyTerms {
    /// How old a key becomes.
    pub max_age: Duration,
    /// How long its successor is published before it signs.
    pub lead: Duration,
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
        Ok(Self {
            keys: Keys::from_env(env)?,
            sealer: Sealer::from_env(env)?,
            key_terms: KeyTerms { max_age: max_age(env)?, lead: KEY_LEAD },
            access_token_lifetime: minutes(env, "ACCESS_TOKEN_EXPIRE_MINUTES", 30)?,
            refresh_token_lifetime: minutes(env, "REFRESH_TOKEN_EXPIRE_MINUTES", 7 * 24 * 60)?,
            session_lifetime: minutes(env, "SESSION_EXPIRE_MINUTES", 30 * 24 * 60)?,
            passwords: password_rules(env)?,
            oidc: oidc::Settings::from_env(env)?,
            mail: mail::Settings::from_env(env)?,
            erasure_settle: Duration::from_secs(
                env.or::<u32>("ACCOUNT_ERASURE_SETTLE_SECONDS", SETTLE)?.into(),
            ),
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

    /// When a session ends by itself.
    pub(crate) fn lifetime(&self) -> SessionLifetime {
        SessionLifetime { idle: self.refresh_token_lifetime, absolute: self.session_lifetime }
    }
}

impl AttemptLimits {
    /// Far above what people do, far below what guessing needs.
    pub const DEFAULT: Self = Self {
        per_minute: NonZeroU32::new(10).unwrap(),
        per_address_per_minute: NonZeroU32::new(100).unwrap(),
    };
}

fn password_rules(env: &Env) -> Result<PasswordRules, Invalid> {
    const NAME: &str = "PASSWORD_MIN_LENGTH";
    let (least, most) = (PasswordRules::LEAST, PasswordRules::MOST_DEMANDED);
    let chars = env.or(NAME, least)?;
    if (least..=most).contains(&chars) {
        return Ok(PasswordRules::new(chars));
    }
    Err(Invalid::new(NAME, format!("must be from {least} to {most} characters, not {chars}")))
}

fn max_age(env: &Env) -> Result<Duration, Invalid> {
    const NAME: &str = "SIGNING_KEY_MAX_AGE_DAYS";
    let days = env.or(NAME, 90)?;
    if (1..=3650).contains(&days) {
        return Ok(Duration::from_secs(24 * 3600 * days));
    }
    Err(Invalid::new(NAME, format!("must be from 1 to 3650 days, not {days}")))
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
        Env::of_pairs([("SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015")])
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
            ("ALGORITHM", "RS512"),
            ("SIGNING_KEY_MAX_AGE_DAYS", "0"),
            ("ACCESS_TOKEN_EXPIRE_MINUTES", "0"),
            ("REFRESH_TOKEN_EXPIRE_MINUTES", "99999999999999999999"),
            ("REFRESH_TOKEN_EXPIRE_MINUTES", "-1"),
            ("SESSION_EXPIRE_MINUTES", "0"),
            ("LOGIN_ATTEMPTS_PER_MINUTE", "0"),
            ("PASSWORD_MIN_LENGTH", "7"),
            ("PASSWORD_MIN_LENGTH", "65"),
        ] {
            assert_eq!(
                Settings::from_env(&env().with(name, value)).unwrap_err().variable,
                name,
                "{value}"
            );
        }
        for algorithm in ["HS256", "EdDSA", "ES256", "RS256"] {
            let settings = Settings::from_env(&env().with("ALGORITHM", algorithm)).unwrap();
            assert_eq!(settings.keys.algorithm().name(), algorithm);
        }
    }
}
