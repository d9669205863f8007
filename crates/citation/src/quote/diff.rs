//! The difference between a passage and a quote as a reader is shown it.

use super::align::{Step, Unit};
use super::passage::Passage;
use super::pattern::Asked;
use crate::report::Change;

/// Writes the steps as changes, words of one kind together.
pub(super) struct Writer<'a> {
    pub(super) passage: &'a Passage<'a>,
    pub(super) units: &'a [Unit],
    pub(super) run: &'a [Asked],
    pub(super) diff: Vec<Change>,
    /// Words that differ.
    pub(super) errors: usize,
    /// The tokens of the quote that were written.
    pub(super) asked: usize,
}

impl Writer<'_> {
    /// Writes the next step.
    pub(super) fn take(&mut self, unit: Option<usize>, step: Step) {
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
