//! Reads legal citations: cases in full and short, statutes, regulations, rules, constitutions, articles,
//! the record, and neutral and European ones. It says what is written, and whether that can be.

mod case;
mod code;
mod cursor;
mod data;
mod foreign;
mod parenthetical;
mod party;
mod phrase;
mod pincite;
mod plausible;
mod record;
mod resolve;
mod state;
mod volume;

use std::ops::Range;

use self::cursor::Cursor;
pub(crate) use self::plausible::implausible;
use crate::report::CitationKind;

/// A citation as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Citation {
    pub(crate) kind: CitationKind,
    /// From the volume, or whatever it begins with, to its end, without the parenthetical.
    pub(crate) bytes: Range<usize>,
    /// The volume, title or number before the abbreviation.
    pub(crate) volume: String,
    /// The usual abbreviation of the reporter, code, rules or document.
    pub(crate) reporter: String,
    /// The page, section, rule, paragraph or article.
    pub(crate) page: String,
    /// Where in it.
    pub(crate) pincite: String,
    pub(crate) year: Option<u16>,
    /// As it is written.
    pub(crate) court: String,
    /// The parties, where they stand before the citation.
    pub(crate) case_name: String,
    /// What else is said in parentheses.
    pub(crate) parenthetical: String,
    /// Which of the citations before it is meant.
    pub(crate) refers_to: Option<usize>,
    /// Editions that share the abbreviation.
    editions: Vec<u32>,
}

impl Citation {
    fn new(kind: CitationKind, bytes: Range<usize>) -> Self {
        Self {
            kind,
            bytes,
            volume: String::new(),
            reporter: String::new(),
            page: String::new(),
            pincite: String::new(),
            year: None,
            court: String::new(),
            case_name: String::new(),
            parenthetical: String::new(),
            refers_to: None,
            editions: Vec::new(),
        }
    }

    /// What tells it from another: the same authority is cited where this is the same.
    pub(crate) fn key(&self) -> (CitationKind, String) {
        let text = format!("{} {} {}", self.volume, self.reporter, self.page);
        (self.kind, text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase())
    }
}

/// The citations of a text, in its order.
pub(crate) fn extract(text: &str) -> Vec<Citation> {
    let mut found: Vec<Citation> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !begins_here(bytes, at) {
            at += 1;
            continue;
        }
        let cursor = Cursor::new(text, at);
        let citation = match bytes[at] {
            b'0'..=b'9' => case::volume_first(cursor),
            _ => phrase::named(cursor),
        };
        match citation {
            Some(citation) => {
                at = citation.bytes.end.max(at + 1);
                found.push(citation);
            }
            // A citation may stand in brackets itself.
            None if bytes[at] == b'[' => at += 1,
            None => at = skip_word(bytes, at),
        }
    }
    parenthetical::share_parentheticals(text, &mut found);
    resolve::resolve(text, &mut found);
    found
}

/// Whether a number, a word that may open a citation, or one of the signs for it begins at a byte.
fn begins_here(bytes: &[u8], at: usize) -> bool {
    let is_free = at == 0
        || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 0x80 && bytes[at] != b'[');
    let is_decimal = at > 1 && bytes[at - 1] == b'.' && bytes[at - 2].is_ascii_digit();
    is_free
        && match bytes[at] {
            b'0'..=b'9' => !is_decimal,
            b'A'..=b'Z' | b'[' | b'i' | b's' => true,
            _ => false,
        }
}

fn skip_word(bytes: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while bytes.get(next).is_some_and(u8::is_ascii_alphanumeric) {
        next += 1;
    }
    next
}

#[cfg(test)]
mod tests;
