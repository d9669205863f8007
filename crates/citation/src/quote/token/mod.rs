//! Words and marks of a text, each with its place. Texts are compared token by token.

mod mark;

use super::fold::{
    self, DASH, LOWER, SOFT_HYPHEN, is_apostrophe, is_invisible, is_unspaced, is_word,
};

/// A word or a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// Its first byte.
    pub(super) start: usize,
    /// The byte after it.
    pub(super) end: usize,
    /// The mark, folded. A word has none.
    pub(super) mark: Option<char>,
    /// Of its folded form.
    pub(super) hash: u64,
    /// No space parts it from the token before.
    pub(super) is_glued: bool,
    /// A word that a hyphen at the end of its line may only have parted, or a dash that parts words.
    pub(super) is_open: bool,
}

impl Token {
    /// Whether it is a word or a number.
    pub(super) fn is_word(&self) -> bool {
        self.mark.is_none()
    }

    /// The characters it stands for.
    pub(super) fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }

    /// Whether it is a dash that parts words, not a hyphen that joins them.
    pub(super) fn is_long_dash(&self) -> bool {
        self.mark == Some(DASH) && self.is_open
    }
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(PRIME)
}

/// The hash of a word that goes on with another word.
pub(super) fn continue_hash(hash: u64, rest: &str) -> u64 {
    let mut folded = String::new();
    fold::fold_word(rest, &mut folded);
    folded.bytes().fold(hash, step)
}

/// Walks over the tokens of a text.
pub(super) struct Tokens<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    is_glued: bool,
    /// Where the hyphen stands that may only part a word, and where the word goes on.
    joint: Option<(usize, usize)>,
    /// The end of the last token, if that was a number.
    number_end: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens from a byte on.
    pub(super) fn from(text: &'a str, at: usize) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at,
            is_glued: false,
            joint: None,
            number_end: usize::MAX,
        }
    }

    fn char_at(&self, at: usize) -> Option<char> {
        match self.bytes.get(at) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            Some(_) => self.text[at..].chars().next(),
            None => None,
        }
    }

    fn char_before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    #[inline]
    fn word(&mut self) -> Token {
        let start = self.at;
        let mut hash = SEED;
        let mut at = start;
        let mut is_folded = true;
        loop {
            for &byte in &self.bytes[at..] {
                let lower = LOWER[usize::from(byte)];
                if lower == 0 {
                    break;
                }
                hash = step(hash, lower);
                at += 1;
            }
            if is_folded && at > start && self.ends_plainly(at) {
                return self.plain_word(start, at, hash);
            }
            let Some(c) = self.char_at(at) else { break };
            let next = at + c.len_utf8();
            if is_apostrophe(c) {
                if at == start || !self.char_at(next).is_some_and(char::is_alphabetic) {
                    break;
                }
                hash = step(hash, b'\'');
            } else if matches!(c, '.' | ',' | ':') {
                if !self.is_between_digits(at, next) {
                    break;
                }
                hash = step(hash, c as u8);
            } else if c.is_ascii()
                || c == SOFT_HYPHEN
                || !(is_word(c) || is_invisible(c))
                || is_invisible(c) && self.parts_numbers(at, next)
            {
                break;
            } else if is_unspaced(c) {
                if at == start {
                    at = next;
                    is_folded = false;
                }
                break;
            } else {
                is_folded = false;
            }
            at = next;
        }
        if !is_folded {
            hash = continue_hash(SEED, &self.text[start..at]);
        }
        self.joint = self.find_joint(at);
        self.at = at;
        let is_number = at > start && self.bytes[at - 1].is_ascii_digit();
        self.number_end = if is_number { at } else { usize::MAX };
        let is_open = self.joint.is_some();
        Token { start, end: at, mark: None, hash, is_glued: self.is_glued, is_open }
    }

    /// Whether a word that was read up to here ends, and nothing may join it to what follows. So most do.
    #[inline]
    fn ends_plainly(&self, at: usize) -> bool {
        match self.bytes.get(at) {
            None | Some(b' ' | b'\n' | b')' | b'(' | b';') => true,
            Some(b'.' | b',' | b':') => !self.bytes[at - 1].is_ascii_digit(),
            Some(_) => false,
        }
    }

    #[inline]
    fn plain_word(&mut self, start: usize, end: usize, hash: u64) -> Token {
        self.joint = None;
        self.at = end;
        self.number_end = if self.bytes[end - 1].is_ascii_digit() { end } else { usize::MAX };
        Token { start, end, mark: None, hash, is_glued: self.is_glued, is_open: false }
    }

    fn is_between_digits(&self, at: usize, next: usize) -> bool {
        let is_digit = |at: usize| self.bytes.get(at).is_some_and(u8::is_ascii_digit);
        at > 0 && is_digit(at - 1) && is_digit(next)
    }

    /// What parts digits is never overlooked: they could be two numbers.
    fn parts_numbers(&self, at: usize, next: usize) -> bool {
        self.char_before(at).is_some_and(char::is_numeric)
            && self.char_at(next).is_some_and(char::is_numeric)
    }

    /// A hyphen that a line or page ends with, or a soft one, between two letters. Between digits it is no joint.
    fn find_joint(&self, at: usize) -> Option<(usize, usize)> {
        let hyphen = self.char_at(at)?;
        if !matches!(hyphen, '-' | '\u{2010}' | SOFT_HYPHEN)
            || !self.char_before(at).is_some_and(char::is_alphabetic)
        {
            return None;
        }
        let mut next = at + hyphen.len_utf8();
        let (mut lines, mut pages) = (0, 0);
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n' | b'\x0c')) = self.bytes.get(next) {
            lines += usize::from(*byte == b'\n');
            pages += usize::from(*byte == b'\x0c');
            next += 1;
        }
        let is_broken = (lines == 1 && pages == 0)
            || (lines <= 2 && pages == 1)
            || (hyphen == SOFT_HYPHEN && next == at + hyphen.len_utf8());
        (is_broken && self.char_at(next).is_some_and(char::is_alphabetic)).then_some((at, next))
    }

    /// A soft hyphen beside a digit is a hyphen of a font that has it in the wrong place.
    fn is_hyphen_of_number(&self) -> bool {
        let next = self.at + SOFT_HYPHEN.len_utf8();
        self.char_before(self.at).is_some_and(char::is_numeric)
            || self.char_at(next).is_some_and(char::is_numeric)
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    #[inline]
    fn next(&mut self) -> Option<Token> {
        loop {
            let &byte = self.bytes.get(self.at)?;
            if byte <= b' ' {
                self.at += 1;
                self.is_glued = false;
                continue;
            }
            let token = if LOWER[usize::from(byte)] != 0 {
                self.word()
            } else {
                let c = self.char_at(self.at)?;
                if c.is_whitespace() || c.is_control() {
                    self.at += c.len_utf8();
                    self.is_glued = false;
                    continue;
                }
                let is_joint = self.joint.is_some_and(|(hyphen, _)| hyphen == self.at);
                let is_hidden = is_invisible(c)
                    || (c == SOFT_HYPHEN && !is_joint && !self.is_hyphen_of_number());
                if is_hidden {
                    self.at += c.len_utf8();
                    continue;
                }
                // The modifier letter apostrophe is a letter, but no word begins with it.
                if is_word(c) && !is_apostrophe(c) { self.word() } else { self.mark(c) }
            };
            self.is_glued = true;
            return Some(token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        Tokens::from(text, 0).map(|token| token.text(text)).collect()
    }

    #[test]
    fn numbers_and_possessives_are_one_token() {
        assert_eq!(tokens("Supplier’s $1.5 million"), ["Supplier’s", "$", "1.5", "million"]);
        assert_eq!(tokens("(30) days' notice."), ["(", "30", ")", "days", "'", "notice", "."]);
        assert_eq!(tokens("1,000,000 at 10:30, 5"), ["1,000,000", "at", "10:30", ",", "5"]);
        assert_eq!(tokens("a. . . b… . c"), ["a", ". . .", "b", "… .", "c"]);
        assert_eq!(tokens("ʼokina Makaʼike"), ["ʼ", "okina", "Makaʼike"]);
        assert_eq!(tokens("甲方 und"), ["甲", "方", "und"]);
    }

    #[test]
    fn only_a_hyphen_between_letters_at_a_line_end_is_a_joint() {
        let open = |text: &str| Tokens::from(text, 0).any(|token| token.is_word() && token.is_open);
        assert!(open("obli-\ngation") && open("obli\u{ad}gation") && open("obli- \n  gation"));
        assert!(!open("30-\n60") && !open("30\u{ad}60") && !open("well-known") && !open("a -\nb"));
        assert_eq!(tokens("30\u{ad}60"), ["30", "\u{ad}", "60"]);
    }
}
