//! Quotation marks in a paragraph. An apostrophe looks like one, and so does the sign for inches.

use std::ops::Range;

use super::super::quote::{entity, is_double_quotation_mark};
use super::marker;

/// Words that begin with an apostrophe.
const CLIPPED: [&str; 7] = ["tis", "twas", "twere", "em", "n", "til", "cause"];

/// The bytes between each pair of quotation marks. What is quoted within a quote belongs to it.
pub(super) fn quotes(text: &str) -> Vec<Range<usize>> {
    let marks = marks(text);
    let mut quotes = Vec::new();
    let mut at = 0;
    while let Some(mark) = marks.get(at) {
        let Some(pair) = mark.pair() else {
            at += 1;
            continue;
        };
        let start = mark.byte + mark.length;
        let rest = &marks[at + 1..];
        match close(rest, &pair, pair.closes).or_else(|| close(rest, &pair, pair.otherwise)) {
            Some(offset) => {
                let end = &marks[at + 1 + offset];
                quotes.push(trim(text, start..end.byte));
                at += offset + 2;
            }
            None if pair.is_double => {
                // What is not closed is still said to be quoted.
                quotes.push(trim(text, start..text.len()));
                break;
            }
            None => at += 1,
        }
    }
    quotes
}

/// The signs of a text that may open or close a quote.
fn marks(text: &str) -> Vec<Mark<'_>> {
    let mut marks = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(may_be_mark).map(|at| from + at) {
        let (c, length) = read_mark(&text[at..]);
        from = at + length;
        marks.extend(c.map(|c| Mark::at(text, at, c, length)));
    }
    marks
}

fn may_be_mark(c: char) -> bool {
    is_double_quotation_mark(c) || matches!(c, '\'' | '‘' | '’' | '‚' | '‹' | '›' | '&' | '`')
}

/// The mark that a text begins with, and its bytes. HTML may write it as an entity, and TeX doubled.
fn read_mark(rest: &str) -> (Option<char>, usize) {
    let is_tex = |mark: &str| rest.starts_with(mark) && !rest[2..].starts_with(&mark[1..]);
    match rest.chars().next() {
        Some('&') => match entity(rest) {
            Some((c, length)) => (Some(c).filter(|c| *c != '&' && may_be_mark(*c)), length),
            None => (None, 1),
        },
        Some('`') if is_tex("``") && rest.contains("''") => (Some('❝'), 2),
        Some('`') => (None, 1),
        Some('\'') if is_tex("''") => (Some('❞'), 2),
        c => (c, c.map_or(1, char::len_utf8)),
    }
}

/// A sign that may open or close a quote, and what stands around it.
struct Mark<'a> {
    text: &'a str,
    byte: usize,
    /// Its bytes: one may be written in several signs.
    length: usize,
    c: char,
    before: Option<char>,
    after: Option<char>,
}

/// Which mark closes a quote.
struct Pair {
    open: char,
    closes: &'static [char],
    /// Where it is absent.
    otherwise: &'static [char],
    is_double: bool,
}

impl<'a> Mark<'a> {
    fn at(text: &'a str, byte: usize, c: char, length: usize) -> Self {
        let before = text[..byte].chars().next_back();
        let after = text[byte + length..].chars().next();
        Self { text, byte, length, c, before, after }
    }

    /// After a space or an opening sign, and before a word.
    fn can_open(&self) -> bool {
        let is_free = self
            .before
            .is_none_or(|c| !c.is_alphanumeric() && !matches!(c, ')' | ']' | '.' | ',' | '%'));
        is_free && self.after.is_some_and(|c| !c.is_whitespace())
    }

    fn can_close(&self) -> bool {
        self.before.is_some_and(|c| !c.is_whitespace())
            && !self.after.is_some_and(char::is_alphanumeric)
    }

    /// What closes a quote that this mark opens. `None` when it opens none.
    fn pair(&self) -> Option<Pair> {
        let (closes, otherwise, is_double): (&[char], &[char], bool) = match self.c {
            '“' | '‟' => (&['”'], &['“', '"'], true),
            '„' => (&['“', '”'], &['"'], true),
            '"' | '”' if self.can_open() => (&['"'], &['”', '“'], true),
            '＂' | '״' | '″' if self.can_open() => (&['＂', '״', '″'], &[], true),
            '❝' => (&['❞'], &[], true),
            '❞' if self.can_open() => (&['❞'], &[], true),
            '「' => (&['」'], &[], true),
            '『' => (&['』'], &[], true),
            '〝' => (&['〞', '〟'], &[], true),
            '«' => (&['»'], &[], true),
            '»' if self.can_open() => (&['«'], &['»'], true),
            '‹' => (&['›'], &[], false),
            '›' if self.can_open() => (&['‹'], &[], false),
            '‚' if self.can_open() => (&['‘', '’'], &[], false),
            '‘' if self.can_open() => (&['’'], &[], false),
            '\'' if self.can_open() && !self.is_clipping() => (&['\''], &['’'], false),
            _ => return None,
        };
        Some(Pair { open: self.c, closes, otherwise, is_double })
    }

    /// Whether it stands for letters left out: `'tis`, `'90s`.
    fn is_clipping(&self) -> bool {
        let rest = &self.text[self.byte + self.length..];
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        CLIPPED.iter().any(|clipped| clipped.eq_ignore_ascii_case(&word))
            || (word.starts_with(|c: char| c.is_ascii_digit())
                && word.ends_with('s')
                && word.len() <= 5)
    }

    /// A possessive's apostrophe: after an `s`, before a space and another word in lower case.
    fn may_be_possessive(&self) -> bool {
        let mut rest = self.text[self.byte + self.length..].chars();
        matches!(self.before, Some('s' | 'S' | 'z' | 'x'))
            && rest.next() == Some(' ')
            && rest.next().is_some_and(char::is_lowercase)
    }
}

/// Which of the marks that follow closes the quote.
fn close(marks: &[Mark<'_>], pair: &Pair, closes: &[char]) -> Option<usize> {
    let mut depth = 0;
    let mut first = None;
    for (at, mark) in marks.iter().enumerate() {
        if !pair.is_double && mark.c == pair.open && mark.can_open() && !mark.can_close() {
            break;
        }
        let opens_again =
            pair.is_double && mark.c == pair.open && mark.can_open() && !is_close_only(pair, mark);
        if opens_again {
            depth += 1;
        } else if closes.contains(&mark.c) && mark.can_close_for(pair) {
            if !pair.is_double && mark.may_be_possessive() {
                first = first.or(Some(at));
                continue;
            }
            first = first.or(Some(at));
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    // Marks that do not come in pairs: the first that closes anything closes this.
    first
}

/// The German closing mark is the English opening one.
fn is_close_only(pair: &Pair, mark: &Mark<'_>) -> bool {
    pair.open == '„' && mark.c != '„'
}

impl Mark<'_> {
    fn can_close_for(&self, pair: &Pair) -> bool {
        match self.c {
            '”' | '»' | '«' | '›' | '‹' | '」' | '』' | '❞' | '〞' | '〟' => true,
            '“' => pair.open == '„' || self.can_close(),
            _ => self.can_close(),
        }
    }
}

/// Without spaces and the markers that name its source at its end.
fn trim(text: &str, bytes: Range<usize>) -> Range<usize> {
    let inner = marker::trim_end(&text[bytes.clone()]);
    let start = bytes.start + inner.len() - inner.trim_start().len();
    start..start + inner.trim().len()
}
