//! Passages and citations as steps pass them on: the wire's own fields, as JSON.

use elenchus_proto::pb::conversation::v1 as conversation;
use elenchus_proto::pb::document::v1 as document;
use serde::{Deserialize, Serialize};

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Passage {
    pub(super) document_id: String,
    pub(super) chunk_id: String,
    pub(super) filename: String,
    pub(super) content: String,
    pub(super) page: Option<i32>,
    pub(super) start_char: i32,
    pub(super) end_char: i32,
    pub(super) score: f64,
    /// Absent from what runs kept before there was any such text.
    #[serde(default)]
    pub(super) is_recovered: bool,
}

/// A place in a document that an answer quotes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Citation {
    pub(super) marker: String,
    pub(super) quote: String,
    pub(super) document_id: String,
    pub(super) chunk_id: String,
    pub(super) filename: String,
    pub(super) page: Option<i32>,
    pub(super) start_char: i32,
    pub(super) end_char: i32,
}

impl Passage {
    /// Whether a word of the passage begins with one of the terms, whatever the case.
    pub(super) fn mentions(&self, terms: &[String]) -> bool {
        let content = self.content.to_lowercase();
        terms.iter().any(|term| begins_a_word(&content, &term.to_lowercase()))
    }
}

fn begins_a_word(text: &str, term: &str) -> bool {
    text.match_indices(term)
        .any(|(at, _)| !text[..at].chars().next_back().is_some_and(char::is_alphanumeric))
}

impl From<document::SearchResult> for Passage {
    fn from(found: document::SearchResult) -> Self {
        Self {
            document_id: found.document_id,
            chunk_id: found.chunk_id,
            filename: found.filename,
            content: found.content,
            page: found.page,
            start_char: found.start_char,
            end_char: found.end_char,
            score: found.score,
            is_recovered: found.is_recovered,
        }
    }
}

impl From<Passage> for conversation::Passage {
    fn from(passage: Passage) -> Self {
        Self {
            document_id: passage.document_id,
            chunk_id: passage.chunk_id,
            filename: passage.filename,
            content: passage.content,
            page: passage.page,
            start_char: passage.start_char,
            end_char: passage.end_char,
            score: passage.score,
            is_recovered: passage.is_recovered,
        }
    }
}

impl From<conversation::Citation> for Citation {
    fn from(citation: conversation::Citation) -> Self {
        Self {
            marker: citation.marker,
            quote: citation.quote,
            document_id: citation.document_id,
            chunk_id: citation.chunk_id,
            filename: citation.filename,
            page: citation.page,
            start_char: citation.start_char,
            end_char: citation.end_char,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_counts_where_a_word_begins_with_it() {
        assert!(begins_a_word("either party may terminate", "terminat"));
        assert!(begins_a_word("termination", "terminat"));
        assert!(!begins_a_word("determination of price", "terminat"));
    }
}
