//! Quotation marks in a paragraph. An apostrophe looks like one, and so does the sign for inches.

use std::ops::Range;

use super::super::quote::is_double_quotation_mark;

/// Words that begin with an apostrophe.
const CLIPPED: [&str; 7] = ["tis", "twas", "twere", "em", "n", "til", "cause"];

/// The bytes between each pair of quotation marks. What is quoted within a quote belongs to it.
pub(super) fn quotes(text: &str) -> Vec<Range<usize>> {
    let marks: Vec<Mark> = text
        .char_indices()
        .filter(|(_, c)| {
            is_double_quotation_mark(*c) || matches!(c, '\'' | '‘' | '’' | '‚' | '‹' | '›')
        })
        .map(|(at, c)| Mark::at(text, at, c))
        .collect();
    let mut quotes = Vec::new();
    let mut at = 0;
    while let Some(mark) = marks.get(at) {
        let Some(pair) = mark.pair() else {
            at += 1;
            continue;
        };
        let start = mark.byte + mark.c.len_utf8();
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

/// A sign that may open or close a quote, and what stands around it.
struct Mark<'a> {
    text: &'a str,
    byte: usize,
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
    fn at(text: &'a str, byte: usize, c: char) -> Self {
        let before = text[..byte].chars().next_back();
        let after = text[byte + c.len_utf8()..].chars().next();
        Self { text, byte, c, before, after }
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
        let rest = &self.text[self.byte + 1..];
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        CLIPPED.iter().any(|clipped| clipped.eq_ignore_ascii_case(&word))
            || (word.starts_with(|c: char| c.is_ascii_digit())
                && word.ends_with('s')
                && word.len() <= 5)
    }

    /// A possessive's apostrophe: after an `s`, before a space and another word in lower case.
    fn may_be_possessive(&self) -> bool {
        let mut rest = self.text[self.byte + self.c.len_utf8()..].chars();
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
            '”' | '»' | '«' | '›' | '‹' => true,
            '“' => pair.open == '„' || self.can_close(),
            _ => self.can_close(),
        }
    }
}

fn trim(text: &str, bytes: Range<usize>) -> Range<usize> {
    let inner = &text[bytes.clone()];
    let start = bytes.start + inner.len() - inner.trim_start().len();
    start..start + inner.trim().len()
}
