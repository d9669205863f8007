//! The quotes and citations of an answer, as they were checked and are stored.

use std::collections::BTreeMap;

use elenchus_citation::{Change, Facts, Gap, Kind, Reason, Span, Status};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something in an answer that was held against its sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// The mark in the answer's text that names a source.
    pub marker: String,
    /// The words of the answer.
    pub quote: String,
    /// The first place in the sources.
    #[serde(flatten)]
    pub place: CitationPlace,
    /// What was found. None in answers from before there was a check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
}

/// A place in a source. All is empty where nothing was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitationPlace {
    /// The document; none where the source was text sent with the question.
    pub document_id: Option<Uuid>,
    /// The chunk; none where the source was text sent with the question, or no one chunk holds it all.
    pub chunk_id: Option<Uuid>,
    /// The document's name, or `source N`.
    pub filename: String,
    /// The page, from 1.
    pub page: Option<i32>,
    /// Where it starts in the document's text, in characters.
    pub start_char: i32,
    /// Where it ends, exclusive.
    pub end_char: i32,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// What it is.
    pub kind: Kind,
    /// What was found.
    pub status: Status,
    /// Why, where the status alone does not say.
    pub reason: Option<Reason>,
    /// Where it stands in the answer.
    pub span: Span,
    /// The change of words from the source to the quote.
    pub diff: Vec<Change>,
    /// What the quote leaves out.
    pub gaps: Vec<Gap>,
    /// What a legal citation says.
    pub facts: Option<Facts>,
    /// Every place in the sources.
    pub places: Vec<CitationPlace>,
    /// What a database of decisions says of it. None where it was not asked, or did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Lookup>,
}

/// What a database of decisions says of a citation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// Whether there is such a decision.
    pub outcome: Outcome,
    /// What it is called there. Empty where it is not the only one, or there is none.
    pub case_name: String,
    /// Where it is to be read, likewise.
    pub url: String,
}

/// Whether a database knows a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It does.
    Found,
    /// It knows the reporter, and no such decision in it.
    NotFound,
    /// Several decisions are cited so.
    Ambiguous,
}

impl Outcome {
    /// The word for it, the same on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NotFound => "not_found",
            Self::Ambiguous => "ambiguous",
        }
    }
}

impl Lookup {
    /// Whether there is such a decision.
    pub fn is_found(&self) -> bool {
        matches!(self.outcome, Outcome::Found | Outcome::Ambiguous)
    }
}

/// How often each status was given in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitationReport {
    /// False when the check could not be finished.
    pub is_checked: bool,
    /// The statuses that were given.
    pub counts: BTreeMap<Status, usize>,
    /// What a database of decisions said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lookups: BTreeMap<Outcome, usize>,
}
