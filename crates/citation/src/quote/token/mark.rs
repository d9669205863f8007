//! Marks as they are compared: what has one glyph or another, and what is written in several signs.

use super::super::fold::{
    DASH, ELLIPSIS, QUOTE, SOFT_HYPHEN, is_dash, is_double_quotation_mark, is_long_dash,
    is_quotation_mark,
};
use super::{PRIME, Token, Tokens};

impl Tokens<'_> {
    /// The mark that stands here.
    pub(super) fn mark(&mut self, c: char) -> Token {
        let start = self.at;
        let mut end = start + c.len_utf8();
        let mut is_open = false;
        let mark = if let Some(dots) = self.ellipsis() {
            end = dots;
            ELLIPSIS
        } else if is_dash(c) || c == SOFT_HYPHEN {
            is_open = is_long_dash(c);
            while let Some(dash) = self.char_at(end).filter(|c| is_dash(*c)) {
                is_open = true;
                end += dash.len_utf8();
            }
            DASH
        } else if is_quotation_mark(c) {
            self.quotation_mark(c, &mut end)
        } else if c == '_' {
            // The blank of a form is one sign, however long it is.
            end += self.bytes[end..].iter().take_while(|byte| **byte == b'_').count();
            c
        } else {
            c
        };
        let next = match self.joint {
            Some((hyphen, next)) if hyphen == start => Some(next),
            _ => None,
        };
        self.joint = None;
        self.number_end = usize::MAX;
        self.at = next.unwrap_or(end);
        let hash = u64::from(u32::from(mark)).wrapping_mul(PRIME);
        Token { start, end, mark: Some(mark), hash, is_glued: self.is_glued, is_open }
    }

    /// After a number a single mark may be feet and a double one inches, so they stay apart.
    fn quotation_mark(&self, c: char, end: &mut usize) -> char {
        let is_doubled = !is_double_quotation_mark(c) && self.char_at(*end) == Some(c);
        if is_doubled {
            *end += c.len_utf8();
        }
        let is_double = is_doubled || is_double_quotation_mark(c);
        if self.number_end == self.at && is_double { '"' } else { QUOTE }
    }

    /// The end of three dots or more, however they are spaced.
    fn ellipsis(&self) -> Option<usize> {
        let (mut at, mut end, mut dots) = (self.at, self.at, 0);
        loop {
            match self.char_at(at) {
                Some('.') => dots += 1,
                Some(c @ ('…' | '⋯')) => {
                    dots += 3;
                    end = at + c.len_utf8();
                    at = end;
                    continue;
                }
                Some(c @ (' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')) if dots > 0 && at == end => {
                    at += c.len_utf8();
                    continue;
                }
                _ => break,
            }
            at += 1;
            end = at;
        }
        (dots >= 3).then_some(end)
    }
}
