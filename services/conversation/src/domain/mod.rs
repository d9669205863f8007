//! What a conversation is, what may be asked, and what can go wrong. It knows no tonic and no sqlx.

mod assistant;
mod citation;
mod conversation;
mod description;
mod error;
mod feedback;
mod message;
mod question;
mod search;

pub use self::assistant::{Analysis, Brief, Subject};
pub use self::citation::{Checked, Citation, CitationPlace, CitationReport, Lookup, Outcome};
pub use self::conversation::{
    Change, Conversation, ConversationId, Metadata, NewConversation, SessionId, Title,
};
pub use self::description::{Allowed, Trait, Undescribed};
pub use self::error::Error;
pub use self::feedback::{Feedback, Opinion, Rating};
pub use self::message::{
    Message, MessageId, MessageStatus, MessageType, Passage, Remembered, Usage,
};
pub use self::question::{Place, Question, Source, Text, parse_trace_id};
pub use self::search::{Match, Query, Search};

/// PostgreSQL stores every character but this one.
const NUL: char = '\0';

/// The text as it can be stored and shown alike: what a model or a source says is not ours to refuse.
pub fn storable(text: String) -> String {
    if text.contains(NUL) { text.replace(NUL, "\u{fffd}") } else { text }
}

/// Refuses text of a client that cannot be stored.
fn without_nul(field: &'static str, text: &str) -> Result<(), Error> {
    if text.contains(NUL) {
        return Err(Error::invalid(field, "must not hold the character U+0000"));
    }
    Ok(())
}
