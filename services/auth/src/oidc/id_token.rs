//! What the issuer says of somebody, believed only as far as it is signed, fresh and meant for us.

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::Identity;

/// Signed with a key that the issuer alone has. Never `none`, never a shared secret.
const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
/// Seconds that the issuer's clock may differ from ours.
const LEEWAY: u64 = 30;
const LONGEST_SUBJECT: usize = 255;

/// Whom and what a token must be about.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// Why a token is not believed. Says nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rejected {
    /// Signed with a key that the issuer has not published, or not that we know of.
    #[error("the token's key is not known")]
    UnknownKey,
    /// Anything else.
    #[error("the token is not valid")]
    Invalid,
}

#[derive(Clone, Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    azp: Option<String>,
    iat: u64,
    exp: u64,
    nonce: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: Claimed,
    #[serde(default)]
    name: String,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    Several(Vec<String>),
    One(IgnoredAny),
}

/// Some issuers write the word.
#[derive(Clone, Default, Deserialize)]
#[serde(untagged)]
enum Claimed {
    Bool(bool),
    Word(String),
    #[default]
    Absent,
}

/// Reads a token, or says why not.
pub(super) fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
) -> Result<Identity, Rejected> {
    let header = decode_header(token).map_err(|_| Rejected::Invalid)?;
    if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
        return Err(Rejected::Invalid);
    }
    let key = key_for(keys, header.kid.as_deref()).ok_or(Rejected::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| Rejected::Invalid)?;
    let mut rules = Validation::new(header.alg);
    rules.leeway = LEEWAY;
    rules.validate_nbf = true;
    rules.set_audience(&[expected.client_id]);
    rules.set_issuer(&[expected.issuer]);
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    let claims = decode::<Claims>(token, &key, &rules).map_err(|_| Rejected::Invalid)?.claims;
    if !claims.is_for(expected) {
        return Err(Rejected::Invalid);
    }
    Ok(claims.identity(expected.issuer))
}

/// The key that signed. An issuer with a single key need not name it.
fn key_for<'a>(keys: &'a JwkSet, kid: Option<&str>) -> Option<&'a Jwk> {
    match (kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

impl Claims {
    fn is_for(&self, expected: &Expected<'_>) -> bool {
        let is_party = match (&self.azp, &self.aud) {
            (Some(party), _) => party == expected.client_id,
            (None, Audience::Several(names)) => names.len() == 1,
            (None, Audience::One(_)) => true,
        };
        let now = jsonwebtoken::get_current_timestamp();
        let is_timely = self.iat <= now + LEEWAY && self.iat < self.exp;
        let is_subject = !self.sub.is_empty() && self.sub.len() <= LONGEST_SUBJECT;
        is_party && is_timely && is_subject && self.nonce == expected.nonce
    }

    fn identity(self, issuer: &str) -> Identity {
        let is_verified = match &self.email_verified {
            Claimed::Bool(is_verified) => *is_verified,
            Claimed::Word(word) => word == "true",
            Claimed::Absent => false,
        };
        Identity {
            issuer: issuer.to_owned(),
            subject: self.sub,
            email: self.email,
            is_email_verified: is_verified,
            name: self.name,
        }
    }
}
