//! What may be said of a document, and what is said.

use super::Error;
use super::assistant::bounded;

const MAX_CHARS: usize = 40_000;
const MAX_FIELDS: usize = 10;
const MAX_VALUES: usize = 300;
const MAX_VALUE_CHARS: usize = 100;

/// A document to describe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undescribed {
    /// The beginning of its text.
    pub content: String,
    /// What may be said of it.
    pub fields: Vec<Allowed>,
}

/// The values that a field may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The field.
    pub field: String,
    /// One of these, or nothing. Empty: words of the text.
    pub values: Vec<String>,
}

/// Something that is said of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Trait {
    /// The field.
    pub field: String,
    /// The value.
    pub value: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Words of the text that are said to show it.
    pub evidence: String,
}

impl Undescribed {
    /// Reads a text and what may be said of it.
    pub fn parse(content: String, fields: Vec<Allowed>) -> Result<Self, Error> {
        let content = bounded("content", content, MAX_CHARS)?;
        if !(1..=MAX_FIELDS).contains(&fields.len()) {
            let problem = format!("must be 1 to {MAX_FIELDS}, not {}", fields.len());
            return Err(Error::invalid("fields", problem));
        }
        for Allowed { field, values } in &fields {
            if values.len() > MAX_VALUES {
                let problem =
                    format!("must have at most {MAX_VALUES} values, not {}", values.len());
                return Err(Error::invalid("fields", problem));
            }
            for text in values.iter().chain([field]) {
                bounded("fields", text.clone(), MAX_VALUE_CHARS)?;
            }
        }
        Ok(Self { content, fields })
    }
}
