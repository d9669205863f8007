//! Cuts a document's text into passages: by its own structure, of a size that search likes, each with
//! its exact place. Knows nothing of files or of where the passages go.

mod piece;
mod section;
mod title;

use crate::extract::PAGE_BREAK;

use self::piece::Piece;
pub(crate) use self::section::sections;
pub(crate) use self::title::title;

/// The weight, in words, at which a passage is long enough: with its title and heading it is about what
/// the embedding model reads.
const ENOUGH: usize = 120;
/// The weight that no passage exceeds.
const MOST: usize = 180;
/// The weight at which a passage ends rather than take in the next heading.
const SECTION: usize = 60;
/// The weight below which what is left of a page joins the passage before it.
const SCRAP: usize = 40;
/// The weight of whole pieces that the next passage repeats, so that none is cut from what it refers to.
const OVERLAP: usize = 60;

/// A passage of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Exactly the text from `start_char` to `end_char`.
    pub content: &'a str,
    /// Where it starts, in Unicode characters.
    pub start_char: usize,
    /// Where it ends, exclusive.
    pub end_char: usize,
    /// The page that holds all of it, from 1; 1 where there are no pages.
    pub page: u32,
    /// The nearest heading at its start or before it.
    pub heading: Option<&'a str>,
}

/// Cuts a text whose pages are joined by [`PAGE_BREAK`]. No passage crosses a page, so that the page
/// number holds for every word of it.
pub fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let mut heading = None;
    let mut page_start = 0;
    for (page, number) in text.split(PAGE_BREAK).zip(1..) {
        let pieces = piece::pieces(page);
        for passage in pack(&pieces) {
            let (first, last) = (&pieces[passage.start], &pieces[passage.end - 1]);
            let above = pieces[..=passage.start].iter().rfind(|piece| piece.is_heading);
            heading = above.map(|piece| one_line(&page[piece.start..piece.end])).or(heading);
            chunks.push(Chunk {
                content: &page[first.start..last.end],
                // Bytes for now; turned into characters in one pass below.
                start_char: page_start + first.start,
                end_char: page_start + last.end,
                page: number,
                heading,
            });
        }
        heading = pieces
            .iter()
            .rfind(|piece| piece.is_heading)
            .map(|piece| one_line(&page[piece.start..piece.end]))
            .or(heading);
        page_start += page.len() + PAGE_BREAK.len_utf8();
    }
    count_in_characters(text, &mut chunks);
    chunks
}

fn one_line(heading: &str) -> &str {
    heading.lines().next().unwrap_or(heading).trim_start_matches(['#', ' '])
}

/// Which pieces make up each passage of a page.
fn pack(pieces: &[Piece]) -> Vec<std::ops::Range<usize>> {
    let mut passages = Vec::new();
    let mut first = 0;
    while first < pieces.len() {
        let end = fill(pieces, first);
        passages.push(first..end);
        if end == pieces.len() {
            break;
        }
        first = step_back(pieces, first, end);
    }
    passages
}

fn fill(pieces: &[Piece], first: usize) -> usize {
    let mut weight = 0;
    let mut end = first;
    while let Some(piece) = pieces.get(end) {
        let is_full = weight >= ENOUGH || weight + piece.weight > MOST;
        if end > first && (is_full || (piece.is_heading && weight >= SECTION)) {
            break;
        }
        weight += piece.weight;
        end += 1;
    }
    // Each piece weighs something, so that no more of them can be a scrap.
    let rest: usize = pieces[end..].iter().take(SCRAP).map(|piece| piece.weight).sum();
    if rest < SCRAP && weight + rest <= MOST { pieces.len() } else { end }
}

/// A new section starts clean; any other passage repeats the end of the one before.
fn step_back(pieces: &[Piece], first: usize, end: usize) -> usize {
    let mut next = end;
    let mut shared = 0;
    while !pieces[end].is_heading && next > first + 1 && shared + pieces[next - 1].weight <= OVERLAP
    {
        next -= 1;
        shared += pieces[next].weight;
    }
    next
}

/// Offsets rise from chunk to chunk, by start and by end, so two walks over the text suffice.
fn count_in_characters(text: &str, chunks: &mut [Chunk<'_>]) {
    let (mut start, mut end) = (Walk::default(), Walk::default());
    for chunk in chunks {
        chunk.start_char = start.to(text, chunk.start_char);
        chunk.end_char = end.to(text, chunk.end_char);
    }
}

#[derive(Default)]
struct Walk {
    bytes: usize,
    characters: usize,
}

impl Walk {
    fn to(&mut self, text: &str, bytes: usize) -> usize {
        self.characters += text[self.bytes..bytes].chars().count();
        self.bytes = bytes;
        self.characters
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slice(text: &str, chunk: &Chunk<'_>) -> String {
        text.chars().skip(chunk.start_char).take(chunk.end_char - chunk.start_char).collect()
    }

    fn check(text: &str) {
        let chunks = chunks(text);
        let mut is_covered = vec![false; text.chars().count()];
        for chunk in &chunks {
            assert_eq!(slice(text, chunk), chunk.content);
            let breaks = text.chars().take(chunk.start_char).filter(|c| *c == PAGE_BREAK).count();
            assert_eq!(chunk.page as usize, breaks + 1);
            assert!(!chunk.content.contains(PAGE_BREAK));
            assert!(piece::weigh(chunk.content) <= MOST + 1, "{}", piece::weigh(chunk.content));
            is_covered[chunk.start_char..chunk.end_char].fill(true);
        }
        assert!(chunks.is_sorted_by_key(|chunk| (chunk.start_char, chunk.end_char)));
        let lost =
            text.chars().zip(is_covered).find(|(c, covered)| c.is_alphanumeric() && !covered);
        assert_eq!(lost, None);
    }

    proptest! {
        #[test]
        fn every_place_is_exact_and_nothing_is_lost(
            text in proptest::collection::vec(
                prop_oneof![
                    4 => "[a-zA-Zéß§漢字🦀]{1,12}",
                    2 => Just(" ".to_owned()),
                    1 => prop_oneof![
                        Just("\n".to_owned()), Just("\n\n".to_owned()), Just("\u{c}".to_owned()),
                        Just(". ".to_owned()), Just("; ".to_owned()), Just("\n(a) ".to_owned()),
                        Just("\n\nARTICLE IV\n\n".to_owned()), Just("\n1.2 ".to_owned()),
                    ],
                ],
                0..1500,
            ).prop_map(|parts| parts.concat()),
        ) {
            check(&text);
        }

        #[test]
        fn any_text_at_all_is_cut(text in any::<String>()) {
            check(&text);
        }
    }

    #[test]
    fn text_without_spaces_is_cut_too() {
        check(&"漢".repeat(10_000));
        check(&"x".repeat(10_000));
    }

    #[test]
    fn sections_start_passages_and_name_them() {
        let body = "The tenant shall pay the rent on the first day of each month. ".repeat(10);
        let text = format!("1. Rent\n\n{body}\n\n2. Repairs\n\n{body}");
        let chunks = chunks(&text);
        assert_eq!(chunks.len(), 2);
        assert_eq!(chunks[0].heading, Some("1. Rent"));
        assert!(chunks[1].content.starts_with("2. Repairs"));
        assert_eq!(chunks[1].heading, Some("2. Repairs"));
    }

    #[test]
    fn long_sections_overlap_by_whole_sentences() {
        let sentence =
            |n: usize| format!("Sentence {n} of the clause says what the parties agreed to do. ");
        let text: String = (0..60).map(sentence).collect();
        let chunks = chunks(&text);
        assert!(chunks.len() > 2);
        for pair in chunks.windows(2) {
            assert!(pair[1].start_char < pair[0].end_char, "no overlap");
            assert!(pair[1].content.starts_with("Sentence"));
            assert!(pair[0].content.ends_with("do."));
        }
    }
}
