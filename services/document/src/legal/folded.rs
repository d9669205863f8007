//! A text as phrases are looked for in it: in lower case, each stretch of white space one space.

use aho_corasick::AhoCorasick;

/// Characters that count as the beginning of a document, where it says what it is.
pub(super) const HEAD: i32 = 1_500;

/// The folded text, and where each of its bytes stands in the text.
pub(super) struct Folded {
    text: String,
    places: Vec<i32>,
}

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(text.len()), places: Vec::new() };
        for (c, at) in text.chars().zip(0..) {
            match c {
                _ if c.is_whitespace() => {
                    if !folded.text.ends_with(' ') {
                        folded.push(' ', at);
                    }
                }
                '’' => folded.push('\'', at),
                _ => c.to_lowercase().for_each(|c| folded.push(c, at)),
            }
        }
        folded
    }

    fn push(&mut self, c: char, at: i32) {
        self.text.push(c);
        self.places.resize(self.text.len(), at);
    }

    /// Where words first stand as whole words, whatever their case and white space.
    pub(super) fn place_of(&self, words: &str) -> Option<(i32, i32)> {
        let words = Self::of(words.trim()).text;
        let mut places = self.text.match_indices(&words).map(|(at, _)| (at, at + words.len()));
        let (start, end) = places.find(|(start, end)| self.are_whole(*start, *end))?;
        Some((self.places[start], self.places[end - 1] + 1))
    }

    fn are_whole(&self, start: usize, end: usize) -> bool {
        let is_word = |c: char| c.is_alphanumeric();
        !self.text[..start].ends_with(is_word) && !self.text[end..].starts_with(is_word)
    }

    /// Where each of the phrases stands as whole words, all of them looked for at once.
    pub(super) fn seen(&self, phrases: &AhoCorasick) -> Vec<Seen> {
        let mut seen = vec![Seen::default(); phrases.patterns_len()];
        for found in phrases.find_overlapping_iter(&self.text) {
            let (start, end) = (found.start(), found.end());
            if !self.are_whole(start, end) {
                continue;
            }
            let place = (self.places[start], self.places[end - 1] + 1);
            let seen = &mut seen[found.pattern()];
            seen.first.get_or_insert(place);
            seen.count += 1;
            seen.in_head += usize::from(place.0 < HEAD);
        }
        seen
    }
}

/// Where a phrase stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// The first place, in characters.
    pub(super) first: Option<(i32, i32)>,
    /// How often.
    pub(super) count: usize,
    /// How often of that in the beginning.
    pub(super) in_head: usize,
}
