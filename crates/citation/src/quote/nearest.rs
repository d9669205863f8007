//! The passage of a source that is nearest to words that stand in none, and the difference.

use std::collections::HashMap;
use std::ops::Range;

use super::align::{Step, cheapest, units};
use super::diff::Writer;
use super::edge::{cuts_after, cuts_before};
use super::gap::one_line;
use super::passage::Passage;
use super::pattern::{Asked, words};
use super::scan::{Pair, Place};
use crate::report::Change;

/// The most passages that are compared with one quote in one source.
const MAX_CANDIDATES: usize = 8;
/// A quote longer than this is compared no further.
const MAX_TOKENS: usize = 4_000;
/// Words between two places that count as one.
const BUCKET: isize = 6;
const BYTES_A_WORD: usize = 24;

/// A passage that resembles a quote.
#[derive(Debug, Clone)]
pub(super) struct Nearest {
    /// Words that differ.
    pub(super) errors: usize,
    /// Bytes of the source.
    pub(super) bytes: Range<usize>,
    /// From the source to the quote.
    pub(super) diff: Vec<Change>,
    /// The words are the same, and begin or end inside a word or a number.
    pub(super) is_cut: bool,
}

impl Nearest {
    /// Whether all tokens are the same.
    pub(super) fn is_same(&self) -> bool {
        self.diff.iter().all(|change| matches!(change, Change::Same { .. }))
    }
}

/// The nearest passage, if it is near enough to be what the quote was made from.
pub(super) fn find(
    text: &str,
    run: &[Asked],
    pairs: &[Pair],
    places: &[Vec<Place>],
) -> Option<Nearest> {
    if run.len() > MAX_TOKENS {
        return None;
    }
    let total = words(run);
    let mut best: Option<Nearest> = None;
    for place in candidates(pairs, places) {
        let passage = Passage::around(text, place.byte, (total + 8) * BYTES_A_WORD);
        let Some(nearest) = align(&passage, run) else { continue };
        let is_near = nearest.errors * 5 <= total * 2;
        if is_near && best.as_ref().is_none_or(|best| cost(&nearest) < cost(best)) {
            best = Some(nearest);
        }
    }
    best
}

/// Fewest words changed, then fewest marks.
fn cost(nearest: &Nearest) -> (usize, usize) {
    let changes = nearest.diff.iter().filter(|change| !matches!(change, Change::Same { .. }));
    (nearest.errors, changes.count())
}

/// Where most pairs of the quote stand at the distance that they have in it.
fn candidates(pairs: &[Pair], places: &[Vec<Place>]) -> Vec<Place> {
    let mut votes: HashMap<isize, (usize, Place)> = HashMap::new();
    for pair in pairs {
        for place in &places[pair.id] {
            let bucket = (place.word as isize - pair.word as isize).div_euclid(BUCKET);
            for bucket in [bucket, bucket + 1] {
                votes.entry(bucket).or_insert((0, *place)).0 += 1;
            }
        }
    }
    let mut ranked: Vec<(usize, Place)> = votes.into_values().collect();
    ranked.sort_by_key(|(votes, place)| (std::cmp::Reverse(*votes), place.byte));
    ranked.dedup_by_key(|(_, place)| place.byte);
    ranked.truncate(MAX_CANDIDATES);
    ranked.into_iter().map(|(_, place)| place).collect()
}

fn align(passage: &Passage<'_>, run: &[Asked]) -> Option<Nearest> {
    let units = units(passage, run);
    let steps = cheapest(&units, run)?;
    let (first, last) = (
        steps.iter().position(|step| step.1 == Step::Both)?,
        steps.iter().rposition(|step| step.1 == Step::Both)?,
    );
    let covered: Vec<usize> = steps[first..=last].iter().filter_map(|step| step.0).collect();
    let tokens = units[*covered.first()?].tokens.start..units[*covered.last()?].tokens.end;

    let mut writer = Writer { passage, units: &units, run, diff: Vec::new(), errors: 0, asked: 0 };
    for (unit, step) in &steps {
        writer.take(*unit, *step);
    }
    let (mut diff, errors) = (writer.diff, writer.errors);
    let whole = widen(passage, tokens.clone());
    let is_cut = whole != tokens;
    let cut = |range: Range<usize>| one_line(&passage.text[passage.bytes(range)]);
    if whole.start < tokens.start {
        diff.insert(0, Change::Missing { source: cut(whole.start..tokens.start) });
    }
    if whole.end > tokens.end {
        diff.push(Change::Missing { source: cut(tokens.end..whole.end) });
    }
    Some(Nearest { errors, bytes: passage.bytes(whole), diff, is_cut })
}

/// Takes in the rest of a word or number that the range begins or ends in.
fn widen(passage: &Passage<'_>, mut tokens: Range<usize>) -> Range<usize> {
    while cuts_before(passage.text, &passage.tokens, tokens.start) {
        tokens.start -= 1;
    }
    while cuts_after(passage.text, &passage.tokens, tokens.end - 1) {
        tokens.end += 1;
    }
    tokens
}
