//! A text that quotes are held against, and places in it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use crate::furniture::Bare;
use crate::report::Location;

/// What stands between two pages of a document's text.
const PAGE_BREAK: u8 = b'\x0c';
/// Bytes between two counts of characters and lines.
const BLOCK: usize = 4096;

/// A document, or a part of one, that an answer may quote.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    document_id: Cow<'a, str>,
    markers: Vec<Cow<'a, str>>,
    text: Option<Cow<'a, str>>,
    first_char: usize,
    first_page: Option<usize>,
    is_recovered: bool,
    index: OnceLock<Index>,
    bare: OnceLock<Option<Bare>>,
}

impl<'a> Source<'a> {
    /// A document with its text. A form feed parts two pages.
    pub fn new(document_id: impl Into<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        let first_page = memchr(PAGE_BREAK, text.as_bytes()).map(|_| 1);
        Self { text: Some(text), first_page, ..Self::without_text(document_id) }
    }

    /// A document whose text is not known, such as a scan.
    pub fn without_text(document_id: impl Into<Cow<'a, str>>) -> Self {
        Self {
            document_id: document_id.into(),
            markers: Vec::new(),
            text: None,
            first_char: 0,
            first_page: None,
            is_recovered: false,
            index: OnceLock::new(),
            bare: OnceLock::new(),
        }
    }

    /// What the answer calls it, such as `[1]`. One source may have several markers, as when an answer
    /// was made from several of its passages.
    #[must_use]
    pub fn with_marker(mut self, marker: impl Into<Cow<'a, str>>) -> Self {
        self.markers.push(marker.into());
        self
    }

    /// The text begins at this character of its document, on this page.
    #[must_use]
    pub fn beginning_at(mut self, first_char: usize, page: Option<usize>) -> Self {
        self.first_char = first_char;
        self.first_page = page.or(self.first_page);
        self
    }

    /// The text was recovered from a damaged file: it may lack words, or change them.
    #[must_use]
    pub fn recovered(self) -> Self {
        Self { is_recovered: true, ..self }
    }

    /// Whether its text was recovered from a damaged file.
    pub(crate) fn is_recovered(&self) -> bool {
        self.is_recovered
    }

    /// Its id.
    pub fn document_id(&self) -> &str {
        &self.document_id
    }

    /// Whether the answer calls it anything.
    pub(crate) fn has_marker(&self) -> bool {
        !self.markers.is_empty()
    }

    /// Whether the answer calls it so.
    pub(crate) fn is_called(&self, marker: &str) -> bool {
        self.markers.iter().any(|own| own == marker)
    }

    /// Its text, if that has words.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| text.contains(char::is_alphanumeric))
    }

    /// Its text without running heads, numbers of lines and the like, where it has some.
    pub(crate) fn bare(&self) -> Option<&Bare> {
        self.bare.get_or_init(|| Bare::of(self.text()?)).as_ref()
    }

    /// The place of bytes of its text.
    pub(crate) fn locate(&self, bytes: Range<usize>) -> Location {
        let text = self.text.as_deref().unwrap_or_default();
        let index = self.index.get_or_init(|| Index::of(text));
        let start = index.count(text, bytes.start);
        let end = index.count(text, bytes.end);
        Location {
            document_id: self.document_id.clone().into_owned(),
            page: self.first_page.map(|first| first + start.pages),
            line: start.lines - start.lines_before_page + 1,
            start_char: self.first_char + start.chars,
            end_char: self.first_char + end.chars,
        }
    }
}

fn memchr(wanted: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == wanted)
}

/// What stands before a byte.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    chars: usize,
    lines: usize,
    pages: usize,
    /// Lines before the page that it is on.
    lines_before_page: usize,
}

impl Count {
    fn add(&mut self, bytes: &[u8]) {
        self.chars += bytes.iter().filter(|byte| !is_continuation(**byte)).count();
        match bytes.iter().rposition(|byte| *byte == PAGE_BREAK) {
            None => self.lines += line_ends(bytes),
            Some(last) => {
                self.pages += bytes.iter().filter(|byte| **byte == PAGE_BREAK).count();
                self.lines_before_page = self.lines + line_ends(&bytes[..last]);
                self.lines += line_ends(bytes);
            }
        }
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

fn line_ends(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// Counts at every block's start.
#[derive(Debug, Clone)]
struct Index(Vec<Count>);

impl Index {
    fn of(text: &str) -> Self {
        let mut count = Count::default();
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let before = count;
            count.add(block);
            before
        });
        Self(blocks.collect())
    }

    fn count(&self, text: &str, byte: usize) -> Count {
        let block = (byte / BLOCK).min(self.0.len().saturating_sub(1));
        let mut count = self.0.get(block).copied().unwrap_or_default();
        count.add(&text.as_bytes()[block * BLOCK..byte]);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_page_line_and_characters() {
        let text = format!("{}é one\x0ctwo\n“three” four", "x\n".repeat(5000));
        let source = Source::new("doc", text.as_str());
        let at = text.find("three").unwrap();
        let place = source.locate(at..at + 5);
        assert_eq!((place.page, place.line), (Some(2), 2));
        let chars: Vec<char> = text.chars().collect();
        let quoted: String = chars[place.start_char..place.end_char].iter().collect();
        assert_eq!(quoted, "three");
    }

    #[test]
    fn a_part_of_a_document_counts_from_where_it_begins() {
        let source = Source::new("doc", "one two").beginning_at(100, Some(7));
        let place = source.locate(4..7);
        assert_eq!((place.page, place.start_char, place.end_char), (Some(7), 104, 107));
    }
}
