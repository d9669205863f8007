//! Reading answers that this process need not make: from where the reader is, so that nothing is
//! missed or told twice; and stopping them, wherever they are made.

use std::time::Duration;

use async_stream::try_stream;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use elenchus_rpc::UserId;
use futures_util::Stream;
use tokio::time::{Instant, timeout_at};

use super::Generations;
use crate::domain::{ConversationId, Error, Message, MessageId, MessageStatus};
use crate::store::{EVENTS, STARTS};

/// How soon events are seen whose notice was not sent or was lost.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The same for answers that begin.
const LOOK_FOR_STARTS_EVERY: Duration = Duration::from_secs(2);
/// How long whoever makes an answer has to stop it.
const STOP_WITHIN: Duration = Duration::from_secs(5);

impl Generations {
    /// The events of an answer after this one, to its end.
    pub fn watch(
        &self,
        id: MessageId,
        mut seq: i32,
    ) -> impl Stream<Item = Result<pb::ChatEvent, Error>> + use<> {
        let generations = self.clone();
        try_stream! {
            // Before the first look, so that what comes in between is heard.
            let mut notices = generations.notices.subscribe(EVENTS);
            let mut live = None;
            loop {
                live = generations.find(id).or(live);
                let (last, was_over) = live.as_ref().map_or((i32::MAX, true), |live| live.progress());
                let recent = live.as_ref().map(|live| live.after(seq)).unwrap_or_default();
                // It has shown all that it had.
                live = live.filter(|_| !(was_over && recent.is_empty()));
                let (events, is_ended) = match recent.is_empty() {
                    // What memory does not hold any more, or never did.
                    true if was_over || last > seq => generations.store.events_after(id, seq).await?,
                    true | false => (recent, false),
                };
                let (is_empty, has_end) = (events.is_empty(), events.last().is_some_and(is_last));
                for event in events {
                    seq = event.seq;
                    yield event;
                }
                if has_end || is_empty && is_ended {
                    break;
                }
                if !is_empty {
                    continue;
                }
                let more = async {
                    match &live {
                        Some(live) => live.moved(seq).await,
                        None => notices.about(id.0, LOOK_EVERY).await,
                    }
                };
                let is_stopping = tokio::select! {
                    () = more => false,
                    () = generations.shutdown.stopping() => true,
                };
                if is_stopping {
                    Err(Error::Stopping)?;
                }
            }
        }
    }

    /// The answers of a conversation that are being made, or begin after this place: the place and
    /// the id of each. From when this returns none is missed, however soon it ends.
    pub async fn starts(
        &self,
        id: ConversationId,
        mut after: i32,
    ) -> Result<impl Stream<Item = Result<(i32, MessageId), Error>> + use<>, Error> {
        let generations = self.clone();
        let mut notices = generations.notices.subscribe(STARTS);
        if after == 0 {
            after = generations.store.last_settled(id).await?;
        }
        Ok(try_stream! {
            loop {
                for (place, answer) in generations.store.answers_after(id, after).await? {
                    after = place;
                    yield (place, answer);
                }
                let is_stopping = tokio::select! {
                    () = notices.about(id.0, LOOK_FOR_STARTS_EVERY) => false,
                    () = generations.shutdown.stopping() => true,
                };
                if is_stopping {
                    Err(Error::Stopping)?;
                }
            }
        })
    }

    /// Stops an answer of the owner, and returns it as it is once its model has been left.
    pub async fn stop(&self, owner: UserId, id: MessageId) -> Result<Message, Error> {
        let until = Instant::now() + STOP_WITHIN;
        let mut notices = self.notices.subscribe(EVENTS);
        self.store.request_stop(owner, id).await?;
        self.stop_here(id);
        loop {
            let message = self.store.message(owner, id).await?;
            if message.status != MessageStatus::Generating {
                return Ok(message);
            }
            let ended = notices.about(id.0, LOOK_EVERY);
            if timeout_at(until, ended).await.is_err() {
                return Err(Error::NotStopped);
            }
            // Whoever made it may have died.
            self.overdue.notify_one();
        }
    }
}

/// Whether an event ends its answer.
fn is_last(event: &pb::ChatEvent) -> bool {
    matches!(event.payload, Some(Payload::Completed(_) | Payload::Error(_)))
}
