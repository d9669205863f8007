//! How far a file's reading has come, told as it happens.

use std::pin::Pin;
use std::time::Duration;

use elenchus_durable::Notices;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_rpc::UserId;
use elenchus_rpc::status::from_error;
use futures_util::{Stream, stream};
use tonic::Status;

use crate::domain::{Document, Error};
use crate::processing::QUEUE_TABLE;
use crate::store::Store;

/// A stream of answers.
pub(crate) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// How long a watcher trusts that it would be told.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells each change of a document's reading, until it has ended.
pub(super) fn progress(
    store: Store,
    notices: Notices,
    owner: UserId,
    document: Document,
) -> Answers<pb::WatchDocumentResponse> {
    let wakes = notices.subscribe(QUEUE_TABLE);
    let state =
        Watch { store, wakes, owner, id: document.document_id, told: None, seq: 0, is_over: false };
    let events = stream::unfold(state, |mut watch| async move {
        let event = watch.next().await?;
        Some((event, watch))
    });
    Box::pin(events)
}

struct Watch {
    store: Store,
    wakes: elenchus_durable::Subscription,
    owner: UserId,
    id: uuid::Uuid,
    told: Option<(String, String, f32)>,
    seq: i32,
    is_over: bool,
}

impl Watch {
    async fn next(&mut self) -> Option<Result<pb::WatchDocumentResponse, Status>> {
        while !self.is_over {
            let document = match self.store.find(self.owner, self.id).await {
                Ok(Some(document)) => document,
                Ok(None) => return self.end(Error::NotFound),
                Err(error) => return self.end(error),
            };
            let state = (document.status.clone(), document.stage.clone(), document.progress);
            if self.told.as_ref() == Some(&state) {
                self.wakes.about(self.id, PATIENCE).await;
                continue;
            }
            self.told = Some(state);
            self.is_over = document.is_settled();
            self.seq += 1;
            return Some(Ok(pb::WatchDocumentResponse {
                seq: self.seq,
                processing_status: document.status,
                stage: document.stage,
                progress_percentage: document.progress.into(),
                processing_error: document.error,
            }));
        }
        None
    }

    fn end<T>(&mut self, error: Error) -> Option<Result<T, Status>> {
        self.is_over = true;
        Some(Err(from_error(error)))
    }
}
