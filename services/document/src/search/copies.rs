//! Passages that say the same in two documents, such as two versions of one form. One of them among the first
//! results is enough: the others would stand where something else could answer.

use std::collections::HashSet;

use uuid::Uuid;

/// Words that are compared as one.
const RUN: usize = 3;
/// The share of two passages' runs that are in both, from which on they say the same.
const SAME: f64 = 0.5;

/// A passage as it is compared.
struct Seen<'t> {
    document: Uuid,
    runs: HashSet<Vec<&'t str>>,
}

/// Which of some passages, the best first, say what a better one of another document says.
pub(super) fn copies<'t>(passages: impl Iterator<Item = (Uuid, &'t str)>) -> Vec<bool> {
    let mut originals: Vec<Seen<'t>> = Vec::new();
    let is_copy = |(document, text): (Uuid, &'t str)| {
        let seen = Seen { document, runs: runs(text) };
        let is_copy = originals.iter().any(|other| other.is_same(&seen));
        if !is_copy {
            originals.push(seen);
        }
        is_copy
    };
    passages.map(is_copy).collect()
}

impl Seen<'_> {
    fn is_same(&self, other: &Self) -> bool {
        if self.document == other.document {
            return false;
        }
        let shared = self.runs.intersection(&other.runs).count();
        let all = self.runs.len() + other.runs.len() - shared;
        all > 0 && shared as f64 >= SAME * all as f64
    }
}

fn runs(text: &str) -> HashSet<Vec<&str>> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(RUN.min(words.len().max(1))).map(<[&str]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_document_says_too_is_a_copy_and_what_the_same_says_is_none() {
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let rule = "A Rule is hereby granted upon Plaintiff to file a Complaint within twenty days";
        let other = "The tenant pays the rent on the first day of each month of the year";
        let passages = [
            (first, format!("{rule} after service.")),
            (second, format!("{rule} of service,")),
            (first, format!("{rule}.")),
            (second, other.to_owned()),
            (second, String::new()),
            (first, String::new()),
        ];
        let seen = copies(passages.iter().map(|(document, text)| (*document, text.as_str())));
        assert_eq!(seen, [false, true, false, false, false, false]);
    }
}
