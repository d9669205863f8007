//! What happens in a run, as it happens. The table is read from where the watcher is, so that nothing
//! is missed or told twice, whoever works on the run.

use async_stream::try_stream;
use elenchus_proto::pb::workflow::v1 as pb;
use elenchus_rpc::status::from_error;
use futures_util::Stream;
use tonic::Status;
use uuid::Uuid;

use super::{WorkflowRpc, message};
use crate::store::EVENTS;

impl WorkflowRpc {
    /// The events after `seq`, until the run has ended.
    pub(super) fn watch(
        &self,
        run: Uuid,
        mut seq: i32,
    ) -> impl Stream<Item = Result<pb::WatchExecutionResponse, Status>> + use<> {
        let (store, shutdown, poll) = (self.store.clone(), self.shutdown.clone(), self.poll);
        // Before the first look, so that what comes in between is heard.
        let mut notices = self.notices.subscribe(EVENTS);
        try_stream! {
            loop {
                let (events, is_ended) = store.events_after(run, seq).await.map_err(from_error)?;
                let is_empty = events.is_empty();
                for event in events {
                    seq = event.seq;
                    yield message::event(event);
                }
                if !is_empty {
                    continue;
                }
                if is_ended {
                    break;
                }
                let is_stopping = tokio::select! {
                    () = notices.about(run, poll) => false,
                    () = shutdown.stopping() => true,
                };
                if is_stopping {
                    Err(Status::unavailable("the service is stopping; watch again after the last event"))?;
                }
            }
        }
    }
}
