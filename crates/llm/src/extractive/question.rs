//! Reads from a question what it is about, and what kind of words its answer has.

use std::collections::HashSet;

use crate::extractive::term::{are_akin, stems, words};
use crate::{Prompt, Role};

/// A question, taken apart.
pub(super) struct Question {
    /// What it is about.
    pub(super) terms: HashSet<String>,
    /// Those of its terms that are names or numbers.
    pub(super) names: HashSet<String>,
    kinds: Vec<Kind>,
}

/// What the answer to a question must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Money,
    Time,
    Number,
    Person,
    Meaning,
}

/// Openings and words that tell the kind. A longer phrase stands before its beginning.
const SIGNS: &[(&str, Kind)] = &[
    ("how much", Kind::Money),
    ("what amount", Kind::Money),
    ("fee", Kind::Money),
    ("cost", Kind::Money),
    ("price", Kind::Money),
    ("how long", Kind::Time),
    ("how soon", Kind::Time),
    ("how often", Kind::Time),
    ("how many days", Kind::Time),
    ("how many weeks", Kind::Time),
    ("how many months", Kind::Time),
    ("how many years", Kind::Time),
    ("what date", Kind::Time),
    ("what time", Kind::Time),
    ("when", Kind::Time),
    ("deadline", Kind::Time),
    ("period", Kind::Time),
    ("how many", Kind::Number),
    ("number", Kind::Number),
    ("percentage", Kind::Number),
    ("who", Kind::Person),
    ("whom", Kind::Person),
    ("whose", Kind::Person),
    ("mean", Kind::Meaning),
    ("define", Kind::Meaning),
    ("definition", Kind::Meaning),
];

const TIME_WORDS: &[&str] = &[
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "date",
    "annually",
    "monthly",
    "immediately",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "midnight",
];

const NUMBER_WORDS: &[&str] = &[
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve",
    "fifteen", "eighteen", "twenty", "thirty", "forty", "sixty", "ninety", "hundred", "thousand",
];

const MONEY_WORDS: &[&str] = &["dollar", "dollars", "euro", "euros", "usd", "eur", "gbp"];

const MEANING_WORDS: &[&str] = &["means", "mean", "defined", "definition", "refers", "includes"];

impl Question {
    /// Takes the last question of a conversation apart.
    pub(super) fn of(prompt: &Prompt) -> Self {
        let mut terms: HashSet<String> = stems(&prompt.question).collect();
        let earlier = prompt.history.iter().rev().find(|turn| turn.role == Role::User);
        if let (0..2, Some(earlier)) = (terms.len(), earlier) {
            // "And how long?" is about what was asked before.
            terms.extend(stems(&earlier.text));
        }
        let text = words(&prompt.question).collect::<Vec<_>>().join(" ");
        let padded = format!(" {text} ");
        let kinds = SIGNS
            .iter()
            .filter(|(sign, _)| padded.contains(&format!(" {sign} ")))
            .map(|(_, kind)| *kind)
            .collect();
        Self { terms, names: names(&prompt.question), kinds }
    }

    /// The question's own form of a source's term, such as `electronically` for `electronic`; or
    /// the term as it is.
    pub(super) fn own_word_for(&self, term: String) -> String {
        if self.terms.contains(&term) {
            return term;
        }
        self.terms.iter().filter(|own| are_akin(own, &term)).min().cloned().unwrap_or(term)
    }

    /// Whether a text holds the kind of words that the answer must have.
    pub(super) fn is_matched_in_kind(&self, text: &str) -> bool {
        self.kinds.iter().any(|kind| kind.is_in(text))
    }
}

impl Kind {
    fn is_in(self, text: &str) -> bool {
        let has_one_of = |list: &[&str]| words(text).any(|word| list.contains(&word.as_str()));
        let has_number = || text.contains(|c: char| c.is_ascii_digit()) || has_one_of(NUMBER_WORDS);
        match self {
            Self::Money => text.contains(['$', '€', '£', '¥']) || has_one_of(MONEY_WORDS),
            Self::Time => has_one_of(TIME_WORDS) && has_number(),
            Self::Number => has_number(),
            Self::Person => has_name(text),
            Self::Meaning => has_one_of(MEANING_WORDS),
        }
    }
}

/// The terms of the words after the first that begin with a capital or a digit.
fn names(question: &str) -> HashSet<String> {
    let begins_a_name = |word: &&str| {
        let first = word.chars().find(|character| character.is_alphanumeric());
        first.is_some_and(|first| first.is_uppercase() || first.is_numeric())
    };
    question.split_whitespace().skip(1).filter(begins_a_name).flat_map(stems).collect()
}

/// Whether a word other than the first begins with a capital.
fn has_name(text: &str) -> bool {
    text.split_whitespace().skip(1).any(|word| word.starts_with(char::is_uppercase))
}
