//! The rules in the form in which they are looked for: each phrase once, all of them in one search.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::folded::Seen;
use super::rules::{CATEGORIES, JURISDICTIONS, PRACTICE_AREAS, STATE_PHRASES, STATES, Where};

/// All that rules look for.
pub(super) static SIGNS: LazyLock<Signs> = LazyLock::new(Signs::all);

/// Signs, and the search for their phrases.
pub(super) struct Signs {
    pub(super) phrases: AhoCorasick,
    signs: Vec<Sign>,
}

/// A phrase that speaks for a value of a field.
pub(super) struct Sign {
    field: &'static str,
    pub(super) value: &'static str,
    pub(super) weight: f64,
    place: Where,
    /// Its place among the phrases.
    phrase: usize,
}

impl Sign {
    /// Where it first stands, where it counts, and how often.
    pub(super) fn found_in(&self, seen: &[Seen]) -> Option<((i32, i32), usize)> {
        let seen = seen.get(self.phrase)?;
        let count = if self.place == Where::Head { seen.in_head } else { seen.count };
        seen.first.filter(|_| count > 0).map(|first| (first, count))
    }
}

impl Signs {
    fn all() -> Self {
        let fields = [
            ("document_category", CATEGORIES),
            ("jurisdiction", JURISDICTIONS),
            ("practice_area", PRACTICE_AREAS),
        ];
        let of_states = STATES.iter().flat_map(|state| {
            STATE_PHRASES.iter().map(move |(phrase, weight)| {
                let phrase = phrase.replace("{}", &state.to_lowercase());
                ("jurisdiction", *state, phrase, *weight, Where::Anywhere)
            })
        });
        let others = fields.into_iter().flat_map(|(field, rules)| {
            rules.iter().map(move |(value, phrase, weight, place)| {
                (field, *value, (*phrase).to_owned(), *weight, *place)
            })
        });
        let mut phrases = Vec::new();
        let mut known = HashMap::new();
        let mut signs = Vec::new();
        for (field, value, phrase, weight, place) in of_states.chain(others) {
            let phrase = *known.entry(phrase).or_insert_with_key(|phrase| {
                phrases.push(phrase.clone());
                phrases.len() - 1
            });
            signs.push(Sign { field, value, weight, place, phrase });
        }
        let phrases = AhoCorasick::new(&phrases);
        Self { phrases: phrases.unwrap_or_else(|_| unreachable!("the phrases are few")), signs }
    }

    /// The signs of a field, in the order of their rules.
    pub(super) fn of(&self, field: &str) -> impl Iterator<Item = &Sign> {
        self.signs.iter().filter(move |sign| sign.field == field)
    }
}
