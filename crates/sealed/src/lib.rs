//! Values that a database keeps and must not give away: sealed under a key that only the processes
//! have. A value opens for the purpose and the row that it was sealed for, and nowhere else.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use elenchus_settings::{Env, Invalid};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

const KEY_BYTES: usize = 32;

/// What sealed values are for. The names are part of what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Leave to act for somebody who is not waiting.
    Grant,
    /// A mail that waits to be sent.
    Mail,
    /// What an account shares with its owner's authenticator.
    SecondFactor,
    /// A key that signs access tokens.
    SigningKey,
    /// A sign-in that a browser has under way with an issuer.
    SignIn,
}

/// Seals and opens with a key made from `SECRET_KEY`. Does not print.
#[derive(Clone)]
pub struct Sealer {
    key: Arc<RandomizedNonceKey>,
}

/// The value was sealed with another key, for something else, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be opened; was SECRET_KEY changed?")]
pub struct Unopenable;

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Mail => "mail",
            Self::SecondFactor => "second_factor",
            Self::SigningKey => "signing_key",
            Self::SignIn => "sign_in",
        }
    }

    /// What a value is bound to.
    fn bound_to(self, row: Uuid) -> Aad<Vec<u8>> {
        Aad::from([self.as_str().as_bytes(), b"\0", row.as_bytes()].concat())
    }
}

impl Sealer {
    /// Makes the key, apart from every other that is made from the secret.
    pub fn new(secret: &SecretString) -> Result<Self, Unopenable> {
        let material =
            Salt::new(HKDF_SHA256, b"elenchus").extract(secret.expose_secret().as_bytes());
        let mut key = [0; KEY_BYTES];
        material
            .expand(&[b"sealed values"], &AES_256_GCM)
            .and_then(|output| output.fill(&mut key))
            .map_err(|_| Unopenable)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| Unopenable)?;
        Ok(Self { key: Arc::new(key) })
    }

    /// Reads `SECRET_KEY`, which the keys of the mesh have checked.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let secret = env.secret("SECRET_KEY").unwrap_or_default();
        Self::new(&secret).map_err(|_| Invalid::new("SECRET_KEY", "makes no key"))
    }

    /// Seals a value of a row.
    pub fn seal(&self, purpose: Purpose, row: Uuid, value: &[u8]) -> Result<Vec<u8>, Unopenable> {
        let mut sealed = value.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(purpose.bound_to(row), &mut sealed)
            .map_err(|_| Unopenable)?;
        sealed.extend_from_slice(nonce.as_ref());
        Ok(sealed)
    }

    /// Opens a value of a row.
    pub fn open(&self, purpose: Purpose, row: Uuid, sealed: &[u8]) -> Result<Vec<u8>, Unopenable> {
        let (value, nonce) = sealed.split_last_chunk::<NONCE_LEN>().ok_or(Unopenable)?;
        let mut value = value.to_vec();
        let opened = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), purpose.bound_to(row), &mut value)
            .map_err(|_| Unopenable)?;
        Ok(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(secret: &str) -> Sealer {
        Sealer::new(&SecretString::from(secret)).unwrap()
    }

    #[test]
    fn a_value_opens_for_its_row_and_with_its_key_alone() {
        let (ours, row) = (sealer("9f86d081884c7d659a2feaa0c55ad015"), Uuid::now_v7());
        let sealed = ours.seal(Purpose::Mail, row, b"a token").unwrap();
        assert_eq!(ours.open(Purpose::Mail, row, &sealed).unwrap(), b"a token");
        assert!(!sealed.windows(7).any(|part| part == b"a token"));

        assert_ne!(sealed, ours.seal(Purpose::Mail, row, b"a token").unwrap());
        assert_eq!(ours.open(Purpose::Mail, Uuid::now_v7(), &sealed), Err(Unopenable));
        let theirs = sealer("6b51d431df5d7f141cbececcf79edf3d");
        assert_eq!(theirs.open(Purpose::Mail, row, &sealed), Err(Unopenable));
        let mut altered = sealed;
        altered[0] ^= 1;
        for wrong in [altered.as_slice(), b"", b"short"] {
            assert_eq!(ours.open(Purpose::Mail, row, wrong), Err(Unopenable));
        }
    }
}
