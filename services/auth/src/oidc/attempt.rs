//! One sign-in under way. It is kept by the browser that began it, sealed: nothing is stored for people
//! who never come back, and nobody else's browser can end it.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elenchus_sealed::{Purpose, Sealer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::Error;
use crate::opaque_token::OpaqueToken;

/// How long people may take at the issuer.
const SECONDS: u64 = 600;
const ID_BYTES: usize = 16;

/// What ties the issuer's answer to our question. Does not print.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    /// Comes back in the answer.
    pub(super) state: String,
    /// Comes back in the ID token.
    pub(super) nonce: String,
    /// Shows, when the code is traded, that the question was ours (RFC 7636).
    pub(super) verifier: String,
    expires_at: u64,
}

impl Attempt {
    pub(super) fn generate() -> Result<Self, Error> {
        let random = || OpaqueToken::generate().map(|token| token.expose().to_owned());
        let expires_at = now() + SECONDS;
        Ok(Self { state: random()?, nonce: random()?, verifier: random()?, expires_at })
    }

    /// What the issuer gets to see of the verifier.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }

    /// Whether an answer with this state is the one to our question.
    pub(super) fn is_answered_by(&self, state: &str) -> bool {
        let hash = |text: &str| OpaqueToken::presented(text.to_owned()).hash();
        hash(state) == hash(&self.state)
    }

    /// For the browser to keep.
    pub(super) fn seal(&self, sealer: &Sealer) -> Result<String, Error> {
        let id = Uuid::now_v7();
        let content = serde_json::to_vec(self).map_err(Error::internal)?;
        let sealed = sealer.seal(Purpose::SignIn, id, &content).map_err(Error::internal)?;
        Ok(URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), &sealed].concat()))
    }

    /// What a browser kept. None where it is not ours, or took too long.
    pub(super) fn open(sealer: &Sealer, kept: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(kept).ok()?;
        let (id, sealed) = bytes.split_first_chunk::<ID_BYTES>()?;
        let content = sealer.open(Purpose::SignIn, Uuid::from_bytes(*id), sealed).ok()?;
        let attempt: Self = serde_json::from_slice(&content).ok()?;
        (now() < attempt.expires_at).then_some(attempt)
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn an_attempt_opens_for_who_kept_it_and_not_for_ever() {
        let sealer = Sealer::new(&SecretString::from("9f86d081884c7d659a2feaa0c55ad015")).unwrap();
        let attempt = Attempt::generate().unwrap();
        let kept = attempt.seal(&sealer).unwrap();
        assert!(!kept.contains(&attempt.state));
        let opened = Attempt::open(&sealer, &kept).unwrap();
        assert!(opened.is_answered_by(&attempt.state) && !opened.is_answered_by(""));

        let late = Attempt { expires_at: now(), ..attempt }.seal(&sealer).unwrap();
        for wrong in [late.as_str(), "", "forged", &kept[1..]] {
            assert!(Attempt::open(&sealer, wrong).is_none());
        }
    }
}
