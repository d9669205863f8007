//! Which sessions are alive and what their users may do, for the calls that reach this service
//! itself.

use std::sync::Arc;

use async_trait::async_trait;
use elenchus_cache::Cache;
use elenchus_rpc::session::ended::{self, Memory};
use elenchus_rpc::session::{Answers, Authority, Credential, Sessions};
use elenchus_rpc::status::from_error;
use elenchus_rpc::token::TokenHash;
use futures_util::future::join_all;
use tonic::Status;

use crate::domain::{Error, SessionId};
use crate::store::Store;

/// Asks the store, at most once a second for each session.
pub(crate) struct StoredSessions {
    store: Store,
    cache: Cache,
    answers: Answers,
}

impl StoredSessions {
    /// Asks this store, and tells over the cache what has ended.
    pub(crate) fn new(store: Store, cache: Cache) -> Self {
        Self { store, cache, answers: Answers::default() }
    }

    /// Asks anew the next time, here and in every process.
    pub(crate) async fn end(&self, session: SessionId) {
        self.tell(Credential::Session(session.0)).await;
    }

    /// Asks anew the next time, here and in every process.
    pub(crate) async fn end_token(&self, hash: TokenHash) {
        self.tell(Credential::Token(hash)).await;
    }

    /// Asks anew the next time, here and in every process: what these open has changed.
    pub(crate) async fn change(&self, credentials: Vec<Credential>) {
        join_all(credentials.into_iter().map(|credential| self.tell(credential))).await;
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
        self.answers.forget(credential).await;
    }

    fn doubt(&self) {
        self.answers.doubt();
    }
}

#[async_trait]
impl Sessions for StoredSessions {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        let ask = self.ask(credential);
        self.answers.get(credential, ask).await.map_err(from_error::<Arc<Error>>)
    }
}
