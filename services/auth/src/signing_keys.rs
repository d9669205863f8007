//! The keys that sign access tokens where `ALGORITHM` has public keys: read from the store, published,
//! and replaced in time. A key is published for a while before it signs, and checks tokens until the
//! last one that it signed has expired, so that a rotation is noticed by nobody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use elenchus_rpc::Shutdown;
use elenchus_rpc::status::from_error;
use elenchus_rpc::token::{
    Algorithm, CLOCK_SKEW, KeySet, KeySource, LEEWAY, PublicKey, SigningKey,
};
use elenchus_sealed::{Purpose, Sealer};
use tokio::sync::Mutex;
use tonic::Status;
use uuid::Uuid;

use crate::domain::Error;
use crate::settings::KeyTerms;
use crate::store::{NewKey, Store, StoredKey};

/// How old the keys at hand may be when one of them signs; far less than a key's lead.
const SIGN_WITHIN: Duration = Duration::from_secs(5);
/// How old they may be when they are published.
const PUBLISH_WITHIN: Duration = Duration::from_millis(500);
/// How long a replica that cannot read the store may go on signing with the old key.
const LATEST_SIGNATURE: Duration = Duration::from_secs(300);
const CHECK_EVERY: Duration = Duration::from_secs(3600);

/// The keys, as this replica last read them. Clones share them.
#[derive(Clone)]
pub(crate) struct SigningKeys {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    sealer: Sealer,
    algorithm: Algorithm,
    /// How long the tokens are good that the keys sign.
    token_lifetime: Duration,
    terms: KeyTerms,
    ring: Mutex<Option<Ring>>,
}

/// The newest key first.
#[derive(Clone)]
struct Ring {
    read_at: Instant,
    keys: Arc<[Entry]>,
}

struct Entry {
    kid: String,
    public: PublicKey,
    /// `None`: sealed with another secret.
    signing: Option<SigningKey>,
    signs_from: Instant,
}

impl SigningKeys {
    /// Makes the first key where there is none.
    pub(crate) async fn open(
        store: Store,
        sealer: Sealer,
        algorithm: Algorithm,
        token_lifetime: Duration,
        terms: KeyTerms,
    ) -> Result<Self, Error> {
        let ring = Mutex::default();
        let inner = Arc::new(Inner { store, sealer, algorithm, token_lifetime, terms, ring });
        let keys = Self { inner };
        keys.replace_old().await?;
        Ok(keys)
    }

    /// Replaces the key in time until the stop. Any number of replicas may.
    pub(crate) fn spawn(&self, shutdown: &Shutdown) {
        let (keys, stopping) = (self.clone(), shutdown.clone());
        shutdown.spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(CHECK_EVERY) => {}
                    () = stopping.stopping() => return,
                }
                if let Err(error) = keys.replace_old().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the signing key was not replaced"
                    );
                }
            }
        });
    }

    /// The key that signs now.
    pub(crate) async fn signing(&self) -> Result<SigningKey, Error> {
        let ring = self.ring(SIGN_WITHIN).await?;
        let now = Instant::now();
        let mut entries = ring.keys.iter().filter(|entry| entry.signs_from <= now);
        entries
            .find_map(|entry| entry.signing.clone())
            .ok_or_else(|| Error::internal("no key can sign"))
    }

    /// A new key: published now, and signing once everybody can know of it.
    pub(crate) async fn rotate(&self) -> Result<(), Error> {
        self.add(None).await
    }

    async fn replace_old(&self) -> Result<(), Error> {
        self.add(Some(self.inner.terms.max_age)).await
    }

    async fn add(&self, predecessor_age: Option<Duration>) -> Result<(), Error> {
        let Inner { store, sealer, algorithm, token_lifetime, terms, .. } = &*self.inner;
        let ring = self.ring(Duration::ZERO).await?;
        let unusable: Vec<String> = ring
            .keys
            .iter()
            .filter(|entry| entry.signing.is_none())
            .map(|entry| entry.kid.clone())
            .collect();
        let document = SigningKey::draw(*algorithm).map_err(Error::internal)?;
        let key = SigningKey::from_pkcs8(*algorithm, &document).map_err(Error::internal)?;
        let signing_key_id = Uuid::now_v7();
        let sealed =
            sealer.seal(Purpose::SigningKey, signing_key_id, &document).map_err(Error::internal)?;
        let new = NewKey {
            signing_key_id,
            kid: key.kid(),
            algorithm: algorithm.name(),
            public_jwk: &serde_json::to_value(key.public()).map_err(Error::internal)?,
            sealed_private_key: &sealed,
            unusable: &unusable,
            lead: terms.lead,
            outlive: *token_lifetime + CLOCK_SKEW + LEEWAY + LATEST_SIGNATURE,
            predecessor_age,
        };
        if store.add_signing_key(new).await? {
            tracing::info!(kid = key.kid(), %algorithm, "made a signing key");
            *self.inner.ring.lock().await = None;
        }
        Ok(())
    }

    /// The keys, read anew where they are older. While the store cannot be reached those at hand do.
    async fn ring(&self, at_most: Duration) -> Result<Ring, Error> {
        let mut ring = self.inner.ring.lock().await;
        if let Some(ring) = ring.as_ref().filter(|ring| ring.read_at.elapsed() < at_most) {
            return Ok(ring.clone());
        }
        let read_at = Instant::now();
        let stored = self.inner.store.signing_keys(self.inner.algorithm.name()).await;
        let keys = match (stored, ring.as_ref()) {
            (Ok(stored), _) => stored.into_iter().filter_map(|key| self.read(key)).collect(),
            (Err(error), None) => return Err(error),
            (Err(error), Some(ring)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the signing keys could not be read"
                );
                Arc::clone(&ring.keys)
            }
        };
        Ok(ring.insert(Ring { read_at, keys }).clone())
    }

    fn read(&self, stored: StoredKey) -> Option<Entry> {
        let Inner { sealer, algorithm, .. } = &*self.inner;
        let public = serde_json::from_value(stored.public_jwk).ok()?;
        let signing = sealer
            .open(Purpose::SigningKey, stored.signing_key_id, &stored.sealed_private_key)
            .ok()
            .and_then(|document| SigningKey::from_pkcs8(*algorithm, &document).ok());
        if signing.is_none() {
            tracing::warn!(
                kid = stored.kid,
                "a signing key was sealed with another SECRET_KEY; it only checks tokens"
            );
        }
        let signs_from = Instant::now() + Duration::from_secs_f64(stored.signs_in.max(0.0));
        Some(Entry { kid: stored.kid, public, signing, signs_from })
    }
}

#[async_trait]
impl KeySource for SigningKeys {
    async fn fetch(&self) -> Result<KeySet, Status> {
        let ring = self.ring(PUBLISH_WITHIN).await.map_err(from_error)?;
        Ok(KeySet { keys: ring.keys.iter().map(|entry| entry.public.clone()).collect() })
    }
}
