//! The job of a deleted document: its rows are gone when the owner is told so; its bytes and what other
//! services hold of it are cleared away after that, however often the process dies.

use std::time::Duration;

use async_trait::async_trait;
use elenchus_durable::{Failure, Handler, Lease, Terms};
use elenchus_proto::pb::conversation::v1::ForgetDocumentRequest;
use elenchus_proto::pb::conversation::v1::conversation_service_client::ConversationServiceClient;
use elenchus_rpc::Transport;
use elenchus_rpc::caller::as_service;

use crate::storage::{self, Files};
use crate::store::Store;

/// The table whose rows are the jobs, and the channel of their wakes.
pub(crate) const DELETION_TABLE: &str = "deletion";

/// What the conversation service gets to detach a document.
const BUDGET: Duration = Duration::from_secs(10);

/// Clears away what is left of deleted documents.
pub(crate) struct Deletions {
    pub(crate) store: Store,
    pub(crate) files: Files,
    pub(crate) conversations: ConversationServiceClient<Transport>,
}

/// A deletion is tried until it is done: nobody could mend one that was given up.
pub(crate) fn terms(terms: Terms) -> Terms {
    Terms { attempts: i32::MAX, ..terms }
}

#[async_trait]
impl Handler for Deletions {
    async fn run(&self, lease: &Lease) -> Result<(), Failure> {
        let Some(deletion) = self.store.deletion(lease).await? else { return Err(Failure::Lost) };
        storage::delete(&*self.files, &deletion.storage_key).await.map_err(passing)?;
        let forget = ForgetDocumentRequest {
            user_id: deletion.user_id.to_string(),
            document_id: deletion.document_id.to_string(),
        };
        let forget = as_service(BUDGET, forget);
        self.conversations.clone().forget_document(forget).await.map_err(passing)?;
        Ok(self.store.end_deletion(lease).await?)
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), Failure> {
        Ok(lease.retry_after(Terms::default().longest_backoff).await?)
    }
}

fn passing(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Passing(error.into())
}
