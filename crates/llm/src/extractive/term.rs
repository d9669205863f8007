//! Brings words to a form in which a question and a source can meet.

use std::collections::HashSet;

/// Words that say nothing about what a text is about.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "been", "before", "being", "but", "by", "can", "could", "did", "do", "does", "for", "from",
    "get", "give", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is",
    "it", "its", "let", "long", "many", "may", "me", "might", "much", "must", "my", "no", "not",
    "of", "on", "or", "our", "please", "s", "say", "says", "shall", "she", "should", "so", "some",
    "such", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "those", "to", "under", "until", "up", "us", "was", "we", "were", "what", "when",
    "where", "which", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
];

/// The words of a text, in lower case.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// The stems of the words that mean something.
pub(super) fn stems(text: &str) -> impl Iterator<Item = String> {
    words(text).filter(|word| !STOP_WORDS.contains(&word.as_str())).map(|word| stem(&word))
}

/// Whether two texts say nearly the same.
pub(super) fn are_near_duplicates(a: &HashSet<String>, b: &HashSet<String>) -> bool {
    let shared = a.intersection(b).count();
    // Chunks overlap, so the one may be a piece of the other.
    10 * shared >= 8 * a.len().min(b.len())
}

/// Whether one stem goes on where the other ends, as `disclosur` does after `disclos`.
pub(super) fn are_akin(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.len() >= 5 && long.len() - short.len() <= 4 && long.starts_with(short)
}

/// Takes off the endings that English hangs on a word: light, so that it joins `terminate` with
/// `termination` and `filing` with `filed`, and leaves names alone.
fn stem(word: &str) -> String {
    if !word.is_ascii() || word.len() < 4 || word.bytes().any(|byte| byte.is_ascii_digit()) {
        return word.to_owned();
    }
    let singular = match word {
        _ if word.ends_with("ies") => format!("{}y", &word[..word.len() - 3]),
        _ if word.ends_with("sses") => word[..word.len() - 2].to_owned(),
        _ if ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) => word.to_owned(),
        _ => word.strip_suffix('s').unwrap_or(word).to_owned(),
    };
    let endings = ["ment", "ing", "ion", "ed", "ly"];
    let bare = endings
        .iter()
        .find_map(|ending| singular.strip_suffix(ending).filter(|rest| rest.len() >= 3))
        .unwrap_or(&singular);
    let bare = Some(bare.trim_end_matches('e')).filter(|rest| rest.len() >= 3).unwrap_or(bare);
    let bytes = bare.as_bytes();
    match bytes {
        // `permitted` and `permit`, but `bill` and `pass` keep both letters in all their forms.
        [.., a, b] if a == b && bytes.len() > 4 && !b"lsz".contains(b) => {
            bare[..bare.len() - 1].to_owned()
        }
        [.., b'y'] if bytes.len() > 3 => format!("{}i", &bare[..bare.len() - 1]),
        _ => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet() {
        let families = [
            ["terminate", "terminated", "termination"],
            ["file", "filing", "filed"],
            ["permit", "permits", "permitted"],
            ["pay", "payment", "payments"],
            ["party", "parties", "party"],
            ["agree", "agreement", "agreed"],
            ["notice", "notices", "noticed"],
        ];
        for [a, b, c] in families {
            assert_eq!((stem(a), stem(a)), (stem(b), stem(c)), "{a}, {b}, {c}");
        }
    }

    #[test]
    fn numbers_and_other_scripts_stay_as_they_are() {
        assert_eq!(stems("the 1990s 法律 Straße").collect::<Vec<_>>(), ["1990s", "法律", "straße"]);
    }
}
