//! What a service signs and checks tokens with.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use elenchus_settings::{Env, Invalid};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::idempotency::Fingerprint;

use super::claims::{AccessClaims, ServiceClaims};
use super::jwt::{ACCESS_TYPE, SERVICE_TYPE, key_id, sign, verify};
use super::published::{KeySource, PublishedKeys};
use super::secret;
use super::{AUDIENCE, Algorithm, Rejected};

/// The keys of the mesh, made from `SECRET_KEY` or published by auth. They do not print.
#[derive(Clone)]
pub struct Keys {
    algorithm: Algorithm,
    access: Key,
    service: Key,
    fingerprint: hmac::Key,
    /// Where access tokens are checked with published keys.
    published: Option<Arc<PublishedKeys>>,
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
    /// Reads `SECRET_KEY` and `ALGORITHM`.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let secret = env
            .secret("SECRET_KEY")
            .ok_or_else(|| Invalid::new("SECRET_KEY", "is required but not set"))?;
        Ok(Self {
            algorithm: env.or("ALGORITHM", Algorithm::Hs256)?,
            ..Self::from_secret(&secret)?
        })
    }

    /// Makes the keys from a secret, and signs access tokens with it.
    pub fn from_secret(secret: &SecretString) -> Result<Self, Invalid> {
        secret::check(secret)?;
        Ok(Self {
            algorithm: Algorithm::Hs256,
            access: Key::new(secret.expose_secret().as_bytes()),
            service: Key::new(&secret::derive(secret, "service token")),
            fingerprint: hmac::Key::new(
                HMAC_SHA256,
                &secret::derive(secret, "request fingerprint"),
            ),
            published: None,
        })
    }

    /// Checks access tokens with the keys of this source, where `ALGORITHM` is one with public keys.
    #[must_use]
    pub fn with_published(self, source: Arc<dyn KeySource>) -> Self {
        let published = self
            .algorithm
            .is_asymmetric()
            .then(|| Arc::new(PublishedKeys::new(self.algorithm, source)));
        Self { published, ..self }
    }

    /// How access tokens are signed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs an access token of a session with `SECRET_KEY`, where that is how they are signed.
    pub fn issue_access(
        &self,
        user: Uuid,
        session: Uuid,
        lifetime: Duration,
    ) -> Result<String, Rejected> {
        if self.algorithm.is_asymmetric() {
            return Err(Rejected::KeysUnavailable);
        }
        let claims = AccessClaims::new(user, session, lifetime);
        sign(ACCESS_TYPE, None, self.algorithm, &claims, &self.access.encoding)
    }

    /// Reads an access token. Whether its session is alive is another question.
    pub async fn verify_access(&self, token: &str) -> Result<AccessClaims, Rejected> {
        let kid = key_id(ACCESS_TYPE, token, self.algorithm)?;
        if !self.algorithm.is_asymmetric() {
            return verify(ACCESS_TYPE, token, AUDIENCE, self.algorithm, &self.access.decoding);
        }
        let published = self.published.as_ref().ok_or(Rejected::KeysUnavailable)?;
        let key = published.find(&kid.ok_or(Rejected::Invalid)?).await?;
        verify(ACCESS_TYPE, token, AUDIENCE, self.algorithm, &key)
    }

    /// What tells a request from others, and tells nobody without the keys what is in it.
    pub fn fingerprint(&self, request: &[u8]) -> Fingerprint {
        let tag = hmac::sign(&self.fingerprint, request);
        let mut fingerprint = Fingerprint::default();
        fingerprint.copy_from_slice(tag.as_ref());
        fingerprint
    }

    /// Signs a token by which `caller` speaks to `callee`.
    pub fn issue_service(&self, caller: &str, callee: &str) -> Result<String, Rejected> {
        let claims = ServiceClaims::new(caller, callee);
        sign(SERVICE_TYPE, None, Algorithm::Hs256, &claims, &self.service.encoding)
    }

    /// Reads a token that another service sent to `callee`.
    pub fn verify_service(&self, token: &str, callee: &str) -> Result<ServiceClaims, Rejected> {
        verify(SERVICE_TYPE, token, callee, Algorithm::Hs256, &self.service.decoding)
    }
}
