//! What a check says: facts about each quote and citation, never that a source supports an answer.

mod facts;
mod gap;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::facts::{CitationKind, Comparison, Facts, Implausible};
pub use self::gap::{Change, Gap, GapPlace, Hidden};

/// Everything found in an answer, in its order, and how often each status was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The quotes, citations and markers.
    pub items: Vec<Item>,
    /// How many items have each status.
    pub counts: BTreeMap<Status, usize>,
}

impl Report {
    /// Counts the items and keeps them.
    pub fn new(items: Vec<Item>) -> Self {
        let mut counts = BTreeMap::new();
        for item in &items {
            *counts.entry(item.status).or_default() += 1;
        }
        Self { items, counts }
    }

    /// The items that a reader should look at before relying on the answer.
    pub fn findings(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.is_finding())
    }
}

/// Something in an answer that a source or an authority can be held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Where it stands in the answer.
    pub span: Span,
    /// Its text there, without quotation marks.
    pub text: String,
    /// The mark that attributes it to a source, such as `[1]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// What the check found.
    pub status: Status,
    /// Why, where the status alone does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Every place in the sources. The gaps are those of the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// The smallest change of words that leads from the source to the quote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<Change>,
    /// What the quote leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// What a legal citation says, and what is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

impl Item {
    /// Whether a reader should look at it before relying on the answer.
    pub fn is_finding(&self) -> bool {
        let hides = self.gaps.iter().any(|gap| !gap.hides.is_empty());
        match self.status {
            Status::Verbatim | Status::TooShort => self.reason.is_some(),
            // The source has another name, year or court for it.
            Status::InSources => self.reason.is_some() || self.facts.iter().any(Facts::differ),
            Status::VerbatimElided => hides || self.reason.is_some(),
            Status::Altered | Status::NotFound | Status::NotCheckable | Status::Implausible => true,
            // A brief may well cite what is not at hand; a marker must name a source.
            Status::NotInSources => self.kind != Kind::LegalCitation,
        }
    }
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Words in quotation marks or a block quote.
    Quote,
    /// A case, statute or another authority, or a part of the record.
    LegalCitation,
    /// A marker, such as `[1]`, that names a source.
    SourceReference,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The words stand in the source, token for token.
    Verbatim,
    /// They do, but for what the quote says that it leaves out or changes.
    VerbatimElided,
    /// Nearly: see the diff.
    Altered,
    /// Fewer words than can identify a passage.
    TooShort,
    /// In none of the sources.
    NotFound,
    /// There is nothing to hold it against: see the reason.
    NotCheckable,
    /// A legal citation that cannot be right: see the facts.
    Implausible,
    /// It names something in the sources.
    InSources,
    /// It names nothing in the sources.
    NotInSources,
}

impl Status {
    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verbatim => "verbatim",
            Self::VerbatimElided => "verbatim_elided",
            Self::Altered => "altered",
            Self::TooShort => "too_short",
            Self::NotFound => "not_found",
            Self::NotCheckable => "not_checkable",
            Self::Implausible => "implausible",
            Self::InSources => "in_sources",
            Self::NotInSources => "not_in_sources",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a status was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The answer has no sources.
    NoSource,
    /// A source has no text that could be searched.
    SourceWithoutText,
    /// The words begin or end inside a word or a number of the source.
    CutInsideWord,
    /// Each part of an elided quote stands in the sources, but not in this order near each other.
    Spliced,
    /// A part of an elided quote has fewer words than can be placed.
    SegmentTooShort,
    /// The words stand in another source than the one that the marker names.
    OtherSource,
    /// The quote is longer than a quote can be.
    TooLong,
    /// The words were held against text that was recovered from a damaged file.
    RecoveredText,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSource => "there is no source",
            Self::SourceWithoutText => "a source has no text that could be searched",
            Self::CutInsideWord => "it begins or ends inside a word or a number",
            Self::Spliced => "its parts do not stand in this order near each other",
            Self::SegmentTooShort => "a part of it is too short to be placed",
            Self::OtherSource => "the words stand in another source than the one named",
            Self::TooLong => "it is too long for a quote",
            Self::RecoveredText => {
                "the source is damaged, and its recovered text may lack or change words"
            }
        })
    }
}

/// A stretch of an answer, in Unicode characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first character.
    pub start_char: usize,
    /// The character after the last.
    pub end_char: usize,
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The source's id.
    pub document_id: String,
    /// The page, from 1, where the source has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// The line of the page, or of the source if it has no pages, from 1.
    pub line: usize,
    /// The first character of the source's text.
    pub start_char: usize,
    /// The character after the last.
    pub end_char: usize,
}
