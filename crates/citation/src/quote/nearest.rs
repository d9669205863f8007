//! The passage of a source that is nearest to words that stand in none, and the difference.

use std::collections::HashMap;
use std::ops::Range;

use super::edge::{cuts_after, cuts_before};
use super::gap::one_line;
use super::passage::Passage;
use super::pattern::{Asked, words};
use super::scan::{Pair, Place};
use super::token::continue_hash;
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

/// Words cost more than marks, so that the fewest words change.
const WORD: u32 = 4;
const MARK: u32 = 1;
const NEVER: u32 = u32::MAX / 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Both,
    Replace,
    OnlySource,
    OnlyQuote,
}

/// A word or mark of a passage, with its hyphen at a line's end closed where the quote has it so.
struct Unit {
    tokens: Range<usize>,
    hash: u64,
    mark: Option<char>,
}

fn units(passage: &Passage<'_>, run: &[Asked]) -> Vec<Unit> {
    let mut units = Vec::with_capacity(passage.tokens.len());
    let mut at = 0;
    while let Some(token) = passage.tokens.get(at) {
        let mut unit = Unit { tokens: at..at + 1, hash: token.hash, mark: token.mark };
        if token.is_word()
            && token.is_open
            && let Some(next) = passage.tokens.get(at + 2)
        {
            let hash = continue_hash(token.hash, next.text(passage.text));
            if run.iter().any(|asked| asked.hash == hash) {
                unit = Unit { tokens: at..at + 3, hash, mark: None };
            }
        }
        at = unit.tokens.end;
        units.push(unit);
    }
    units
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

/// The cheapest way from any stretch of the passage to the whole quote.
fn cheapest(units: &[Unit], run: &[Asked]) -> Option<Vec<(Option<usize>, Step)>> {
    let width = units.len() + 1;
    let mut steps = vec![Step::OnlyQuote; width * (run.len() + 1)];
    let mut last: Vec<u32> = vec![0; width];
    for (row, asked) in run.iter().enumerate() {
        let mut this = vec![0; width];
        this[0] = last[0] + weight(asked.mark);
        for (column, unit) in units.iter().enumerate() {
            let both = last[column].saturating_add(difference(asked, unit));
            let only_source = this[column].saturating_add(weight(unit.mark));
            let only_quote = last[column + 1].saturating_add(weight(asked.mark));
            let least = both.min(only_source).min(only_quote);
            this[column + 1] = least;
            steps[(row + 1) * width + column + 1] = if least == both {
                if difference(asked, unit) == 0 { Step::Both } else { Step::Replace }
            } else if least == only_source {
                Step::OnlySource
            } else {
                Step::OnlyQuote
            };
        }
        last = this;
    }
    // Of ways that cost the same, the one that finds the quote's end in the source too.
    let end = (0..width).rev().min_by_key(|column| last[*column])?;
    Some(trace(&steps, width, run.len(), end))
}

fn trace(steps: &[Step], width: usize, rows: usize, end: usize) -> Vec<(Option<usize>, Step)> {
    let (mut row, mut column) = (rows, end);
    let mut path = Vec::new();
    while row > 0 {
        let step = steps[row * width + column];
        match step {
            Step::Both | Step::Replace => {
                (row, column) = (row - 1, column - 1);
                path.push((Some(column), step));
            }
            Step::OnlySource => {
                column -= 1;
                path.push((Some(column), step));
            }
            Step::OnlyQuote => {
                row -= 1;
                path.push((None, step));
            }
        }
    }
    path.reverse();
    path
}

fn weight(mark: Option<char>) -> u32 {
    if mark.is_some() { MARK } else { WORD }
}

fn difference(asked: &Asked, unit: &Unit) -> u32 {
    match (asked.mark, unit.mark) {
        (None, None) if asked.hash == unit.hash => 0,
        // A little less than dropping one word and adding another, so that words stay in pairs.
        (None, None) => WORD + MARK,
        (Some(asked), Some(unit)) if asked == unit => 0,
        (Some(_), Some(_)) => MARK,
        _ => NEVER,
    }
}

/// Writes the steps as changes, words of one kind together.
struct Writer<'a> {
    passage: &'a Passage<'a>,
    units: &'a [Unit],
    run: &'a [Asked],
    diff: Vec<Change>,
    errors: usize,
    asked: usize,
}

impl Writer<'_> {
    fn take(&mut self, unit: Option<usize>, step: Step) {
        let source = unit.map(|unit| &self.units[unit]);
        let shown = source.map_or_else(String::new, |unit| self.show(unit));
        let quote = match step {
            Step::OnlySource => String::new(),
            Step::Both | Step::Replace | Step::OnlyQuote => self.next(),
        };
        let is_word =
            source.map_or_else(|| self.run[self.asked - 1].is_word(), |unit| unit.mark.is_none());
        self.errors += usize::from(step != Step::Both && is_word);
        let change = match step {
            Step::Both => Change::Same { text: shown },
            Step::Replace => Change::Replaced { source: shown, quote },
            Step::OnlySource => Change::Missing { source: shown },
            Step::OnlyQuote => Change::Added { quote },
        };
        let is_glued = source.is_some_and(|unit| self.passage.tokens[unit.tokens.start].is_glued);
        push(&mut self.diff, change, is_glued);
    }

    fn next(&mut self) -> String {
        self.asked += 1;
        self.run[self.asked - 1].shown.clone()
    }

    fn show(&self, unit: &Unit) -> String {
        match unit.tokens.len() {
            1 => self.passage.tokens[unit.tokens.start].text(self.passage.text).to_owned(),
            // A closed joint shows no hyphen.
            _ => {
                let ends = [unit.tokens.start, unit.tokens.end - 1];
                ends.map(|at| self.passage.tokens[at].text(self.passage.text)).concat()
            }
        }
    }
}

fn push(diff: &mut Vec<Change>, change: Change, is_glued: bool) {
    let joint = if is_glued { "" } else { " " };
    let join = |text: &mut String, more: &str| {
        text.push_str(joint);
        text.push_str(more);
    };
    match (diff.last_mut(), &change) {
        (Some(Change::Same { text }), Change::Same { text: more })
        | (Some(Change::Missing { source: text }), Change::Missing { source: more }) => {
            join(text, more)
        }
        (Some(Change::Added { quote: text }), Change::Added { quote: more }) => {
            text.push(' ');
            text.push_str(more);
        }
        (
            Some(Change::Replaced { source, quote }),
            Change::Replaced { source: more, quote: more_quote },
        ) => {
            join(source, more);
            quote.push(' ');
            quote.push_str(more_quote);
        }
        _ => diff.push(change),
    }
}
