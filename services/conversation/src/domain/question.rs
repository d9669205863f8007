//! What may be asked, and of what.

use elenchus_rpc::idempotency::Keyed;
use uuid::Uuid;

use super::{ConversationId, Error, MessageId, SessionId, without_nul};

const MAX_SOURCES: usize = 5;
const MAX_SOURCE_CHARS: usize = 100_000;
const MAX_DOCUMENTS: usize = 50;
const MAX_TRACE_CHARS: usize = 128;

/// What a person wants to know: 1 to 32,000 characters, not all of them blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// The longest.
    pub const MAX_CHARS: usize = 32_000;

    /// Reads the text of the request's `field`.
    pub fn parse(field: &'static str, raw: String) -> Result<Self, Error> {
        without_nul(field, &raw)?;
        let chars = if raw.trim().is_empty() { 0 } else { raw.chars().count() };
        match chars {
            1..=Self::MAX_CHARS => Ok(Self(raw)),
            _ => {
                let problem =
                    format!("{field} must be 1 to {} characters, not {chars}", Self::MAX_CHARS);
                Err(Error::invalid(field, problem))
            }
        }
    }

    /// A text that was asked before.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text to answer from, sent with the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(String);

impl Source {
    /// What the source is called that stands at this place, from 1.
    pub fn name(number: usize) -> String {
        format!("source {number}")
    }

    /// Reads the sources of a question: at most 5, each at most 100,000 characters.
    pub fn parse_all(raw: Vec<String>) -> Result<Vec<Self>, Error> {
        sources(raw, MAX_SOURCES)
    }

    /// A text that was sent before.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    fn parse(raw: String) -> Result<Self, Error> {
        without_nul("sources", &raw)?;
        let chars = raw.chars().count();
        if chars > MAX_SOURCE_CHARS {
            let problem =
                format!("a source must be at most {MAX_SOURCE_CHARS} characters, not {chars}");
            return Err(Error::invalid("sources", problem));
        }
        Ok(Self(raw))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn sources(raw: Vec<String>, most: usize) -> Result<Vec<Source>, Error> {
    if raw.len() > most {
        let problem = format!("sources must be at most {most}, not {}", raw.len());
        return Err(Error::invalid("sources", problem));
    }
    raw.into_iter().map(Source::parse).collect()
}

/// Where a question is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a conversation that exists.
    In(ConversationId),
    /// In a conversation that exists, after an answer in it that need not be the last.
    After(ConversationId, MessageId),
    /// In a conversation that exists, in the place of a question that stays beside it.
    InsteadOf(ConversationId, MessageId),
    /// Where it was asked before: this question is answered once more.
    Again(ConversationId, MessageId),
    /// In the conversation of that name, made when there is none; without a name, in a new one.
    New(Option<SessionId>),
}

/// A question that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What the person wants to know.
    pub content: Text,
    /// Where it is asked.
    pub place: Place,
    /// Texts to answer from, besides the documents.
    pub sources: Vec<Source>,
    /// Documents to answer from.
    pub document_ids: Vec<Uuid>,
    /// The trace to record it under.
    pub trace_id: String,
    /// Whether it is answered to the end when whoever asked leaves.
    pub is_detached: bool,
    /// The client's name for it, by which it is asked once.
    pub keyed: Option<Keyed>,
}

impl Question {
    /// Reads the documents of a question, at most 50. One named twice counts once.
    pub fn parse_document_ids(raw: &[String]) -> Result<Vec<Uuid>, Error> {
        parse_ids(raw, MAX_DOCUMENTS)
    }
}

pub(super) fn parse_ids(raw: &[String], most: usize) -> Result<Vec<Uuid>, Error> {
    if raw.len() > most {
        let problem = format!("document_ids must be at most {most}, not {}", raw.len());
        return Err(Error::invalid("document_ids", problem));
    }
    let mut ids = Vec::with_capacity(raw.len());
    for id in raw {
        let id = id.parse().map_err(|_| Error::DocumentNotFound)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Reads the client's name of a trace: at most 128 printable characters.
pub fn parse_trace_id(raw: String) -> Result<String, Error> {
    let chars = raw.chars().count();
    if chars > MAX_TRACE_CHARS || raw.chars().any(char::is_control) {
        let problem = format!("trace_id must be at most {MAX_TRACE_CHARS} printable characters");
        return Err(Error::invalid("trace_id", problem));
    }
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_neither_blank_nor_endless() {
        assert!(Text::parse("content", "¿".repeat(32_000)).is_ok());
        for bad in [String::new(), " \n\t".to_owned(), "a\0".to_owned(), "x".repeat(32_001)] {
            assert!(matches!(
                Text::parse("content", bad),
                Err(Error::Invalid { field: "content", .. })
            ));
        }
    }

    #[test]
    fn sources_and_documents_are_counted() {
        assert!(Source::parse_all(vec!["x".repeat(100_000); 5]).is_ok());
        assert!(Source::parse_all(vec![String::new(); 6]).is_err());
        assert!(Source::parse_all(vec!["x".repeat(100_001)]).is_err());

        let id = Uuid::now_v7().to_string();
        assert_eq!(Question::parse_document_ids(&[id.clone(), id.clone()]).unwrap().len(), 1);
        assert!(Question::parse_document_ids(&vec![id; 51]).is_err());
        assert!(matches!(
            Question::parse_document_ids(&["0".to_owned()]),
            Err(Error::DocumentNotFound)
        ));
    }
}
