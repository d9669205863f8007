//! What the readers of an answer saw of it, from its events.

use elenchus_llm::estimated_tokens;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;

use crate::domain::{MessageStatus, Passage, Usage};

/// What the readers of an answer saw of it.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The text.
    pub content: String,
    /// What it is made from.
    pub passages: Vec<Passage>,
    /// What of the conversation the model was told, in tokens.
    history_tokens: i32,
    /// The last event.
    pub last_seq: i32,
}

impl Shown {
    /// Puts an answer together again.
    pub fn of(events: Vec<pb::ChatEvent>) -> Self {
        let mut shown = Self::default();
        for event in events {
            shown.last_seq = event.seq;
            match event.payload {
                Some(Payload::Delta(delta)) => shown.content.push_str(&delta.text),
                Some(Payload::Retrieval(retrieval)) => {
                    shown.history_tokens = retrieval.history.map_or(0, |history| history.tokens);
                    shown.passages = retrieval.passages.into_iter().map(Into::into).collect();
                }
                _ => {}
            }
        }
        shown
    }

    /// How an answer is called that came no further.
    pub fn status(&self) -> MessageStatus {
        if self.content.is_empty() { MessageStatus::Failed } else { MessageStatus::Incomplete }
    }

    /// What it used. The provider's own count died with whoever asked it.
    pub fn usage(&self) -> Usage {
        let count = |tokens: usize| i32::try_from(tokens).unwrap_or(i32::MAX);
        let passages = self.passages.iter().map(|passage| estimated_tokens(&passage.content));
        Usage {
            prompt_tokens: count(passages.sum::<usize>()).saturating_add(self.history_tokens),
            completion_tokens: count(estimated_tokens(&self.content)),
            is_estimated: true,
            ..Usage::default()
        }
    }
}
