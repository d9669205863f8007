//! Cuts a document's text into passages: by its own structure, of a size that search likes, each with
//! its exact place. Knows nothing of files or of where the passages go.

mod piece;
mod section;
mod title;

use crate::extract::PAGE_BREAK;

use self::piece::{Known, Piece, Rank};
pub(crate) use self::section::sections;
pub(crate) use self::title::title;

/// The weight, in words, at which a passage is long enough: with its title and heading it is about what
/// the embedding model reads.
const ENOUGH: usize = 180;
/// The weight that no passage exceeds.
const MOST: usize = 230;
/// The weight at which a passage ends rather than take in the next heading.
const SECTION: usize = 90;
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
    /// The line of its page that it starts on, from 1.
    pub line: u32,
    /// The headings that it stands under, the outermost first.
    pub section: Vec<&'a str>,
}

/// A heading that a file calls one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heading {
    /// Where it starts in the text, in Unicode characters.
    pub start_char: usize,
    /// How deep it stands, from 1.
    pub level: u32,
}

/// Cuts a text whose pages are joined by [`PAGE_BREAK`]. No passage crosses a page, so that the page
/// number holds for every word of it. `headings` are those that the file names, in order; others are
/// told by their looks.
pub fn chunks<'a>(text: &'a str, headings: &[Heading]) -> Vec<Chunk<'a>> {
    let known = in_bytes(text, headings);
    let mut chunks = Vec::new();
    let mut path = Path::default();
    let mut level = 0;
    let mut page_start = 0;
    for (page, number) in text.split(PAGE_BREAK).zip(1..) {
        let of_page = known
            .iter()
            .filter(|known| (page_start..page_start + page.len().max(1)).contains(&known.start));
        let of_page: Vec<Known> =
            of_page.map(|known| Known { start: known.start - page_start, ..*known }).collect();
        let pieces = piece::pieces(page, &of_page, &mut level);
        let mut walked = 0;
        let mut lines = Lines::default();
        for passage in pack(&pieces) {
            path.follow(page, &pieces[walked..=passage.start]);
            walked = passage.start + 1;
            let (first, last) = (&pieces[passage.start], &pieces[passage.end - 1]);
            chunks.push(Chunk {
                content: &page[first.start..last.end],
                // Bytes for now; turned into characters in one pass below.
                start_char: page_start + first.start,
                end_char: page_start + last.end,
                page: number,
                line: lines.to(page, first.start),
                section: path.names(),
            });
        }
        path.follow(page, &pieces[walked..]);
        page_start += page.len() + PAGE_BREAK.len_utf8();
    }
    count_in_characters(text, &mut chunks);
    chunks
}

/// Headings stand in the order of the text, so one walk over it suffices.
fn in_bytes(text: &str, headings: &[Heading]) -> Vec<Known> {
    let mut places = text.char_indices().enumerate().peekable();
    let mut known = Vec::new();
    for heading in headings {
        while places.next_if(|(count, _)| *count < heading.start_char).is_some() {}
        if let Some((_, (start, _))) = places.peek() {
            known.push(Known { start: *start, level: heading.level });
        }
    }
    known
}

/// The headings that a place stands under.
#[derive(Default)]
struct Path<'a>(Vec<(Rank, &'a str)>);

impl<'a> Path<'a> {
    fn follow(&mut self, page: &'a str, pieces: &[Piece]) {
        for piece in pieces {
            let Some(rank) = piece.heading else { continue };
            let kept = self.0.iter().take_while(|(above, _)| *above < rank).count();
            self.0.truncate(kept);
            self.0.push((rank, one_line(&page[piece.start..piece.end])));
        }
    }

    fn names(&self) -> Vec<&'a str> {
        self.0.iter().map(|(_, name)| *name).collect()
    }
}

/// Counts lines on the way through a page.
#[derive(Default)]
struct Lines {
    bytes: usize,
    breaks: u32,
}

impl Lines {
    fn to(&mut self, page: &str, bytes: usize) -> u32 {
        let passed = page[self.bytes..bytes].bytes().filter(|byte| *byte == b'\n').count();
        self.breaks = self.breaks.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        self.bytes = bytes;
        self.breaks + 1
    }
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
        if end > first && (is_full || (piece.is_heading() && weight >= SECTION)) {
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
    while !pieces[end].is_heading()
        && next > first + 1
        && shared + pieces[next - 1].weight <= OVERLAP
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
        let chunks = chunks(text, &[]);
        let mut is_covered = vec![false; text.chars().count()];
        for chunk in &chunks {
            assert_eq!(slice(text, chunk), chunk.content);
            let before: String = text.chars().take(chunk.start_char).collect();
            assert_eq!(chunk.page as usize, before.matches(PAGE_BREAK).count() + 1);
            let page = before.rsplit(PAGE_BREAK).next().unwrap();
            assert_eq!(chunk.line as usize, page.matches('\n').count() + 1);
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
        let chunks = chunks(&text, &[]);
        assert_eq!(chunks.len(), 2);
        assert_eq!(chunks[0].section, ["1. Rent"]);
        assert!(chunks[1].content.starts_with("2. Repairs"));
        assert_eq!(chunks[1].section, ["2. Repairs"]);
    }

    #[test]
    fn passages_know_the_sections_that_they_stand_in() {
        let body = "The tenant shall pay the rent on the first day of each month. ".repeat(8);
        let text = format!(
            "ARTICLE I RENT\n\n1.1 Amount\n\n{body}\n\n1.2 Deposit\n\n{body}\u{c}ARTICLE II\n\n2.1 Repairs\n\n{body}"
        );
        let sections: Vec<_> = chunks(&text, &[]).into_iter().map(|chunk| chunk.section).collect();
        // The passage begins with the article's name, before its first section.
        assert_eq!(sections[0], ["ARTICLE I RENT"]);
        assert_eq!(sections[1], ["ARTICLE I RENT", "1.2 Deposit"]);
        assert_eq!(sections.last().unwrap(), &["ARTICLE II"]);
    }

    #[test]
    fn headings_that_the_file_names_are_headings_whatever_they_look_like() {
        let body = "The tenant shall pay the rent on the first day of each month. ".repeat(8);
        let text = format!("What is owed.\n{body}\nwhen it is owed,\n{body}");
        let place = |words: &str| text.find(words).unwrap();
        let heading = |words, level| Heading { start_char: place(words), level };
        let chunks = chunks(&text, &[heading("What is", 1), heading("when it", 2)]);
        let sections: Vec<_> = chunks.into_iter().map(|chunk| chunk.section).collect();
        assert_eq!(sections, [vec!["What is owed."], vec!["What is owed.", "when it is owed,"]]);
    }

    #[test]
    fn long_sections_overlap_by_whole_sentences() {
        let sentence =
            |n: usize| format!("Sentence {n} of the clause says what the parties agreed to do. ");
        let text: String = (0..60).map(sentence).collect();
        let chunks = chunks(&text, &[]);
        assert!(chunks.len() > 2);
        for pair in chunks.windows(2) {
            assert!(pair[1].start_char < pair[0].end_char, "no overlap");
            assert!(pair[1].content.starts_with("Sentence"));
            assert!(pair[0].content.ends_with("do."));
        }
    }
}
