//! Uploads that carry an `Idempotency-Key`, and the documents that they made.

use elenchus_idempotency::Unusable;
use elenchus_rpc::idempotency::{Fingerprint, Key};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Store;
use crate::domain::Error;

/// An upload that its client has named.
pub struct Named {
    /// Its name.
    pub key: Key,
    /// Of all that it says.
    pub fingerprint: Fingerprint,
}

impl Named {
    /// Keeps the name with the document.
    pub(super) async fn keep(
        &self,
        transaction: &mut PgConnection,
        document: Uuid,
    ) -> Result<(), Unusable> {
        let Self { key, fingerprint } = self;
        elenchus_idempotency::keep(transaction, key, fingerprint, document.as_bytes()).await
    }
}

impl Store {
    /// The document that an upload of this name has made.
    pub(crate) async fn made(&self, named: &Named) -> Result<Option<Uuid>, Error> {
        let Named { key, fingerprint } = named;
        let made = elenchus_idempotency::find(&self.pool, key, fingerprint).await?;
        Ok(made.and_then(|id| Uuid::from_slice(&id).ok()))
    }

    /// Keeps the name of an upload that brought a document again.
    pub(crate) async fn keep_name(&self, named: &Named, document: Uuid) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(named.keep(&mut connection, document).await?)
    }
}
