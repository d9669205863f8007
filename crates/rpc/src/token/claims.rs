//! What tokens say. Every claim is required.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AUDIENCE, CLOCK_SKEW, ISSUER, LEEWAY, now};

/// How long a service token is good.
const SERVICE_TOKEN_LIFETIME: Duration = Duration::from_secs(60);

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// The user.
    pub sub: Uuid,
    /// The session; a log-out ends it.
    pub sid: Uuid,
    /// The token.
    pub jti: Uuid,
    /// Issued at, in seconds since 1970.
    pub iat: u64,
    /// Not valid before.
    pub nbf: u64,
    /// Not valid after.
    pub exp: u64,
}

impl AccessClaims {
    /// Those of a token that is good for `lifetime`, whatever the verifier's clock says.
    pub(super) fn new(user: Uuid, session: Uuid, lifetime: Duration) -> Self {
        let (iat, nbf, exp) = times(lifetime);
        let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
        Self { iss, aud, sub: user, sid: session, jti: Uuid::now_v7(), iat, nbf, exp }
    }
}

/// What a service token says.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct ServiceClaims {
    /// Who issued it.
    pub iss: String,
    /// The service that is called.
    pub aud: String,
    /// The service that calls.
    pub sub: String,
    /// Issued at, in seconds since 1970.
    pub iat: u64,
    /// Not valid before.
    pub nbf: u64,
    /// Not valid after.
    pub exp: u64,
}

impl ServiceClaims {
    pub(super) fn new(caller: &str, callee: &str) -> Self {
        let (iat, nbf, exp) = times(SERVICE_TOKEN_LIFETIME);
        let (aud, sub) = (callee.to_owned(), caller.to_owned());
        Self { iss: ISSUER.to_owned(), aud, sub, iat, nbf, exp }
    }
}

/// Claims that say when they were made.
pub(super) trait Issued {
    /// Issued at, in seconds since 1970.
    fn issued_at(&self) -> u64;

    /// Whether the token was made by now, as far as clocks can agree.
    fn is_of_the_past(&self) -> bool {
        self.issued_at() <= now() + (CLOCK_SKEW + LEEWAY).as_secs()
    }
}

impl Issued for AccessClaims {
    fn issued_at(&self) -> u64 {
        self.iat
    }
}

impl Issued for ServiceClaims {
    fn issued_at(&self) -> u64 {
        self.iat
    }
}

/// Issued at, not before, and expires at.
fn times(lifetime: Duration) -> (u64, u64, u64) {
    let (now, skew) = (now(), CLOCK_SKEW.as_secs());
    (now, now - skew.min(now), now + lifetime.as_secs() + skew)
}
