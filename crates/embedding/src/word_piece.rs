//! Cuts text into the tokens of an uncased BERT vocabulary, as the model saw them in training.

use std::collections::HashMap;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// Longer words become the unknown token as a whole.
const MAX_WORD_CHARS: usize = 100;

/// The vocabulary, with the pieces that go on inside a word kept apart.
pub(crate) struct WordPiece {
    starts: HashMap<Box<str>, u32>,
    continuations: HashMap<Box<str>, u32>,
    unknown: u32,
    opening: u32,
    closing: u32,
}

#[derive(Deserialize)]
struct File {
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    vocab: HashMap<String, u32>,
}

impl WordPiece {
    /// Reads a `tokenizer.json`.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let File { model } = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let special = |name: &str| model.vocab.get(name).copied().ok_or(format!("no token {name}"));
        let (unknown, opening, closing) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        let mut starts = HashMap::with_capacity(model.vocab.len());
        let mut continuations = HashMap::new();
        for (piece, id) in model.vocab {
            match piece.strip_prefix("##") {
                Some(rest) if !rest.is_empty() => continuations.insert(rest.into(), id),
                _ => starts.insert(piece.into(), id),
            };
        }
        Ok(Self { starts, continuations, unknown, opening, closing })
    }

    /// One more than the largest token.
    pub(crate) fn size(&self) -> usize {
        let ids = self.starts.values().chain(self.continuations.values());
        ids.max().map_or(0, |&largest| largest as usize + 1)
    }

    /// The tokens of a text between the opening and the closing mark, at most `limit` in all.
    pub(crate) fn tokens(&self, text: &str, limit: usize) -> Vec<u32> {
        let room = limit.saturating_sub(1);
        let mut tokens = vec![self.opening];
        let mut word = String::new();
        for character in clean(text) {
            if tokens.len() >= room {
                break;
            }
            if character.is_whitespace() {
                self.end_word(&mut word, &mut tokens);
            } else if is_punctuation(character) {
                self.end_word(&mut word, &mut tokens);
                word.push(character);
                self.end_word(&mut word, &mut tokens);
            } else {
                word.push(character);
            }
        }
        self.end_word(&mut word, &mut tokens);
        tokens.truncate(room);
        tokens.push(self.closing);
        tokens
    }

    fn end_word(&self, word: &mut String, tokens: &mut Vec<u32>) {
        if !word.is_empty() {
            self.push_pieces(word, tokens);
            word.clear();
        }
    }

    /// Takes the longest known piece each time; a word that cannot be spelt out is unknown.
    fn push_pieces(&self, word: &str, tokens: &mut Vec<u32>) {
        let before = tokens.len();
        let mut rest = word;
        if word.chars().count() > MAX_WORD_CHARS {
            tokens.push(self.unknown);
            return;
        }
        while !rest.is_empty() {
            let pieces = if rest.len() == word.len() { &self.starts } else { &self.continuations };
            let ends = [rest.len()].into_iter().chain(rest.char_indices().rev().map(|(at, _)| at));
            let longest = ends
                .filter(|&end| end > 0)
                .find_map(|end| pieces.get(&rest[..end]).map(|&id| (id, end)));
            let Some((id, end)) = longest else {
                tokens.truncate(before);
                tokens.push(self.unknown);
                return;
            };
            tokens.push(id);
            rest = &rest[end..];
        }
    }
}

/// Lower case without accents and control characters; ideographs stand alone.
fn clean(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|&character| !is_control(character))
        .flat_map(|character| {
            let space = is_ideograph(character).then_some(' ');
            space.into_iter().chain([character]).chain(space)
        })
        .nfd()
        .filter(|character| character.general_category() != GeneralCategory::NonspacingMark)
        .flat_map(char::to_lowercase)
}

fn is_control(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\u{fffd}' => true,
        _ => character.general_category_group() == GeneralCategoryGroup::Other,
    }
}

fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        || character.general_category_group() == GeneralCategoryGroup::Punctuation
}

fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{4e00}'..='\u{9fff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}'
        | '\u{f900}'..='\u{faff}'
        | '\u{2f800}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> WordPiece {
        let json = br###"{"model": {"vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "lease": 3,
            "##hold": 4, "##holder": 5, ".": 6, "resume": 7, "\u6cd5": 8, "#": 9}}}"###;
        WordPiece::parse(json).unwrap()
    }

    #[test]
    fn words_are_spelt_with_the_longest_pieces() {
        assert_eq!(vocabulary().tokens("Leaseholder lease.", 99), [1, 3, 5, 3, 6, 2]);
    }

    #[test]
    fn case_accents_and_control_characters_do_not_count() {
        assert_eq!(vocabulary().tokens("R\u{e9}sum\u{e9}\u{0} re\u{301}sume", 99), [1, 7, 7, 2]);
    }

    #[test]
    fn ideographs_stand_alone_and_strange_words_are_unknown() {
        assert_eq!(vocabulary().tokens("lease\u{6cd5}\u{6cd5} leasex", 99), [1, 3, 8, 8, 0, 2]);
    }

    #[test]
    fn a_long_text_is_cut_and_still_closed() {
        assert_eq!(vocabulary().tokens("lease leaseholder", 4), [1, 3, 3, 2]);
        assert_eq!(vocabulary().tokens("", 4), [1, 2]);
    }
}
