//! The tokens of the mesh. Two are signed: a user's access token, and the token by which a service
//! proves which service it is; one algorithm, one type and every claim, or they are refused. Two mean
//! nothing by themselves: API tokens and grants.

mod algorithm;
mod claims;
mod jwt;
mod keys;
mod opaque;
mod published;
mod secret;
mod signing;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use jsonwebtoken::jwk::{Jwk as PublicKey, JwkSet as KeySet};

pub use self::algorithm::Algorithm;
pub use self::claims::{AccessClaims, ServiceClaims};
pub use self::keys::Keys;
pub use self::opaque::{OpaqueKind, OpaqueToken, TokenHash};
pub use self::published::{KeySource, RemoteKeys};
pub use self::signing::{SigningKey, UnusableKey};

/// Who issues every token of the mesh.
pub const ISSUER: &str = "elenchus";
/// Whom access tokens are for.
pub const AUDIENCE: &str = "elenchus";
/// By how much the clocks of two machines may differ without anybody noticing. Tokens are made
/// good for so much longer at both ends, and checked with [`LEEWAY`] alone: who makes a token
/// decides how long it opens doors, and no verifier stretches that.
pub const CLOCK_SKEW: Duration = Duration::from_secs(30);
/// What a verifier grants besides, for rounding and for a clock that is being corrected.
pub const LEEWAY: Duration = Duration::from_secs(5);

/// Why a token opens nothing. Says nothing of the token itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It is forged, altered, stale, misdirected or of another kind.
    #[error("the token is not valid")]
    Invalid,
    /// The key that its header names cannot be looked up.
    #[error("the keys of tokens cannot be looked up right now")]
    KeysUnavailable,
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
