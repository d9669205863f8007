//! What stands on the pages of a document among its words and is none of them: running heads, page numbers,
//! the numbers of a pleading's lines, and the calls of footnotes.

mod head;
mod line_number;
mod note;

use std::ops::Range;

/// A text without its furniture, in whose place there are spaces, so that every byte keeps its place.
#[derive(Debug, Clone)]
pub(crate) struct Bare {
    pub(crate) text: String,
    furniture: Vec<Range<usize>>,
}

impl Bare {
    /// `None` where nothing but words was found.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut furniture = Vec::new();
        head::find(text, &mut furniture);
        line_number::find(text, &mut furniture);
        note::find(text, &mut furniture);
        if furniture.is_empty() {
            return None;
        }
        furniture.sort_by_key(|range| (range.start, range.end));
        let furniture = joined(text, furniture);
        let mut bare = String::with_capacity(text.len());
        for range in &furniture {
            bare.push_str(&text[bare.len()..range.start]);
            bare.extend(text[range.clone()].bytes().map(|byte| match byte {
                b'\x0c' => '\x0c',
                _ => ' ',
            }));
        }
        bare.push_str(&text[bare.len()..]);
        Some(Self { text: bare, furniture })
    }

    /// Whether the call of a note touches what ends at a byte, or the mark behind that.
    pub(crate) fn has_note_at(&self, end: usize) -> bool {
        let marks = self.text[end..].bytes().take_while(|byte| matches!(byte, b'.' | b',' | b';'));
        let end = end + marks.count();
        self.furniture.binary_search_by_key(&end, |range| range.start).is_ok()
    }

    /// The furniture between two bytes.
    pub(crate) fn within(&self, bytes: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let first = self.furniture.partition_point(|range| range.start < bytes.start);
        let end = bytes.end;
        self.furniture[first..].iter().take_while(move |range| range.end <= end).cloned()
    }
}

/// Ranges in order, those with nothing between them in one: a page's foot and the next one's head.
fn joined(text: &str, ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last)
                if range.start <= last.end || text[last.end..range.start].trim().is_empty() =>
            {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range),
        }
    }
    joined
}

/// The lines of a text with the byte that each begins at, without what ends them.
fn lines(text: &str) -> impl DoubleEndedIterator<Item = (usize, &str)> {
    text.split('\n').map(move |line| (line.as_ptr() as usize - text.as_ptr() as usize, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> String {
        let bare = Bare::of(text).unwrap();
        assert_eq!(bare.text.len(), text.len());
        bare.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn heads_and_feet_that_come_again_are_none_of_the_words() {
        let page = |number, words| format!("ACME LEASE\n\n{words}\n\nPage {number} of 3\n");
        let text =
            [page(1, "The Tenant"), page(2, "shall keep"), page(3, "it clean.")].join("\x0c");
        assert_eq!(bare(&text), "The Tenant shall keep it clean.");
        assert_eq!(bare("The Tenant\n- 7 -\n\x0cshall keep it."), "The Tenant shall keep it.");
        assert!(Bare::of("The Tenant\n\x0cshall keep it.").is_none());
        assert!(Bare::of("ACME LEASE\nThe Tenant keeps it.").is_none());
    }

    #[test]
    fn lines_that_are_counted_lose_their_numbers() {
        let lines = |from: usize| -> String {
            let line = |at: usize| format!("{at:2}  word{at} goes on\n");
            (from..from + 10).map(line).collect()
        };
        assert!(bare(&lines(1)).starts_with("word1 goes on word2 goes on"));
        // Numbers that begin elsewhere, or in a short list, are the text's own.
        assert!(Bare::of(&lines(40)).is_none());
        assert!(Bare::of("1 chair\n2 tables\n3 lamps\n").is_none());
        assert!(Bare::of(&lines(1).replace("  ", ". ")).is_none());
    }

    #[test]
    fn calls_of_notes_are_told_from_powers_and_labels() {
        assert_eq!(bare("a duty of care.¹² The Tenant"), "a duty of care. The Tenant");
        assert_eq!(bare("a duty of care[3] is owed"), "a duty of care is owed");
        assert_eq!(bare("a duty of care.”4 The Tenant"), "a duty of care.” The Tenant");
        assert_eq!(bare("a duty of care,4 the Tenant"), "a duty of care, the Tenant");
        for text in
            ["10 m² of", "10² feet", "Rule.3 The", "No.1 The", "as [1] and", "x[1]", "Art.5,6 the"]
        {
            assert!(Bare::of(text).is_none(), "{text}");
        }
    }
}
