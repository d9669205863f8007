//! Cuts legal text into sentences and clauses without cutting at `v.`, `No. 5` or `12(b)(6)`.

use std::ops::Range;

/// Longer pieces, such as tables without a full stop, are cut at a space.
const MAX_BYTES: usize = 600;

/// A shorter line that is followed by a capital is a heading or an entry of its own.
const SHORT_LINE_BYTES: usize = 50;

/// Words whose full stop does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "adm", "aff", "am", "amend", "app", "art", "arts", "assn", "bankr", "bros", "cf", "ch", "cir",
    "civ", "cl", "co", "compl", "const", "corp", "crim", "ct", "dec", "dep", "dept", "dist", "div",
    "dr", "ed", "eds", "esq", "est", "et", "evid", "ex", "exh", "fed", "fig", "gen", "gov", "hon",
    "id", "inc", "int", "jr", "jud", "l", "ltd", "mr", "mrs", "ms", "op", "p", "para", "paras",
    "pp", "proc", "prof", "reg", "rev", "sec", "sr", "st", "stat", "supp", "v", "vs",
];

/// Words whose full stop does not end a sentence when a number follows.
const BEFORE_NUMBERS: &[&str] = &["no", "nos", "vol", "pt", "rule", "item", "sched", "cap"];

/// The byte ranges of the clauses, in order, without surrounding white space.
pub(super) fn clauses(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        let is_border = match character {
            '.' | '?' | '!' => ends_sentence(&text[start..], end - start),
            '\n' => ends_line(&text[start..at], &text[end..]),
            '(' | '•' | '▪' | '☐' => {
                if starts_item(&text[start..at], &text[at..]) {
                    push(text, start..at, &mut found);
                    start = at;
                }
                false
            }
            _ => false,
        };
        if is_border {
            let end = end + closing_bytes(&text[end..]);
            push(text, start..end, &mut found);
            start = end;
        }
    }
    push(text, start..text.len(), &mut found);
    found
}

/// Quotation marks and brackets that belong to the sentence before them.
fn closing_bytes(rest: &str) -> usize {
    let is_closing = |c: char| matches!(c, '"' | '”' | '’' | '\'' | ')' | ']' | '»');
    rest.len() - rest.trim_start_matches(is_closing).len()
}

fn ends_sentence(clause: &str, end: usize) -> bool {
    let (before, after) = clause.split_at(end);
    let after = &after[closing_bytes(after)..];
    if !after.starts_with(char::is_whitespace) {
        return false;
    }
    let next = after.trim_start().chars().next();
    let starts_anew = next.is_none_or(|next| !next.is_lowercase() && !matches!(next, ',' | ';'));
    starts_anew && (!before.ends_with('.') || !is_abbreviated(before, next))
}

/// Whether the full stop at the end belongs to its word.
fn is_abbreviated(before: &str, next: Option<char>) -> bool {
    let stem = before.strip_suffix('.').unwrap_or(before);
    let word = stem.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or(stem);
    let is_label = word.len() == stem.trim_start().len()
        && word.len() <= 8
        && word.chars().all(|c| c.is_ascii_digit() || "ivxIVX.()".contains(c));
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let is_dotted = word.contains('.')
        && word.split('.').all(|part| part.len() <= 3 && part.chars().all(char::is_alphabetic));
    let lower = word.to_lowercase();
    is_label
        || is_initial
        || is_dotted
        || ABBREVIATIONS.contains(&lower.as_str())
        || (BEFORE_NUMBERS.contains(&lower.as_str())
            && next.is_some_and(|next| next.is_ascii_digit()))
}

fn ends_line(before: &str, after: &str) -> bool {
    let next = after.trim_start_matches([' ', '\t', '\r']);
    if next.starts_with('\n') || is_numbered(next) {
        return true;
    }
    let line = before.rsplit('\n').next().unwrap_or(before).trim();
    // A line with an abbreviation or a comma at its end goes on, however short it is.
    let goes_on = line.ends_with([',', '.', '-', '§']);
    line.len() < SHORT_LINE_BYTES && !goes_on && next.starts_with(char::is_uppercase)
}

/// Whether a line begins with `7.`, `7.2` or a section sign.
fn is_numbered(line: &str) -> bool {
    let label = line.split_whitespace().next().unwrap_or_default();
    let digits = label.trim_end_matches('.');
    line.starts_with('§')
        || (label.contains('.')
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// Whether `(a)` or a bullet begins an item here. In `12(b)(6)` it does not.
fn starts_item(before: &str, rest: &str) -> bool {
    if !rest.starts_with('(') {
        return true;
    }
    let label = rest[1..].split_once(')').map_or("", |(label, _)| label);
    let is_label =
        (1..=4).contains(&label.len()) && label.chars().all(|c| c.is_ascii_alphanumeric());
    let trimmed = before.trim_end();
    let is_after_item =
        [";", ":", "; and", "; or", ";and", ";or"].iter().any(|end| trimmed.ends_with(end));
    is_label && (is_after_item || before.trim_end_matches([' ', '\t']).ends_with('\n'))
}

fn push(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let piece = &text[range.clone()];
    let start = range.start + piece.len() - piece.trim_start().len();
    let end = start + piece.trim().len();
    let mut rest = start..end;
    while rest.len() > MAX_BYTES {
        let limit = text.floor_char_boundary(rest.start + MAX_BYTES);
        let window = &text[rest.start..limit];
        let Some(cut) = window.rfind(char::is_whitespace).filter(|cut| *cut > 0) else { break };
        found.push(rest.start..rest.start + window[..cut].trim_end().len());
        let tail = &text[rest.start + cut..rest.end];
        rest.start = rest.end - tail.trim_start().len();
    }
    if text[rest.clone()].contains(char::is_alphanumeric) {
        found.push(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        clauses(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn legal_abbreviations_do_not_end_a_sentence() {
        let sentences = [
            "In Roe v. Wade, 410 U.S. 113 (1973), the Court spoke.",
            "A motion under Fed. R. Civ. P. 12(b)(6) was filed in No. 21-5 by Mr. J. Doe.",
            "See 15 U.S.C. § 78u-4(b)(2) and Art. 6 of Acme Inc. by-laws.",
            "The answer is no.",
            "He said \"stop.\"",
            "Pay $52.68 now!",
        ];
        assert_eq!(cut(&sentences.join(" ")), sentences);
    }

    #[test]
    fn numbered_clauses_and_items_stand_alone() {
        let text = "7. Term.\n7.1 The term is\ntwo years. 7.2. It renews unless: (a) notice is \
                    given; or (b) rent is unpaid.\n\nSIGNATURES\nThe parties sign.";
        assert_eq!(
            cut(text),
            [
                "7. Term.",
                "7.1 The term is\ntwo years.",
                "7.2. It renews unless:",
                "(a) notice is given; or",
                "(b) rent is unpaid.",
                "SIGNATURES",
                "The parties sign."
            ]
        );
    }

    #[test]
    fn an_endless_sentence_is_cut_at_a_space() {
        let text = "word ".repeat(500);
        let pieces = cut(&text);
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() <= MAX_BYTES));
        assert!(pieces.iter().all(|piece| piece.ends_with("word") && piece.starts_with("word")));
    }
}
