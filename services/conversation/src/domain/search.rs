//! Looking for words in one's own messages.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{ConversationId, Error, MessageId, without_nul};

const MAX_QUERY_CHARS: usize = 500;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The words.
    pub query: String,
    /// Only in this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Only questions, or only answers.
    pub is_user: Option<bool>,
    /// Only messages written then or later.
    pub since: Option<DateTime<Utc>>,
    /// Only messages written before.
    pub until: Option<DateTime<Utc>>,
    /// Whether archived conversations count.
    pub include_archived: bool,
}

impl Search {
    /// Reads the words: 1 to 500 characters.
    pub fn parse_query(raw: String) -> Result<String, Error> {
        without_nul("q", &raw)?;
        let chars = if raw.trim().is_empty() { 0 } else { raw.chars().count() };
        if !(1..=MAX_QUERY_CHARS).contains(&chars) {
            let problem = format!("must be 1 to {MAX_QUERY_CHARS} characters, not {chars}");
            return Err(Error::invalid("q", problem));
        }
        Ok(raw)
    }
}

/// A message that holds the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The message.
    pub message_id: MessageId,
    /// The conversation it stands in.
    pub conversation_id: ConversationId,
    /// That conversation's title.
    pub conversation_title: String,
    /// Whether the user wrote it.
    pub is_user: bool,
    /// The place that tells most.
    pub snippet: String,
    /// The words in it, in characters.
    pub highlights: Vec<Range<usize>>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}
