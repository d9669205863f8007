//! A text as phrases are looked for in it: in lower case, each stretch of white space one space.

use super::rules::Where;

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

    /// Where a phrase first stands, as whole words, and how often it does.
    pub(super) fn find(&self, phrase: &str, place: Where) -> Option<((i32, i32), usize)> {
        let is_word = |c: char| c.is_alphanumeric();
        let whole = self.text.match_indices(phrase).map(|(at, _)| at).filter(|at| {
            !self.text[..*at].ends_with(is_word)
                && !self.text[at + phrase.len()..].starts_with(is_word)
        });
        let mut within = whole.take_while(|at| place == Where::Anywhere || self.places[*at] < HEAD);
        let first = within.next()?;
        let last = first + phrase.len() - 1;
        Some(((self.places[first], self.places[last] + 1), 1 + within.count()))
    }
}
