//! The public keys by which access tokens are checked: fetched from auth, kept, and fetched again when
//! a token names one that is not known.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use tokio::sync::Mutex;
use tonic::Status;

use super::{Algorithm, Rejected};
use crate::caller::as_service;
use crate::transport::Transport;

/// However many tokens name unknown keys, auth is asked so often.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// After so long the keys are looked up anew, so that a withdrawn one is forgotten.
const STALE_AFTER: Duration = Duration::from_secs(60);
const BUDGET: Duration = Duration::from_secs(2);

/// Where the published keys are.
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    /// All keys that may have signed a token that is still good.
    async fn fetch(&self) -> Result<JwkSet, Status>;
}

/// The keys that are published by auth.
pub struct RemoteKeys {
    auth: AuthServiceClient<Transport>,
}

impl RemoteKeys {
    /// Asks over this transport.
    pub fn new(auth: Transport) -> Self {
        Self { auth: AuthServiceClient::new(auth) }
    }
}

#[async_trait]
impl KeySource for RemoteKeys {
    async fn fetch(&self) -> Result<JwkSet, Status> {
        let request = as_service(BUDGET, pb::GetKeySetRequest {});
        let answer = self.auth.clone().get_key_set(request).await?.into_inner();
        serde_json::from_slice(&answer.key_set.unwrap_or_default().data)
            .map_err(|_| Status::internal("the key set cannot be read"))
    }
}

/// What was fetched, and when it is to be fetched again.
pub(super) struct PublishedKeys {
    algorithm: Algorithm,
    source: Arc<dyn KeySource>,
    keys: RwLock<HashMap<String, DecodingKey>>,
    /// Held while auth is asked, so that those who wait for the same key ask once.
    last: Mutex<Option<Asked>>,
}

#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    was_answered: bool,
}

impl PublishedKeys {
    /// Knows none yet.
    pub(super) fn new(algorithm: Algorithm, source: Arc<dyn KeySource>) -> Self {
        Self { algorithm, source, keys: RwLock::default(), last: Mutex::default() }
    }

    /// The key with an id.
    pub(super) async fn find(&self, kid: &str) -> Result<DecodingKey, Rejected> {
        if let Some(key) = self.known(kid) {
            self.freshen().await;
            return Ok(key);
        }
        let mut last = self.last.lock().await;
        if self.known(kid).is_none() && last.is_none_or(|asked| asked.at.elapsed() >= ASK_EVERY) {
            self.ask(&mut last).await;
        }
        let was_answered = last.is_some_and(|asked| asked.was_answered);
        let absent = if was_answered { Rejected::Invalid } else { Rejected::KeysUnavailable };
        self.known(kid).ok_or(absent)
    }

    /// One caller in a minute looks the keys up anew; where that fails, those at hand are good.
    async fn freshen(&self) {
        if let Ok(mut last) = self.last.try_lock()
            && last.is_none_or(|asked| asked.at.elapsed() >= STALE_AFTER)
        {
            self.ask(&mut last).await;
        }
    }

    async fn ask(&self, last: &mut Option<Asked>) {
        let at = Instant::now();
        let answer = self.source.fetch().await;
        *last = Some(Asked { at, was_answered: answer.is_ok() });
        match answer {
            Ok(set) => {
                let keys = set.keys.iter().filter_map(|jwk| self.usable(jwk)).collect();
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
            }
            Err(status) => {
                tracing::warn!(code = ?status.code(), "the keys of access tokens could not be fetched");
            }
        }
    }

    fn known(&self, kid: &str) -> Option<DecodingKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(kid).cloned()
    }

    fn usable(&self, jwk: &Jwk) -> Option<(String, DecodingKey)> {
        let algorithm = jwk.common.key_algorithm?;
        let is_ours = algorithm == self.algorithm.of_jwt().into();
        let key = DecodingKey::from_jwk(jwk).ok().filter(|_| is_ours)?;
        Some((jwk.common.key_id.clone()?, key))
    }
}
