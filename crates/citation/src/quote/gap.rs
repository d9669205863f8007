//! What a quote leaves out of its source, and whether that changes what the rest says.

use std::ops::Range;

use super::passage::Passage;
use super::token::Token;
use crate::report::{Gap, GapPlace, Hidden};

/// How far the sentence around a quote is followed.
const MAX_SENTENCE_TOKENS: usize = 80;
const MAX_LABEL_CHARS: usize = 12;

const NEGATIONS: [&str; 41] = [
    "not",
    "no",
    "nor",
    "neither",
    "never",
    "none",
    "nothing",
    "nobody",
    "nowhere",
    "without",
    "cannot",
    "can't",
    "won't",
    "don't",
    "doesn't",
    "didn't",
    "isn't",
    "aren't",
    "wasn't",
    "weren't",
    "shan't",
    "shouldn't",
    "wouldn't",
    "mustn't",
    "needn't",
    "hasn't",
    "haven't",
    "hardly",
    "fails",
    "refuses",
    "prohibited",
    "forbidden",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "keiner",
    "nie",
    "ohne",
    "pas",
    "ningún",
];
const EXCEPTIONS: [&str; 22] = [
    "except",
    "excepting",
    "exception",
    "exceptions",
    "unless",
    "excluding",
    "excludes",
    "exclude",
    "save",
    "but",
    "however",
    "notwithstanding",
    "although",
    "though",
    "other",
    "otherwise",
    "ausgenommen",
    "außer",
    "jedoch",
    "sauf",
    "salvo",
    "excepto",
];
const CONDITIONS: [&str; 27] = [
    "if",
    "when",
    "whenever",
    "where",
    "until",
    "only",
    "provided",
    "providing",
    "subject",
    "conditional",
    "condition",
    "conditioned",
    "conditions",
    "contingent",
    "assuming",
    "upon",
    "extent",
    "unless",
    "solely",
    "wenn",
    "falls",
    "sofern",
    "soweit",
    "nur",
    "si",
    "lorsque",
    "siempre",
];
/// Words that a numbered heading begins with.
const DIVISIONS: [&str; 14] = [
    "section",
    "article",
    "clause",
    "schedule",
    "annex",
    "chapter",
    "part",
    "exhibit",
    "appendix",
    "paragraph",
    "rule",
    "artikel",
    "abschnitt",
    "titre",
];

/// Whether a token begins a numbered section or a heading.
pub(super) fn begins_section(text: &str, tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    let word = token.text(text);
    let space = &text[tokens[at - 1].end..token.start];
    let is_first_of_line = space.contains(['\n', '\x0c']);
    if !is_first_of_line && !ends_sentence(tokens, at - 1) {
        return false;
    }
    if is_number_label(text, tokens, at) {
        return true;
    }
    if !is_first_of_line {
        return false;
    }
    let next = tokens.get(at + 1).map_or("", |next| next.text(text));
    let is_division = DIVISIONS.iter().any(|name| name.eq_ignore_ascii_case(word));
    let is_numbered = next.starts_with(|c: char| c.is_ascii_digit())
        || (!next.is_empty() && next.chars().all(|c| "IVXLC".contains(c)));
    if (is_division && word.starts_with(char::is_uppercase) && is_numbered)
        || matches!(token.mark, Some('§' | '#'))
    {
        return true;
    }
    let is_after_blank = space.matches('\n').count() > 1 || space.contains('\x0c');
    is_after_blank && is_capital_line(&text[token.start..])
}

/// `7.3`, `7.3.` or `7.` before a word in capitals.
fn is_number_label(text: &str, tokens: &[Token], at: usize) -> bool {
    let label = tokens[at].text(text);
    if !tokens[at].is_word()
        || label.len() > MAX_LABEL_CHARS
        || !label.starts_with(|c: char| c.is_ascii_digit())
        || !label.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return false;
    }
    let mut next = at + 1;
    let has_dot = tokens.get(next).is_some_and(|mark| mark.mark == Some('.') && mark.is_glued);
    if has_dot {
        next += 1;
    }
    (has_dot || label.contains('.'))
        && tokens.get(next).is_some_and(|next| {
            !next.is_glued
                && next.text(text).starts_with(|c: char| c.is_uppercase() || is_opening(c))
        })
}

fn is_opening(c: char) -> bool {
    matches!(c, '"' | '“' | '(' | '[')
}

fn is_capital_line(rest: &str) -> bool {
    let line = rest.lines().next().unwrap_or_default();
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3 && line.len() <= 100 && !line.chars().any(char::is_lowercase)
}

fn ends_sentence(tokens: &[Token], at: usize) -> bool {
    matches!(tokens[at].mark, Some('.' | '?' | '!' | ';' | ':'))
}

/// The part of the sentence before a token that stands outside the quote.
pub(super) fn sentence_before(passage: &Passage<'_>, at: usize) -> Range<usize> {
    let tokens = &passage.tokens;
    let floor = at.saturating_sub(MAX_SENTENCE_TOKENS);
    let mut start = at;
    while start > floor && !is_border(passage, start) {
        start -= 1;
    }
    start.min(tokens.len())..at
}

/// The part of the sentence from a token on that stands outside the quote.
pub(super) fn sentence_after(passage: &Passage<'_>, at: usize) -> Range<usize> {
    let ceiling = passage.tokens.len().min(at + MAX_SENTENCE_TOKENS);
    let mut end = at;
    while end < ceiling && !is_border(passage, end) {
        end += 1;
    }
    at..end
}

/// Whether a sentence or section begins at a token.
fn is_border(passage: &Passage<'_>, at: usize) -> bool {
    let (text, tokens) = (passage.text, &passage.tokens);
    let (Some(last), Some(token)) = (at.checked_sub(1).map(|at| &tokens[at]), tokens.get(at))
    else {
        return true;
    };
    let space = &text[last.end..token.start];
    let is_stop = matches!(last.mark, Some('.' | '?' | '!'));
    let is_start = !token.text(text).starts_with(char::is_lowercase) && !token.is_glued;
    (is_stop && is_start) || space.matches('\n').count() > 1 || begins_section(text, tokens, at)
}

/// Describes what tokens of a passage a quote leaves out.
pub(super) fn describe(
    passage: &Passage<'_>,
    place: GapPlace,
    tokens: Range<usize>,
    inserted: &str,
) -> Gap {
    let left_out = match tokens.is_empty() {
        true => String::new(),
        false => one_line(&passage.text[passage.bytes(tokens)]),
    };
    let mut hides = hidden(&left_out);
    hides.extend(
        hidden(inserted).into_iter().filter(|kind| !hides.contains(kind)).collect::<Vec<_>>(),
    );
    Gap { place, left_out, inserted: inserted.to_owned(), hides }
}

/// Text with its white space evened out.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What of a text's words would change the sentence that they are left out of.
pub(super) fn hidden(text: &str) -> Vec<Hidden> {
    let kinds: [(Hidden, &[&str]); 3] = [
        (Hidden::Negation, &NEGATIONS),
        (Hidden::Exception, &EXCEPTIONS),
        (Hidden::Condition, &CONDITIONS),
    ];
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'))
        .map(|word| word.to_lowercase().replace('’', "'"))
        .collect();
    kinds
        .into_iter()
        .filter(|(_, list)| words.iter().any(|word| list.contains(&word.as_str())))
        .map(|(kind, _)| kind)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_border_before(text: &str, word: &str) -> bool {
        let passage = Passage::around(text, 0, usize::MAX);
        let at = passage.token_at(text.find(word).unwrap()).unwrap();
        begins_section(text, &passage.tokens, at)
    }

    #[test]
    fn headings_part_sections() {
        assert!(is_border_before("no loss. 7.3 Carve-out. Nothing", "7.3"));
        assert!(is_border_before("no loss.\n8. Term. Two", "8"));
        assert!(is_border_before("no loss.\nSection 9 applies", "Section"));
        assert!(is_border_before("no loss.\n\nTERM AND END\nTwo", "TERM"));
        assert!(!is_border_before("at least 7.3 Percent", "7.3"));
        assert!(!is_border_before("loss of profit: 8 and", "8"));
    }

    #[test]
    fn words_that_turn_a_sentence_are_named() {
        assert_eq!(
            hidden("shall not, unless"),
            [Hidden::Negation, Hidden::Exception, Hidden::Condition]
        );
        assert_eq!(hidden("didn’t"), [Hidden::Negation]);
        assert!(hidden("any notable loss").is_empty());
    }
}
