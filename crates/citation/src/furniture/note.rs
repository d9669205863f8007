//! The calls of footnotes: raised digits, numbers in brackets, and digits that lost their height.

use std::ops::Range;

/// Letters before a raised number that a unit of measure has not.
const MIN_LETTERS: usize = 3;
/// Letters before digits that lost their height: `No.1` and `Rule.3` are labels.
const MIN_LETTERS_BEFORE_DIGITS: usize = 4;
const MAX_DIGITS: usize = 3;
/// Words before a number that say what it counts.
const LABELS: [&str; 12] = [
    "rule", "item", "part", "page", "note", "step", "form", "annex", "article", "section",
    "clause", "exhibit",
];

/// Words behind which a raised number is a power.
const UNITS: [&str; 14] = [
    "feet",
    "foot",
    "inch",
    "inches",
    "metre",
    "metres",
    "meter",
    "meters",
    "kilometres",
    "kilometers",
    "mile",
    "miles",
    "yard",
    "yards",
];

/// Adds the calls of notes.
pub(super) fn find(text: &str, furniture: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(may_begin).map(|at| from + at) {
        let call = match bytes[at] {
            b'[' => bracketed(text, at),
            b'.' | b',' | b';' | b':' => lowered(text, at),
            _ => raised(text, at),
        };
        from = call.as_ref().map_or(at + 1, |call| call.end);
        furniture.extend(call);
    }
}

fn may_begin(byte: &u8) -> bool {
    matches!(byte, b'[' | b'.' | b',' | b';' | b':' | 0xc2 | 0xe2)
}

/// `care.¹` or `care¹`, but not `m²`.
fn raised(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let length: usize = rest.chars().take_while(|c| is_raised(*c)).map(char::len_utf8).sum();
    let before = text[..at].chars().next_back()?;
    let letters = letters_before(text, at);
    let is_power = UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(&text[at - letters..at]));
    let is_called = is_closing(before) || letters >= MIN_LETTERS && !is_power;
    let is_ended = !rest[length..].starts_with(char::is_alphanumeric);
    (length > 0 && is_called && is_ended).then_some(at..at + length)
}

/// `care[3]`.
fn bracketed(text: &str, at: usize) -> Option<Range<usize>> {
    let digits = digits(&text[at + 1..]);
    let end = at + 1 + digits + 1;
    let is_closed = text.as_bytes().get(end - 1) == Some(&b']');
    let before = text[..at].chars().next_back()?;
    let is_called = is_closing(before) || letters_before(text, at) >= MIN_LETTERS;
    let is_ended = is_closed && !text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '(');
    ((1..=MAX_DIGITS).contains(&digits) && is_called && is_ended).then_some(at..end)
}

/// `care.4 The` or `care,4 the`.
fn lowered(text: &str, at: usize) -> Option<Range<usize>> {
    let mut start = at + 1;
    start += text[start..].chars().next().filter(|c| is_quote(*c)).map_or(0, char::len_utf8);
    let digits = digits(&text[start..]);
    if !(1..MAX_DIGITS).contains(&digits) {
        return None;
    }
    let letters = letters_before(text, at);
    let word = &text[at - letters..at];
    let is_label = LABELS.iter().any(|label| label.eq_ignore_ascii_case(word));
    let mut after = text[start + digits..].chars();
    let is_spaced = after.next().is_none_or(char::is_whitespace);
    let next = after.find(|c| !c.is_whitespace());
    let goes_on = match text.as_bytes()[at] {
        b'.' => next.is_none_or(char::is_uppercase),
        _ => next.is_some_and(char::is_lowercase),
    };
    let is_called = letters >= MIN_LETTERS_BEFORE_DIGITS && !is_label && is_spaced && goes_on;
    is_called.then_some(start..start + digits)
}

fn digits(rest: &str) -> usize {
    rest.bytes().take(MAX_DIGITS + 1).take_while(u8::is_ascii_digit).count()
}

fn letters_before(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count()
}

fn is_raised(c: char) -> bool {
    matches!(c, '¹' | '²' | '³' | '⁰' | '⁴'..='⁹')
}

fn is_closing(c: char) -> bool {
    is_quote(c) || matches!(c, '.' | ',' | ';' | ':' | '?' | '!' | ')')
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '”' | '’')
}
