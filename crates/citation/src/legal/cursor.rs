//! A place in a text, and what can be read from it on.

/// Reads forward. Whatever is not there leaves it where it is.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) at: usize,
}

/// The bytes of the space that bytes begin with, be it of any width. Line ends are none.
pub(super) fn space_bytes(bytes: &[u8]) -> usize {
    match bytes {
        [b' ' | b'\t' | b'\r', ..] => 1,
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0x80..=0x8a | 0xaf, ..] | [0xe2, 0x81, 0x9f, ..] | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, start: at, at }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes().first().copied()
    }

    /// Steps over a string.
    pub(super) fn eat(&mut self, what: &str) -> bool {
        let is_there = self.bytes().starts_with(what.as_bytes());
        self.at += if is_there { what.len() } else { 0 };
        is_there
    }

    /// Whether the first two letters of a name stand here: most names are turned away by them.
    pub(super) fn begins_like(&self, name: &str) -> bool {
        self.bytes().starts_with(&name.as_bytes()[..2])
    }

    /// Steps over words, whatever space and line ends part them, if they end at a word's end.
    pub(super) fn eat_words(&mut self, words: &str) -> bool {
        let mut next = *self;
        for (number, word) in words.split(' ').enumerate() {
            if number > 0 {
                next.space();
            }
            if !next.eat(word) {
                return false;
            }
        }
        let ends = next.text.as_bytes()[next.at - 1].is_ascii_alphanumeric();
        if ends && next.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            return false;
        }
        *self = next;
        true
    }

    /// Steps over spaces and one line end. Says whether there were any.
    pub(super) fn space(&mut self) -> bool {
        let from = self.at;
        let mut lines = 0;
        loop {
            match self.peek() {
                Some(b'\n' | b'\x0c') if lines == 0 => {
                    lines += 1;
                    self.at += 1;
                }
                _ => match space_bytes(self.bytes()) {
                    0 => return self.at > from,
                    length => self.at += length,
                },
            }
        }
    }

    /// The bytes that fit.
    pub(super) fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'a str {
        let from = self.at;
        while self.peek().is_some_and(&fits) {
            self.at += 1;
        }
        &self.text[from..self.at]
    }

    pub(super) fn digits(&mut self) -> &'a str {
        self.take_while(|byte| byte.is_ascii_digit())
    }

    /// The sign for sections or paragraphs, or the word for it.
    pub(super) fn section_sign(&mut self) -> bool {
        let from = self.at;
        while self.eat("§") || self.eat("¶") {
            self.space();
        }
        if self.at > from {
            return true;
        }
        let is_word = [
            "Section", "section", "Sections", "sections", "Sec.", "sec.", "ss.", "para.", "paras.",
        ]
        .iter()
        .any(|word| self.eat_words(word));
        self.space();
        is_word
    }

    /// A section with its subsections: `78u-4(b)(2)`, `240.10b-5`, `12(b)(6)`.
    pub(super) fn section(&mut self) -> Option<&'a str> {
        let from = self.at;
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return None;
        }
        loop {
            self.take_while(|byte| byte.is_ascii_alphanumeric());
            let rest = self.bytes();
            match rest.first() {
                Some(b'.' | b'-' | b':' | b'/')
                    if rest.get(1).is_some_and(u8::is_ascii_alphanumeric) =>
                {
                    self.at += 1
                }
                Some(b'(') => {
                    let Some(close) = rest.iter().take(8).position(|byte| *byte == b')') else {
                        break;
                    };
                    if close < 2 || !rest[1..close].iter().all(u8::is_ascii_alphanumeric) {
                        break;
                    }
                    self.at += close + 1;
                }
                _ => break,
            }
        }
        Some(&self.text[from..self.at])
    }

    /// Pages behind a comma or `at`: `153`, `153-54`, `*3`, `153 n.5`, `¶ 14`.
    pub(super) fn pages(&mut self) -> Option<&'a str> {
        let from = self.at;
        while self.eat("¶") || self.eat("§") || self.eat("*") {
            self.space();
        }
        let first = self.digits();
        if first.is_empty() || self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.at = from;
            return None;
        }
        loop {
            let mut next = *self;
            let is_range = ["-", "–", ":"].iter().any(|sign| next.eat(sign));
            next.eat("*");
            if is_range && !next.digits().is_empty() {
                *self = next;
                continue;
            }
            let mut next = *self;
            next.eat(",");
            next.space();
            next.eat("&");
            next.space();
            let is_note = next.eat("nn.") || next.eat("n.") || next.eat("note ");
            next.space();
            if is_note && !next.digits().is_empty() {
                *self = next;
                continue;
            }
            return Some(&self.text[from..self.at]);
        }
    }
}
