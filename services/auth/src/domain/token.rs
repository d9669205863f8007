//! Tokens with limited rights: what they may open, and for how long.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use elenchus_rpc::method;
use uuid::Uuid;

use super::Error;

const MAX_NAME_CHARS: usize = 100;
const DAY: Duration = Duration::from_secs(24 * 3600);
const DEFAULT_DAYS: i32 = 90;
const MAX_DAYS: i32 = 365;
/// As long as a session.
const MAX_GRANT: Duration = DAY.saturating_mul(30);

/// What a token opens; at least one, and every one known to some method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Checks each scope, and forgets repetitions.
    pub fn parse(scopes: Vec<String>) -> Result<Self, Error> {
        let known = method::scopes();
        if let Some(unknown) = scopes.iter().find(|scope| !known.contains(scope.as_str())) {
            // A client's text of any length is not repeated whole.
            let shown: String = unknown.chars().take(40).collect();
            let known: Vec<&str> = known.into_iter().collect();
            let problem = format!("{shown:?} is not a scope; the scopes are {}", known.join(", "));
            return Err(Error::field("scopes", problem));
        }
        let scopes: BTreeSet<String> = scopes.into_iter().collect();
        if scopes.is_empty() {
            return Err(Error::field("scopes", "must name at least one, such as documents.read"));
        }
        Ok(Self(scopes.into_iter().collect()))
    }

    /// The scopes, in order.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// A token that is to be made for a program.
#[derive(Debug)]
pub struct NewApiToken {
    /// What it is for.
    pub name: String,
    /// What it opens.
    pub scopes: Scopes,
    /// How long.
    pub lifetime: Duration,
}

impl NewApiToken {
    /// Trims the name, and checks all of it.
    pub fn parse(name: &str, scopes: Vec<String>, days: Option<i32>) -> Result<Self, Error> {
        let name = name.trim();
        let chars = name.chars().count();
        if !(1..=MAX_NAME_CHARS).contains(&chars) || name.chars().any(char::is_control) {
            let problem = format!("must be one line of 1 to {MAX_NAME_CHARS} characters");
            return Err(Error::field("name", problem));
        }
        let days = days.unwrap_or(DEFAULT_DAYS);
        let lifetime = u32::try_from(days).ok().filter(|_| (1..=MAX_DAYS).contains(&days));
        let lifetime = lifetime.ok_or_else(|| {
            Error::field("expires_in_days", format!("must be from 1 to {MAX_DAYS}, not {days}"))
        })?;
        let scopes = Scopes::parse(scopes)?;
        Ok(Self { name: name.to_owned(), scopes, lifetime: DAY * lifetime })
    }
}

/// How long a grant is good.
pub fn grant_lifetime(seconds: i32) -> Result<Duration, Error> {
    let lifetime = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    lifetime.map(Duration::from_secs).filter(|lifetime| *lifetime <= MAX_GRANT).ok_or_else(|| {
        let problem = format!("must be from 1 to {}, not {seconds}", MAX_GRANT.as_secs());
        Error::field("lifetime_seconds", problem)
    })
}

/// A token of a program, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub token_id: Uuid,
    /// What it is for.
    pub name: String,
    /// Its first letters.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}
