//! The erasure of one user. Every step may be done again, so whatever stops it, it begins anew.

use std::time::Duration;

use async_trait::async_trait;
use elenchus_durable::{Failure, Handler, Lease};
use elenchus_outbox as outbox;
use elenchus_personal_data::PersonalData;
use elenchus_rpc::UserId;
use sqlx::PgPool;

use super::Holders;
use super::holders::erase;
use crate::store::Store;

const TRY_AGAIN_AFTER: Duration = Duration::from_secs(300);

/// Works on erasures.
pub(super) struct Work {
    pub(super) pool: PgPool,
    pub(super) store: Store,
    pub(super) holders: Holders,
    pub(super) own: PersonalData,
    pub(super) settle: Duration,
}

impl Work {
    /// First those that tell of the user, then what they told.
    async fn sweep(&self, user_id: UserId) -> Result<(), Failure> {
        let mut failure = None;
        for holder in self.holders.tellers() {
            // One that is away does not keep the others from erasing.
            if let Err(status) = erase(holder, user_id).await {
                failure = Some(status);
            }
        }
        if let Some(status) = failure {
            return Err(Failure::Passing(status.into()));
        }
        outbox::forget(&self.pool, user_id).await?;
        let last = erase(&self.holders.analytics, user_id).await;
        last.map_err(|status| Failure::Passing(status.into()))
    }
}

#[async_trait]
impl Handler for Work {
    async fn run(&self, lease: &Lease) -> Result<(), Failure> {
        let Some((user_id, is_swept)) = self.store.pending_erasure(lease.key()).await? else {
            return Err(Failure::Lost);
        };
        self.sweep(user_id).await?;
        if !is_swept {
            return Ok(self.store.settle_erasure(lease, self.settle).await?);
        }
        while !self.own.erase(user_id).await.map_err(|error| Failure::Passing(error.into()))? {}
        self.store.finish_erasure(lease).await?;
        tracing::info!(erasure.id = %lease.key(), "an account was erased");
        Ok(())
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), Failure> {
        Ok(lease.retry_after(TRY_AGAIN_AFTER).await?)
    }
}
