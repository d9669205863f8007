//! The two tokens of the mesh: a user's access token, and the token by which a service proves
//! which service it is and for whom it acts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use elenchus_settings::{Env, Invalid};

/// Who issues every token of the mesh.
pub const ISSUER: &str = "elenchus";
/// Whom access tokens are for.
pub const AUDIENCE: &str = "elenchus";

const ACCESS_TYPE: &str = "at+jwt";
const SERVICE_TYPE: &str = "elenchus-service+jwt";
const SERVICE_TOKEN_LIFETIME: Duration = Duration::from_secs(60);
/// Seconds that the clocks of two machines may differ.
const LEEWAY: u64 = 5;
const MIN_SECRET_CHARS: usize = 32;

/// Why a token opens nothing. Says nothing of the token itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct Rejected;

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

/// What a service token says.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct ServiceClaims {
    /// Who issued it.
    pub iss: String,
    /// The service that is called.
    pub aud: String,
    /// The service that calls.
    pub sub: String,
    /// The user for whom it acts, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act_for: Option<Uuid>,
    /// Issued at, in seconds since 1970.
    pub iat: u64,
    /// Not valid before.
    pub nbf: u64,
    /// Not valid after.
    pub exp: u64,
}

/// The keys of the mesh, made from `SECRET_KEY`. They do not print.
#[derive(Clone)]
pub struct Keys {
    access: Key,
    service: Key,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

#[derive(Clone)]
struct Key {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    fn new(bytes: &[u8]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(bytes),
            decoding: DecodingKey::from_secret(bytes),
        }
    }
}

impl Keys {
    /// Reads `SECRET_KEY`, and refuses one that is short or was copied from an example.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let secret = env
            .secret("SECRET_KEY")
            .ok_or_else(|| Invalid::new("SECRET_KEY", "is required but not set"))?;
        Self::from_secret(&secret)
    }

    /// Makes the keys from a secret of at least 32 characters.
    pub fn from_secret(secret: &SecretString) -> Result<Self, Invalid> {
        let secret = secret.expose_secret();
        let mend = "make one with `openssl rand -hex 32`";
        if secret.chars().count() < MIN_SECRET_CHARS {
            let problem = format!("must be at least {MIN_SECRET_CHARS} characters long; {mend}");
            return Err(Invalid::new("SECRET_KEY", problem));
        }
        let mut distinct: Vec<char> = secret.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < 8 || secret.contains("secret-key") || secret.contains("change-me") {
            return Err(Invalid::new("SECRET_KEY", format!("is easy to guess; {mend}")));
        }
        let service =
            Sha256::new_with_prefix(b"elenchus service token\0").chain_update(secret).finalize();
        Ok(Self { access: Key::new(secret.as_bytes()), service: Key::new(&service) })
    }

    /// Signs an access token of a session.
    pub fn issue_access(
        &self,
        user: Uuid,
        session: Uuid,
        lifetime: Duration,
    ) -> Result<String, Rejected> {
        let now = now();
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            jti: Uuid::now_v7(),
            iat: now,
            nbf: now,
            exp: now + lifetime.as_secs(),
        };
        sign(ACCESS_TYPE, &claims, &self.access)
    }

    /// Reads an access token. Whether its session is alive is another question.
    pub fn verify_access(&self, token: &str) -> Result<AccessClaims, Rejected> {
        verify(ACCESS_TYPE, token, AUDIENCE, &self.access)
    }

    /// Signs a token by which `caller` speaks to `callee`.
    pub fn issue_service(
        &self,
        caller: &str,
        callee: &str,
        act_for: Option<Uuid>,
    ) -> Result<String, Rejected> {
        let now = now();
        let claims = ServiceClaims {
            iss: ISSUER.to_owned(),
            aud: callee.to_owned(),
            sub: caller.to_owned(),
            act_for,
            iat: now,
            nbf: now,
            exp: now + SERVICE_TOKEN_LIFETIME.as_secs(),
        };
        sign(SERVICE_TYPE, &claims, &self.service)
    }

    /// Reads a token that another service sent to `callee`.
    pub fn verify_service(&self, token: &str, callee: &str) -> Result<ServiceClaims, Rejected> {
        verify(SERVICE_TYPE, token, callee, &self.service)
    }
}

fn sign<C: Serialize>(typ: &str, claims: &C, key: &Key) -> Result<String, Rejected> {
    let header = Header { typ: Some(typ.to_owned()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &key.encoding).map_err(|_| Rejected)
}

/// The crate's defaults accept absent claims, a future `nbf` and any `typ`: all are demanded here.
fn verify<C: DeserializeOwned + Clone>(
    typ: &str,
    token: &str,
    audience: &str,
    key: &Key,
) -> Result<C, Rejected> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.leeway = LEEWAY;
    rules.validate_nbf = true;
    rules.set_audience(&[audience]);
    rules.set_issuer(&[ISSUER]);
    rules.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    let data = jsonwebtoken::decode::<C>(token, &key.decoding, &rules).map_err(|_| Rejected)?;
    if data.header.typ.as_deref() != Some(typ) || data.header.crit.is_some() {
        return Err(Rejected);
    }
    Ok(data.claims)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::from_secret(&SecretString::from("0123456789abcdef0123456789abcdef")).unwrap()
    }

    #[test]
    fn a_token_is_read_by_the_key_and_as_the_kind_that_it_was_made() {
        let (user, session) = (Uuid::now_v7(), Uuid::now_v7());
        let token = keys().issue_access(user, session, Duration::from_secs(60)).unwrap();
        let claims = keys().verify_access(&token).unwrap();
        assert_eq!((claims.sub, claims.sid), (user, session));

        let others =
            Keys::from_secret(&SecretString::from("fedcba9876543210fedcba9876543210")).unwrap();
        assert_eq!(others.verify_access(&token), Err(Rejected));
        assert_eq!(keys().verify_service(&token, AUDIENCE), Err(Rejected));
    }

    #[test]
    fn a_service_token_is_for_one_service() {
        let token = keys().issue_service("workflow", "document", None).unwrap();
        assert_eq!(keys().verify_service(&token, "document").unwrap().sub, "workflow");
        assert_eq!(keys().verify_service(&token, "auth"), Err(Rejected));
    }

    #[test]
    fn claims_that_are_absent_early_late_or_of_another_type_open_nothing() {
        let good = AccessClaims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: Uuid::now_v7(),
            sid: Uuid::now_v7(),
            jti: Uuid::now_v7(),
            iat: now(),
            nbf: now(),
            exp: now() + 60,
        };
        let key = keys().access;
        let reads = |typ: &str, claims: &serde_json::Value| {
            keys().verify_access(&sign(typ, claims, &key).unwrap()).is_ok()
        };
        let json = serde_json::to_value(&good).unwrap();
        assert!(reads(ACCESS_TYPE, &json));
        assert!(!reads("JWT", &json));
        for claim in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"] {
            let mut lacking = json.clone();
            lacking.as_object_mut().unwrap().remove(claim);
            assert!(!reads(ACCESS_TYPE, &lacking), "{claim} absent");
        }
        for (claim, value) in [("exp", now() - 60), ("nbf", now() + 3600)] {
            let mut wrong = json.clone();
            wrong[claim] = value.into();
            assert!(!reads(ACCESS_TYPE, &wrong), "{claim} = {value}");
        }
    }

    #[test]
    fn weak_and_copied_secrets_are_refused() {
        for weak in ["short", &"a".repeat(64), "your-super-secret-key-at-least-32-characters-long"]
        {
            let refusal = Keys::from_secret(&SecretString::from(weak)).unwrap_err();
            assert!(!refusal.to_string().contains(weak));
        }
    }
}
