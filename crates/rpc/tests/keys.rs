//! Keys that are published: whoever checks tokens learns of new ones, and bothers auth little.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use elenchus_rpc::token::{Algorithm, KeySet, KeySource, Keys, Rejected, SigningKey};
use elenchus_settings::Env;
use tonic::Status;
use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);

/// Auth, as far as it publishes keys.
#[derive(Default)]
struct Auth {
    keys: Mutex<Vec<SigningKey>>,
    is_down: AtomicBool,
    asked: AtomicUsize,
}

impl Auth {
    fn publish(&self, algorithm: Algorithm) -> SigningKey {
        let document = SigningKey::draw(algorithm).unwrap();
        let key = SigningKey::from_pkcs8(algorithm, &document).unwrap();
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
        key
    }
}

#[async_trait]
impl KeySource for Auth {
    async fn fetch(&self) -> Result<KeySet, Status> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Status::unavailable("down"));
        }
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(KeySet { keys: keys.iter().map(|key| key.public().clone()).collect() })
    }
}

fn keys(algorithm: Algorithm, auth: &Arc<Auth>) -> Keys {
    let env = Env::of_pairs([
        ("SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015"),
        ("ALGORITHM", algorithm.name()),
    ]);
    Keys::from_env(&env).unwrap().with_published(Arc::clone(auth) as _)
}

fn token(key: &SigningKey) -> String {
    key.issue_access(Uuid::now_v7(), Uuid::now_v7(), MINUTE).unwrap()
}

#[tokio::test]
async fn what_one_algorithm_signed_no_other_reads() {
    let algorithms = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];
    for signed in algorithms {
        let auth = Arc::new(Auth::default());
        let token = token(&auth.publish(signed));
        for read in algorithms {
            let answer = keys(read, &auth).verify_access(&token).await;
            assert_eq!(answer.is_ok(), signed == read, "{signed} read as {read}");
        }
        let shared = Keys::from_secret(&"9f86d081884c7d659a2feaa0c55ad015".into()).unwrap();
        assert_eq!(shared.verify_access(&token).await, Err(Rejected::Invalid), "{signed}");
    }
}

#[tokio::test]
async fn a_private_key_prints_nothing_of_itself() {
    let key = Auth::default().publish(Algorithm::Es256);
    assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
}

#[tokio::test]
async fn auth_is_asked_once_a_second_however_many_unknown_keys_are_named() {
    let auth = Arc::new(Auth::default());
    let known = auth.publish(Algorithm::EdDsa);
    let keys = keys(Algorithm::EdDsa, &auth);
    keys.verify_access(&token(&known)).await.unwrap();
    let stranger = Auth::default();
    for _ in 0..50 {
        let forged = token(&stranger.publish(Algorithm::EdDsa));
        assert_eq!(keys.verify_access(&forged).await, Err(Rejected::Invalid));
    }
    assert_eq!(auth.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_auth_known_keys_are_good_and_unknown_ones_are_not_called_forged() {
    let auth = Arc::new(Auth::default());
    let key = auth.publish(Algorithm::EdDsa);
    let keys = keys(Algorithm::EdDsa, &auth);
    auth.is_down.store(true, Ordering::SeqCst);
    assert_eq!(keys.verify_access(&token(&key)).await, Err(Rejected::KeysUnavailable));
    auth.is_down.store(false, Ordering::SeqCst);
    while keys.verify_access(&token(&key)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    auth.is_down.store(true, Ordering::SeqCst);
    keys.verify_access(&token(&key)).await.unwrap();
}
