//! Which sessions are alive and what their users may do, for the calls that reach this service
//! itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use elenchus_cache::Cache;
use elenchus_rpc::session::ended::{self, Memory};
use elenchus_rpc::session::{Authority, Credential, Sessions};
use elenchus_rpc::status::from_error;
use elenchus_rpc::token::TokenHash;
use tonic::Status;

use crate::domain::{Error, SessionId};
use crate::store::Store;

/// As long as the other services believe an answer.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
const REMEMBERED: u64 = 100_000;

/// Asks the store, at most once a second for each session.
pub(crate) struct StoredSessions {
    store: Store,
    cache: Cache,
    answers: moka::future::Cache<Credential, Option<Authority>>,
}

impl StoredSessions {
    /// Asks this store, and tells over the cache what has ended.
    pub(crate) fn new(store: Store, cache: Cache) -> Self {
        let answers = moka::future::Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(BELIEVED_FOR)
            .build();
        Self { store, cache, answers }
    }

    /// Asks anew the next time, here and in every process.
    pub(crate) async fn end(&self, session: SessionId) {
        self.tell(Credential::Session(session.0)).await;
    }

    /// Asks anew the next time, here and in every process.
    pub(crate) async fn end_token(&self, hash: TokenHash) {
        self.tell(Credential::Token(hash)).await;
    }

    async fn tell(&self, credential: Credential) {
        self.forget(credential).await;
        ended::tell(&self.cache, credential).await;
    }

    async fn ask(&self, credential: Credential) -> Result<Option<Authority>, Error> {
        match credential {
            Credential::Session(session) => self.store.authority(SessionId(session)).await,
            Credential::Token(hash) => self.store.token_authority(hash).await,
        }
    }
}

#[async_trait]
impl Memory for StoredSessions {
    async fn forget(&self, credential: Credential) {
        self.answers.invalidate(&credential).await;
    }

    fn doubt(&self) {
        self.answers.invalidate_all();
    }
}

#[async_trait]
impl Sessions for StoredSessions {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        let ask = self.ask(credential);
        self.answers.try_get_with(credential, ask).await.map_err(from_error::<Arc<Error>>)
    }
}
