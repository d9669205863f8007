//! Tokens of 256 random bits that mean nothing by themselves. Only their hash is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::domain::Error;

/// What a client keeps and shows again, such as a refresh token. Does not print.
#[derive(Debug)]
pub struct OpaqueToken(SecretString);

/// What the store knows of a token. Fast to compute, because the token itself cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl OpaqueToken {
    /// A new one, from the system's randomness.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self(SecretString::from(URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// One that a client has sent. Whether it was ever handed out, the store knows.
    pub fn presented(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// What the store knows of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.expose_secret()).into())
    }

    /// The text for the client.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl AsRef<[u8]> for TokenHash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
