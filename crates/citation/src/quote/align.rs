//! The cheapest way from a passage to a quote, word by word and mark by mark.

use std::ops::Range;

use super::passage::Passage;
use super::pattern::Asked;
use super::token::continue_hash;

/// Words cost more than marks, so that the fewest words change.
const WORD: u32 = 4;
const MARK: u32 = 1;
const NEVER: u32 = u32::MAX / 4;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Both,
    Replace,
    OnlySource,
    OnlyQuote,
}

/// A word or mark of a passage, with its hyphen at a line's end closed where the quote has it so.
pub(super) struct Unit {
    pub(super) tokens: Range<usize>,
    hash: u64,
    pub(super) mark: Option<char>,
}

/// The units of a passage.
pub(super) fn units(passage: &Passage<'_>, run: &[Asked]) -> Vec<Unit> {
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

/// The cheapest way from any stretch of the passage to the whole quote.
pub(super) fn cheapest(units: &[Unit], run: &[Asked]) -> Option<Vec<(Option<usize>, Step)>> {
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
