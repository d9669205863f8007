//! The terms of a document: those that it defines, then pairs of words that it says often.

use std::collections::HashMap;

use super::{Detected, Source};

const MOST_KEYWORDS: usize = 8;
const MOST_WORDS: usize = 4;
const MOST_CHARS: usize = 60;
/// A pair of words that is said less often is not what the document is about.
const OFTEN: usize = 4;
const DEFINED: f64 = 0.9;
/// Shorter words carry little meaning alone.
const SHORT: usize = 4;
/// What stands behind a term that is being defined.
const DEFINITIONS: [&str; 4] = [" means", " shall mean", " has the meaning", ")"];
const STOP_WORDS: [&str; 46] = [
    "about",
    "above",
    "after",
    "also",
    "been",
    "before",
    "being",
    "below",
    "cannot",
    "each",
    "either",
    "every",
    "from",
    "have",
    "here",
    "herein",
    "hereby",
    "into",
    "must",
    "only",
    "other",
    "otherwise",
    "over",
    "shall",
    "should",
    "such",
    "than",
    "that",
    "their",
    "them",
    "then",
    "there",
    "thereof",
    "these",
    "they",
    "this",
    "those",
    "under",
    "upon",
    "were",
    "when",
    "which",
    "will",
    "with",
    "would",
    "your",
];

/// A word and where it stands, in characters.
struct Word<'t> {
    text: &'t str,
    start: i32,
    end: i32,
}

pub(super) fn keywords(text: &str) -> Vec<Detected> {
    let mut found = defined(text);
    found.extend(frequent(text));
    let mut known = Vec::new();
    found.retain(|one| {
        let value = one.value.to_lowercase();
        let is_new = !known.contains(&value);
        known.push(value);
        is_new
    });
    found.truncate(MOST_KEYWORDS);
    found
}

fn keyword(value: String, confidence: f64, start_char: i32, end_char: i32) -> Detected {
    let field = "keywords".to_owned();
    Detected { field, value, confidence, start_char, end_char, source: Source::Rules }
}

/// Terms in quotation marks that are being defined, in their order.
fn defined(text: &str) -> Vec<Detected> {
    let mut found = Vec::new();
    let (mut from, mut chars) = (0, 0);
    while let Some(open) = text[from..].find(['"', '“']).map(|at| from + at) {
        let start = open + text[open..].chars().next().map_or(1, char::len_utf8);
        let Some(end) = text[start..].find(['"', '”']).map(|at| start + at) else { break };
        let term = &text[start..end];
        let behind = &text[end + text[end..].chars().next().map_or(1, char::len_utf8)..];
        let is_term = term.chars().count() <= MOST_CHARS
            && term.starts_with(char::is_uppercase)
            && term.split_whitespace().count() <= MOST_WORDS
            && term.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\''));
        if is_term && DEFINITIONS.iter().any(|words| behind.starts_with(words)) {
            chars += text[from..start].chars().count();
            let length = term.chars().count();
            let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
            found.push(keyword(term.to_owned(), DEFINED, number(chars), number(chars + length)));
            if found.len() == MOST_KEYWORDS {
                break;
            }
            chars += text[start..end].chars().count();
        } else {
            chars += text[from..end].chars().count();
        }
        // A mark that closed nothing may open the next term.
        from = end;
        if is_term {
            let mark = text[end..].chars().next().map_or(1, char::len_utf8);
            (from, chars) = (end + mark, chars + 1);
        }
    }
    found
}

/// Pairs of words that stand together often, the most frequent first.
fn frequent(text: &str) -> Vec<Detected> {
    let words = words(text);
    let mut pairs: HashMap<String, (usize, i32, i32)> = HashMap::new();
    for pair in words.windows(2) {
        let [first, second] = pair else { continue };
        if first.end + 1 == second.start
            && says_something(first.text)
            && says_something(second.text)
        {
            let value = format!("{} {}", first.text, second.text).to_lowercase();
            pairs.entry(value).or_insert((0, first.start, second.end)).0 += 1;
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().filter(|(_, seen)| seen.0 >= OFTEN).collect();
    pairs.sort_by(|a, b| b.1.0.cmp(&a.1.0).then(a.1.1.cmp(&b.1.1)));
    let share = |count: usize| (count as f64 / (count + OFTEN) as f64 * 100.0).round() / 100.0;
    pairs
        .into_iter()
        .take(MOST_KEYWORDS)
        .map(|(value, (count, start, end))| keyword(value, share(count), start, end))
        .collect()
}

fn says_something(word: &str) -> bool {
    word.chars().count() >= SHORT && !STOP_WORDS.contains(&word.to_lowercase().as_str())
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut open: Option<(usize, i32)> = None;
    let mut count = 0;
    for (at, c) in text.char_indices() {
        match (c.is_alphabetic(), open) {
            (true, None) => open = Some((at, count)),
            (false, Some((from, start))) => {
                words.push(Word { text: &text[from..at], start, end: count });
                open = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
        count += 1;
    }
    if let Some((from, start)) = open {
        words.push(Word { text: &text[from..], start, end: count });
    }
    words
}
