//! What a quote leaves out of its source, and whether that changes what the rest says.

use std::ops::Range;

use super::passage::Passage;
use super::section::begins_section;
use crate::report::{Gap, GapPlace, Hidden};

/// How far the sentence around a quote is followed.
const MAX_SENTENCE_TOKENS: usize = 80;

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
