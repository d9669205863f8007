//! A private key for access tokens. Only auth has any.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use uuid::Uuid;

use super::claims::AccessClaims;
use super::jwt::{ACCESS_TYPE, sign};
use super::{Algorithm, Rejected};

/// What precedes the RSAPrivateKey in a PKCS #8 document: the algorithm's identifier, then the
/// header of an octet string with a length of two bytes.
const RSA_IDENTIFIER: [u8; 17] =
    [0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0, 4, 0x82];

/// The key cannot be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key cannot be used")]
pub struct UnusableKey;

/// Signs access tokens, and says which of the published keys checks them. Does not print.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    public: Jwk,
    private: EncodingKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Draws a key, as a PKCS #8 document.
    pub fn draw(algorithm: Algorithm) -> Result<Vec<u8>, UnusableKey> {
        let random = SystemRandom::new();
        let document = match algorithm {
            Algorithm::Hs256 => return Err(UnusableKey),
            // Version 1: the version with the public key in it is longer than jsonwebtoken expects.
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8v1(&random),
            Algorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| UnusableKey)?;
                return Ok(pair.as_der().map_err(|_| UnusableKey)?.as_ref().to_vec());
            }
        };
        Ok(document.map_err(|_| UnusableKey)?.as_ref().to_vec())
    }

    /// Reads a PKCS #8 document.
    pub fn from_pkcs8(algorithm: Algorithm, document: &[u8]) -> Result<Self, UnusableKey> {
        let private = match algorithm {
            Algorithm::Hs256 => return Err(UnusableKey),
            Algorithm::EdDsa => EncodingKey::from_ed_der(document),
            Algorithm::Es256 => EncodingKey::from_ec_der(document),
            Algorithm::Rs256 => EncodingKey::from_rsa_der(rsa_private_key(document)?),
        };
        let mut public =
            Jwk::from_encoding_key(&private, algorithm.of_jwt()).map_err(|_| UnusableKey)?;
        let thumbprint = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| UnusableKey)?;
        public.common.key_id = Some(thumbprint);
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { algorithm, public, private })
    }

    /// The key's id: the thumbprint of its public half, as RFC 7638 makes it.
    pub fn kid(&self) -> &str {
        self.public.common.key_id.as_deref().unwrap_or_default()
    }

    /// The public half.
    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// Signs an access token of a session.
    pub fn issue_access(
        &self,
        user: Uuid,
        session: Uuid,
        lifetime: Duration,
    ) -> Result<String, Rejected> {
        let claims = AccessClaims::new(user, session, lifetime);
        sign(ACCESS_TYPE, Some(self.kid()), self.algorithm, &claims, &self.private)
    }
}

/// The PKCS #1 key inside a PKCS #8 document, which is what jsonwebtoken reads.
fn rsa_private_key(document: &[u8]) -> Result<&[u8], UnusableKey> {
    let at = document.windows(RSA_IDENTIFIER.len()).position(|window| window == RSA_IDENTIFIER);
    let begins = at.ok_or(UnusableKey)? + RSA_IDENTIFIER.len() + 2;
    document.get(begins..).ok_or(UnusableKey)
}
