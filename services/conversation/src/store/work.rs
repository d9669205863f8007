//! Work of the assistant, of which only that it was done is told.

use std::time::Duration;

use elenchus_rpc::UserId;
use uuid::Uuid;

use super::Store;
use crate::domain::{ConversationId, Error, MessageId, MessageStatus, Usage};
use crate::outbox;

impl Store {
    /// Tells analytics what a piece of work used. It belongs to no conversation.
    pub async fn tell_of_work(
        &self,
        owner: UserId,
        model: &str,
        status: MessageStatus,
        usage: &Usage,
        duration: Duration,
    ) -> Result<(), Error> {
        let (none, work) = (ConversationId(Uuid::nil()), MessageId(Uuid::now_v7()));
        let told = outbox::answer_ended(owner, none, work, model, status, usage, duration);
        let mut connection = self.pool.acquire().await?;
        elenchus_outbox::record(&mut connection, &told).await?;
        Ok(())
    }
}
