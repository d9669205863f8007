//! Where a text may be cut: never inside a word, a compound or a number.

use super::fold::{is_part_of_number, is_unspaced};
use super::token::Token;

/// Words that carry a number on, so that a cut before them changes it.
const MULTIPLIERS: [&str; 13] = [
    "hundred",
    "thousand",
    "million",
    "millions",
    "billion",
    "billions",
    "trillion",
    "percent",
    "bn",
    "mn",
    "dozen",
    "millionen",
    "prozent",
];
const NUMERALS: [&str; 28] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
];

/// Twenty to ninety.
const TENS: std::ops::Range<usize> = 19..27;

/// Whether what begins at token `at` begins inside a word or a number.
pub(super) fn cuts_before(text: &str, tokens: &[Token], at: usize) -> bool {
    at > 0 && is_inside(text, tokens, at - 1, at)
}

/// Whether what ends with token `at` ends inside a word or a number.
pub(super) fn cuts_after(text: &str, tokens: &[Token], at: usize) -> bool {
    at + 1 < tokens.len() && is_inside(text, tokens, at, at + 1)
}

/// Whether no cut may fall between two neighbours.
fn is_inside(text: &str, tokens: &[Token], left: usize, right: usize) -> bool {
    let (l, r) = (&tokens[left], &tokens[right]);
    match (l.mark, r.mark) {
        (None, None) if r.is_glued => !parts(text, l, r),
        (None, None) => carries_on(text, l, r) || is_per_cent(text, tokens, left),
        (Some(mark), None) => {
            let is_tight = r.is_glued && is_prefix(text, tokens, left, mark);
            is_tight || is_part_of_number(mark) && starts_with_digit(text, r) && mark != '%'
        }
        (None, Some(mark)) => {
            let is_tight = r.is_glued && is_suffix(text, tokens, right, mark);
            is_tight
                || is_part_of_number(mark)
                    && ends_with_digit(text, l)
                    && !is_amount_ahead(text, tokens, right)
        }
        // `12(b)(6)` is one number.
        (Some(mark), Some(next)) => r.is_glued && mark == ')' && next == '(',
    }
}

/// `5 $10` is a number and an amount; `5 $` is one amount.
fn is_amount_ahead(text: &str, tokens: &[Token], mark: usize) -> bool {
    tokens.get(mark + 1).is_some_and(|next| next.is_glued && starts_with_digit(text, next))
        && !tokens[mark].is_glued
}

/// Scripts without spaces may be cut between any two characters.
fn parts(text: &str, l: &Token, r: &Token) -> bool {
    l.text(text).chars().next_back().is_some_and(is_unspaced)
        || r.text(text).starts_with(is_unspaced)
}

/// Groups of digits, and words such as million after a number.
fn carries_on(text: &str, l: &Token, r: &Token) -> bool {
    let (left, right) = (l.text(text), r.text(text));
    let is_group = right.len() == 3
        && right.bytes().all(|byte| byte.is_ascii_digit())
        && left.bytes().all(|byte| byte.is_ascii_digit())
        && left.len() <= 3
        && text[l.end..r.start].chars().count() == 1;
    if is_group {
        return true;
    }
    if ends_with_digit(text, l) && is_fraction(right, &text[r.end..]) {
        return true;
    }
    let is = |list: &[&str], word: &str| list.iter().any(|known| known.eq_ignore_ascii_case(word));
    let is_multiplied =
        is(&MULTIPLIERS, right) && (ends_with_digit(text, l) || is(&NUMERALS, left));
    is_multiplied || is(&NUMERALS[TENS], left) && is(&NUMERALS[..9], right)
}

/// `½`, or `1/2` in the text that begins with its second sign.
fn is_fraction(word: &str, rest: &str) -> bool {
    let mut chars = word.chars();
    match (chars.next(), chars.next()) {
        (Some('½' | '¼' | '¾' | '⅓' | '⅔' | '⅛' | '⅜' | '⅝' | '⅞'), None) => true,
        (Some('1'..='9'), None) => {
            let mut rest = rest.chars();
            matches!(rest.next(), Some('/' | '⁄'))
                && rest.next().is_some_and(|c| c.is_ascii_digit())
        }
        _ => false,
    }
}

fn is_per_cent(text: &str, tokens: &[Token], number: usize) -> bool {
    let is = |at: usize, word: &str| {
        tokens.get(at).is_some_and(|token| token.text(text).eq_ignore_ascii_case(word))
    };
    is(number + 1, "per") && is(number + 2, "cent")
}

/// Whether a mark that touches the word after it belongs to that word.
fn is_prefix(text: &str, tokens: &[Token], mark_at: usize, mark: char) -> bool {
    let token = &tokens[mark_at];
    if token.is_long_dash() {
        return false;
    }
    let next = &tokens[mark_at + 1];
    let before = mark_at.checked_sub(1).map(|at| &tokens[at]).filter(|_| token.is_glued);
    let is_number = starts_with_digit(text, next);
    match before {
        Some(before) if before.is_word() => {
            if is_number && ends_with_digit(text, before) {
                return true;
            }
            joins(mark) && !ends_sentence(text, before, mark, next) || mark == '('
        }
        // `(6)` after `12(b)`.
        Some(before) => mark == '(' && before.mark == Some(')'),
        None => is_number && matches!(mark, '-' | '.' | ','),
    }
}

/// Whether a mark that touches the word before it belongs to that word.
fn is_suffix(text: &str, tokens: &[Token], mark_at: usize, mark: char) -> bool {
    if tokens[mark_at].is_long_dash() {
        return false;
    }
    let before = &tokens[mark_at - 1];
    let next = tokens.get(mark_at + 1).filter(|next| next.is_glued);
    match next {
        Some(next) if next.is_word() => {
            let is_number = starts_with_digit(text, next) && ends_with_digit(text, before);
            is_number || mark == '(' || joins(mark) && !ends_sentence(text, before, mark, next)
        }
        _ => false,
    }
}

/// A full stop that lacks its space: `the Agreement.The Supplier`.
fn ends_sentence(text: &str, before: &Token, mark: char, next: &Token) -> bool {
    mark == '.' && before.end - before.start >= 3 && next.text(text).starts_with(char::is_uppercase)
}

fn joins(mark: char) -> bool {
    matches!(mark, '-' | '&' | '/' | '@' | '_' | '.' | '+' | '#' | '\\' | '=' | '\'' | '·')
}

fn starts_with_digit(text: &str, token: &Token) -> bool {
    token.text(text).starts_with(char::is_numeric)
}

fn ends_with_digit(text: &str, token: &Token) -> bool {
    token.text(text).ends_with(char::is_numeric)
}
