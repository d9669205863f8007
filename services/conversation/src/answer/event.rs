//! What happens while an answer is made, in the order in which a reader sees it.

use std::sync::atomic::{AtomicI32, Ordering};

use tokio::sync::mpsc;

use super::Failure;
use crate::domain::{Citation, ConversationId, Message, MessageId, Passage, Usage};

/// Events that wait for a reader. Few, so that a slow reader slows the model and not the memory.
const WAITING: usize = 16;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number in its answer, from 1, without gaps.
    pub seq: i32,
    /// What happened.
    pub what: What,
}

/// What happens while an answer is made.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The question is stored and its answer begins.
    Started {
        /// The conversation.
        conversation_id: ConversationId,
        /// The answer.
        answer_id: MessageId,
        /// The question.
        question_id: MessageId,
        /// The model that answers.
        model: String,
    },
    /// The passages that the answer is made from.
    Retrieval(Vec<Passage>),
    /// More text.
    Delta(String),
    /// A place that the answer quotes.
    Citation(Citation),
    /// What the model read and wrote. Always told, before the end.
    Usage(Usage),
    /// The answer as it is stored. The end of a good answer.
    Completed(Message),
    /// Why there is no whole answer. The end of a bad one.
    Failed(Failure),
}

/// The reader has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// Numbers the events of one answer and hands them to its reader.
pub(super) struct Narrator {
    reader: mpsc::Sender<Event>,
    told: AtomicI32,
}

impl Narrator {
    /// A narrator, and what its reader reads from.
    pub(super) fn new() -> (Self, mpsc::Receiver<Event>) {
        let (reader, events) = mpsc::channel(WAITING);
        (Self { reader, told: AtomicI32::new(0) }, events)
    }

    /// Tells the next event, as soon as the reader has room for it.
    pub(super) async fn tell(&self, what: What) -> Result<(), Gone> {
        let place = self.reader.reserve().await.map_err(|_| Gone)?;
        let seq = self.told.fetch_add(1, Ordering::Relaxed) + 1;
        place.send(Event { seq, what });
        Ok(())
    }

    /// Resolves once the reader has left.
    pub(super) async fn abandoned(&self) {
        self.reader.closed().await;
    }
}
