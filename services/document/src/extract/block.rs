//! The structure of a text: which parts of it are headings, tables and notes.
//!
//! Readers put marks into the text where a part begins and ends. They are characters that Unicode says are
//! none, so that no text has them, and go before anybody sees it.

use serde::{Deserialize, Serialize};

/// A part of a page's text that is more than a paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Of a heading how deep it stands, from 1; of a note and of a reference to one, its number.
    pub level: i32,
    /// Where it starts in the page's text, in characters.
    pub start: i32,
    /// Where it ends, exclusive.
    pub end: i32,
}

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// The name of what follows it.
    Heading,
    /// Rows of cells.
    Table,
    /// A note at the foot of a page.
    Footnote,
    /// A note at the end.
    Endnote,
    /// The place that a footnote is about.
    FootnoteReference,
    /// The place that an endnote is about.
    EndnoteReference,
}

impl BlockKind {
    const ALL: [Self; 6] = [
        Self::Heading,
        Self::Table,
        Self::Footnote,
        Self::Endnote,
        Self::FootnoteReference,
        Self::EndnoteReference,
    ];

    /// The word that the contract uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Heading => "heading",
            Self::Table => "table",
            Self::Footnote => "footnote",
            Self::Endnote => "endnote",
            Self::FootnoteReference => "footnote_reference",
            Self::EndnoteReference => "endnote_reference",
        }
    }
}

/// The first mark, one for the start of each kind.
const STARTS: u32 = 0xfdd0;
/// The mark at the end of what is longer than a line.
pub(super) const END: char = '\u{fdda}';
/// The digits of a level, after a start.
const DIGITS: u32 = 0xfde0;

/// The mark at the start of a part.
pub(super) fn start(kind: BlockKind, level: u32) -> String {
    let digits = level.to_string();
    let digits = digits.chars().filter_map(|digit| char::from_u32(DIGITS + digit.to_digit(10)?));
    char::from_u32(STARTS + kind as u32).into_iter().chain(digits).collect()
}

/// Takes the marks out of a text, and says what they marked.
pub(super) fn unmark(marked: &str) -> (String, Vec<Block>) {
    let mut text = String::with_capacity(marked.len());
    let mut blocks: Vec<Block> = Vec::new();
    // Those that have begun, by their place in `blocks`.
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    for c in marked.chars() {
        if let Some(kind) =
            BlockKind::ALL.into_iter().find(|kind| c as u32 == STARTS + *kind as u32)
        {
            blocks.push(Block { kind, level: 0, start: at, end: at });
            if !matches!(kind, BlockKind::FootnoteReference | BlockKind::EndnoteReference) {
                open.push(blocks.len() - 1);
            }
        } else if (DIGITS..DIGITS + 10).contains(&(c as u32)) {
            if let Some(block) = blocks.last_mut() {
                let digit = (c as u32 - DIGITS).cast_signed();
                block.level = block.level.saturating_mul(10).saturating_add(digit);
            }
        } else if c == END {
            close(&mut blocks, &mut open, at, |kind| kind != BlockKind::Heading);
        } else {
            if c == '\n' {
                close(&mut blocks, &mut open, at, |kind| kind == BlockKind::Heading);
            }
            text.push(c);
            at += 1;
        }
    }
    for block in open {
        blocks[block].end = at;
    }
    blocks.retain(|block| block.end > block.start || is_reference(block.kind));
    (text, blocks)
}

fn is_reference(kind: BlockKind) -> bool {
    matches!(kind, BlockKind::FootnoteReference | BlockKind::EndnoteReference)
}

/// Ends the innermost of those that have begun, if it is one of these.
fn close(blocks: &mut [Block], open: &mut Vec<usize>, at: i32, ends: impl Fn(BlockKind) -> bool) {
    if let Some(block) = open.pop_if(|block| ends(blocks[*block].kind)) {
        blocks[block].end = at;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_go_and_their_places_stay() {
        let marked = format!(
            "{}Lease\nRent{}.\n{}A\tB{END}\n{}1 Due.{END}",
            start(BlockKind::Heading, 2),
            start(BlockKind::FootnoteReference, 1),
            start(BlockKind::Table, 0),
            start(BlockKind::Footnote, 1),
        );
        let (text, blocks) = unmark(&marked);
        assert_eq!(text, "Lease\nRent.\nA\tB\n1 Due.");
        let block = |kind, level, start, end| Block { kind, level, start, end };
        assert_eq!(
            blocks,
            [
                block(BlockKind::Heading, 2, 0, 5),
                block(BlockKind::FootnoteReference, 1, 10, 10),
                block(BlockKind::Table, 0, 12, 15),
                block(BlockKind::Footnote, 1, 16, 22),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_out_without_marks_and_with_places_inside(
            text in "([a-z\n\u{fdd0}-\u{fdef}]{0,3}){0,40}"
        ) {
            let (text, blocks) = unmark(&text);
            let length = i32::try_from(text.chars().count()).unwrap();
            prop_assert!(!text.chars().any(|c| ('\u{fdd0}'..='\u{fdd5}').contains(&c) || c == END), "a mark is left");
            for block in blocks {
                prop_assert!(0 <= block.start && block.start <= block.end && block.end <= length);
            }
        }
    }
}
