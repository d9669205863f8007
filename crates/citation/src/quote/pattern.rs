//! What a quote asks of a source: runs of tokens that must stand there, and holes between them.

use super::elision::elided;
use super::spelling::{Spelt, spellings};

/// The shortest part of an elided quote that can be placed.
pub(super) const MIN_SEGMENT_WORDS: usize = 3;
/// The longest change to the end of a word that brackets may show, as in `agree[d]`.
pub(super) const MAX_ENDING_CHARS: usize = 3;

/// A token of a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The word or mark as it is compared.
    pub(super) folded: String,
    /// As it stands in the quote.
    pub(super) shown: String,
    /// The mark, if it is one.
    pub(super) mark: Option<char>,
    /// Of its folded form.
    pub(super) hash: u64,
    /// The ending that brackets put in place of the source's own, as in `agree[d]`.
    pub(super) ending: Option<String>,
}

impl Asked {
    /// Whether it is a word or a number.
    pub(super) fn is_word(&self) -> bool {
        self.mark.is_none()
    }
}

/// Where a quote says that it leaves something out, or puts something in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hole {
    /// Left out by an ellipsis, and not only changed by brackets.
    pub(super) is_ellipsis: bool,
    /// The words in brackets.
    pub(super) inserted: String,
}

/// Runs of tokens with holes between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Never empty, none of them empty.
    pub(super) runs: Vec<Vec<Asked>>,
    /// One fewer than the runs.
    pub(super) holes: Vec<Hole>,
    /// Before the first run.
    pub(super) before: Option<Hole>,
    /// After the last run.
    pub(super) after: Option<Hole>,
    /// Whether brackets changed the case or the end of a word.
    pub(super) is_adapted: bool,
}

impl Pattern {
    /// Whether the quote says that it is not the source's own text throughout.
    pub(super) fn is_elided(&self) -> bool {
        self.is_adapted || !self.holes.is_empty() || self.before.is_some() || self.after.is_some()
    }

    /// The words between each ellipsis and the next.
    pub(super) fn segment_words(&self) -> Vec<usize> {
        let mut counts = vec![words(&self.runs[0])];
        for (hole, run) in self.holes.iter().zip(&self.runs[1..]) {
            match counts.last_mut() {
                Some(last) if !hole.is_ellipsis => *last += words(run),
                _ => counts.push(words(run)),
            }
        }
        counts
    }

    /// Whether each part is long enough to be placed.
    pub(super) fn can_be_placed(&self) -> bool {
        self.holes.iter().all(|hole| !hole.is_ellipsis)
            || self.segment_words().iter().all(|words| *words >= MIN_SEGMENT_WORDS)
    }
}

/// The words of a run.
pub(super) fn words(run: &[Asked]) -> usize {
    run.iter().filter(|asked| asked.is_word()).count()
}

/// The ways to read a quote, the most literal first. Empty when it has no words.
pub(super) fn read(quote: &str) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Vec::new();
    for tokens in spellings(quote) {
        for pattern in [literal(tokens.clone()), elided(&tokens)].into_iter().flatten() {
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
    }
    patterns
}

fn literal(tokens: Vec<Spelt>) -> Option<Pattern> {
    let mut run: Vec<Asked> = tokens.into_iter().map(|(asked, _)| asked).collect();
    trim_end(&mut run);
    (words(&run) > 0).then(|| Pattern {
        runs: vec![run],
        holes: Vec::new(),
        before: None,
        after: None,
        is_adapted: false,
    })
}

/// A stop or comma at the end may belong to the sentence around the quote.
pub(super) fn trim_end(run: &mut Vec<Asked>) {
    while run.last().is_some_and(|last| matches!(last.mark, Some('.' | ','))) {
        run.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pattern: &Pattern) -> Vec<String> {
        let show = |run: &Vec<Asked>| {
            run.iter().map(|asked| asked.shown.as_str()).collect::<Vec<_>>().join(" ")
        };
        pattern.runs.iter().map(show).collect()
    }

    #[test]
    fn ellipses_and_brackets_part_a_quote_into_runs() {
        let patterns = read("[T]he Customer agree[s] to pay . . . all [sic] fees [...] due.");
        let [literal, elided] = &patterns[..] else { panic!("{patterns:?}") };
        assert_eq!(literal.runs.len(), 1);
        assert_eq!(shown(elided), ["The Customer agree to pay", "all", "fees", "due"]);
        assert_eq!(elided.segment_words(), [5, 2, 1]);
        assert_eq!(elided.runs[0][2].ending.as_deref(), Some("s"));
        assert!(!elided.can_be_placed());
    }

    #[test]
    fn half_a_word_in_brackets_is_no_reading() {
        assert_eq!(read("refrain from [un]lawful conduct").len(), 1);
        assert!(read("... . ...").is_empty());
        assert_eq!(read("shall **not** be liable").len(), 2);
    }
}
