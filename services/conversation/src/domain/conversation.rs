//! A conversation, and the values that a client may give it.

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Error, without_nul};

/// A conversation's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConversationId(pub Uuid);

impl ConversationId {
    /// Ids are opaque to clients: one that cannot be read names nothing.
    pub fn parse(raw: &str) -> Result<Self, Error> {
        raw.parse().map(Self).map_err(|_| Error::ConversationNotFound)
    }
}

/// 1 to 200 characters after trimming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// The longest.
    pub const MAX_CHARS: usize = 200;
    const MADE_CHARS: usize = 50;

    /// Reads a title that a client gave.
    pub fn parse(raw: &str) -> Result<Self, Error> {
        let title = raw.trim();
        without_nul("title", title)?;
        match title.chars().count() {
            1..=Self::MAX_CHARS => Ok(Self(title.to_owned())),
            chars => {
                let problem =
                    format!("title must be 1 to {} characters, not {chars}", Self::MAX_CHARS);
                Err(Error::invalid("title", problem))
            }
        }
    }

    /// The title of a conversation that begins with this question: its first 50 characters.
    pub fn of_question(question: &str) -> Self {
        let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(Self::MADE_CHARS) {
            Some((end, _)) => Self(format!("{}...", line[..end].trim_end())),
            None => Self(line),
        }
    }

    /// The title as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The client's own name for a conversation, 1 to 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionId(String);

impl SessionId {
    /// The longest.
    pub const MAX_CHARS: usize = 200;

    /// Reads a name; an empty one is none.
    pub fn parse(raw: &str) -> Result<Option<Self>, Error> {
        without_nul("session_id", raw)?;
        match raw.chars().count() {
            0 => Ok(None),
            1..=Self::MAX_CHARS => Ok(Some(Self(raw.to_owned()))),
            chars => {
                let problem = format!(
                    "session_id must be at most {} characters, not {chars}",
                    Self::MAX_CHARS
                );
                Err(Error::invalid("session_id", problem))
            }
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client keeps beside a conversation: a JSON object of at most 16 KiB.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// The largest, as JSON text.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Reads an object that a client gave.
    pub fn parse(object: Map<String, Value>) -> Result<Self, Error> {
        let object = Value::Object(object);
        let json = object.to_string();
        if json.len() > Self::MAX_BYTES {
            let problem =
                format!("metadata must be at most {} bytes, not {}", Self::MAX_BYTES, json.len());
            return Err(Error::invalid("metadata", problem));
        }
        refuse_nul(&object)?;
        match object {
            Value::Object(object) => Ok(Self(object)),
            _ => Ok(Self::default()),
        }
    }

    /// What the store kept.
    pub(crate) fn stored(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// The object itself.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

fn refuse_nul(value: &Value) -> Result<(), Error> {
    match value {
        Value::String(text) => without_nul("metadata", text),
        Value::Array(items) => items.iter().try_for_each(refuse_nul),
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            without_nul("metadata", key)?;
            refuse_nul(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// A conversation that a client wants.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConversation {
    /// Its title.
    pub title: Title,
    /// The client's own name for it.
    pub session_id: Option<SessionId>,
    /// What the client keeps beside it.
    pub metadata: Metadata,
}

/// What of a conversation is to change. None stays as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// The new title.
    pub title: Option<Title>,
    /// Put aside, or brought back.
    pub is_archived: Option<bool>,
    /// The new metadata.
    pub metadata: Option<Metadata>,
}

/// A thread of questions and answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its owner.
    pub owner: UserId,
    /// Its title.
    pub title: String,
    /// The client's own name for it.
    pub session_id: Option<String>,
    /// What the client keeps beside it.
    pub metadata: Metadata,
    /// Whether it is put aside.
    pub is_archived: bool,
    /// The documents that it is answered from, in the order in which they were attached.
    pub document_ids: Vec<Uuid>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it, or a message in it, last changed.
    pub updated_at: DateTime<Utc>,
    /// What its beginning came to, the last time that this was summed up. Not read with lists.
    pub context_summary: String,
}

impl Conversation {
    /// How many documents can be attached to one.
    pub const MAX_DOCUMENTS: usize = 50;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_trimmed_and_measured_in_characters() {
        assert_eq!(Title::parse("  Lease review ").unwrap().as_str(), "Lease review");
        assert!(Title::parse(&"§".repeat(200)).is_ok());
        for bad in ["", "   ", "a\0b", &"x".repeat(201)] {
            assert!(Title::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_made_title_is_one_line_of_fifty_characters_at_most() {
        assert_eq!(Title::of_question("What is\n the term?").as_str(), "What is the term?");
        let long = Title::of_question(&"é".repeat(51));
        assert_eq!(long.as_str(), format!("{}...", "é".repeat(50)));
    }

    #[test]
    fn metadata_has_a_size_and_holds_only_what_can_be_stored() {
        let object = |value: &str| Map::from_iter([("key".to_owned(), Value::from(value))]);
        assert!(Metadata::parse(object("value")).is_ok());
        assert!(Metadata::parse(object(&"x".repeat(16 * 1024))).is_err());
        assert!(Metadata::parse(object("\0")).is_err());
    }
}
