//! Words as the comparison sees them: compatibility forms, case and quotes evened out, letters and
//! digits alone. Each knows its place in the text.

use std::collections::HashMap;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// A word and the characters of the text that it stands at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Range<usize>,
}

/// The words of a text. Scripts without spaces have a word for each character.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut is_open = false;
    for (at, original) in text.chars().enumerate() {
        // A soft hyphen shows only where a line ends, and joins what it stands between.
        if original == '\u{ad}' {
            continue;
        }
        for c in original.nfkc().flat_map(char::to_lowercase) {
            let stands_alone = is_ideograph(c);
            if !c.is_alphanumeric() {
                is_open = false;
                continue;
            }
            match words.last_mut() {
                Some(word) if is_open && !stands_alone => {
                    word.text.push(c);
                    word.place.end = at + 1;
                }
                _ => words.push(Word { text: c.to_string(), place: at..at + 1 }),
            }
            is_open = !stands_alone;
        }
    }
    words
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Everywhere that a phrase stands in a text.
pub(super) fn places(text: &[Word], phrase: &[Word]) -> Vec<Range<usize>> {
    if phrase.is_empty() {
        return Vec::new();
    }
    text.windows(phrase.len())
        .filter(|window| window.iter().zip(phrase).all(|(a, b)| a.text == b.text))
        .map(|window| window[0].place.start..window[window.len() - 1].place.end)
        .collect()
}

/// The share of the true words that were read, and of the words read that are true, each counted as
/// often as it stands there.
pub(super) fn recall_and_precision(read: &[Word], truth: &[Word]) -> (f64, f64) {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in truth {
        *left.entry(&word.text).or_default() += 1;
    }
    let shared = read
        .iter()
        .filter(|word| match left.get_mut(word.text.as_str()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        })
        .count() as f64;
    (shared / (truth.len().max(1) as f64), shared / (read.len().max(1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_their_places_and_compare_without_case_or_ligatures() {
        let text = words("The “Oﬃce”\u{a0}of § 12(b)");
        let texts: Vec<_> = text.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["the", "office", "of", "12", "b"]);
        assert_eq!(places(&text, &words("OFFICE OF")), vec![Range { start: 5, end: 13 }]);
        assert_eq!(recall_and_precision(&text, &words("the the office")), (2.0 / 3.0, 2.0 / 5.0));
    }
}
