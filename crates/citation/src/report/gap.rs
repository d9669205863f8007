//! What a quote leaves out of its source, and how it differs from it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that a quote leaves out of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Where.
    pub place: GapPlace,
    /// The source's words.
    pub left_out: String,
    /// What brackets put there instead.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub inserted: String,
    /// What would make the rest read otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hides: Vec<Hidden>,
}

/// Where something is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapPlace {
    /// The beginning of the sentence.
    Before,
    /// Between two quoted parts.
    Between,
    /// The end of the sentence.
    After,
}

/// What words may turn the meaning of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hidden {
    /// Such as `not`.
    Negation,
    /// Such as `except`.
    Exception,
    /// Such as `if`.
    Condition,
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negation => "a negation",
            Self::Exception => "an exception",
            Self::Condition => "a condition",
        })
    }
}

/// A step from a source to a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Change {
    /// The same in both.
    Same {
        /// The words.
        text: String,
    },
    /// In the source, not in the quote.
    Missing {
        /// The source's words.
        source: String,
    },
    /// In the quote, not in the source.
    Added {
        /// The quote's words.
        quote: String,
    },
    /// Other words.
    Replaced {
        /// The source's words.
        source: String,
        /// The quote's words.
        quote: String,
    },
    /// An ellipsis of the quote.
    Gap,
}
