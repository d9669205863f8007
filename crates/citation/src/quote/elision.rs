//! Ellipses and brackets of a quote: where it says that it leaves something out, or puts something in.

use super::fold::ELLIPSIS;
use super::pattern::{Asked, Hole, MAX_ENDING_CHARS, Pattern, trim_end, words};
use super::spelling::Spelt;
use super::token::continue_hash;

/// How far apart two brackets of one pair may stand.
const MAX_BRACKET_TOKENS: usize = 40;

/// Reads ellipses and brackets as such. `None` when there are none, or they cannot be read so.
pub(super) fn elided(tokens: &[Spelt]) -> Option<Pattern> {
    let mut reader = Reader::default();
    let mut at = 0;
    while at < tokens.len() {
        at = reader.take(tokens, at)?;
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    runs: Vec<Vec<Asked>>,
    holes: Vec<Hole>,
    run: Vec<Asked>,
    /// Since the last run.
    hole: Option<Hole>,
    before: Option<Hole>,
    is_adapted: bool,
}

impl Reader {
    fn take(&mut self, tokens: &[Spelt], at: usize) -> Option<usize> {
        let (asked, is_glued) = &tokens[at];
        match asked.mark {
            Some(ELLIPSIS) => {
                self.open(true, "");
                Some(at + 1)
            }
            Some('*') if is_row_of_asterisks(tokens, at) => {
                self.open(true, "");
                Some(at + 3)
            }
            Some('(') if is_wrapped_ellipsis(tokens, at, ')') => {
                self.open(true, "");
                Some(at + 3)
            }
            Some('[') if is_wrapped_ellipsis(tokens, at, ']') => {
                self.open(true, "");
                Some(at + 3)
            }
            Some('[') => self.bracket(tokens, at, *is_glued),
            _ => {
                self.push(asked.clone());
                Some(at + 1)
            }
        }
    }

    fn bracket(&mut self, tokens: &[Spelt], at: usize, is_glued: bool) -> Option<usize> {
        let close = (at + 1..tokens.len().min(at + MAX_BRACKET_TOKENS))
            .find(|close| tokens[*close].0.mark == Some(']'))?;
        let inside = &tokens[at + 1..close];
        if inside.len() == 3 && is_row_of_asterisks_in(inside) {
            self.open(true, "");
            return Some(close + 1);
        }
        let touching = tokens.get(close + 1).filter(|(next, is_glued)| *is_glued && next.is_word());
        let letters: usize = inside.iter().map(|(asked, _)| asked.shown.chars().count()).sum();
        let is_letters = |(asked, _): &Spelt| asked.shown.chars().all(char::is_alphabetic);
        let is_plain = inside.len() <= 1 && inside.iter().all(is_letters);
        if let Some((rest, _)) = touching {
            // `[T]he` is the source's word in another case. Anything else would be a word half quoted.
            let [(first, _)] = inside else { return None };
            if is_glued || letters != 1 || !is_plain {
                return None;
            }
            let mut whole = rest.clone();
            whole.hash = continue_hash(first.hash, &rest.shown);
            whole.folded = format!("{}{}", first.folded, rest.folded);
            whole.shown = format!("{}{}", first.shown, rest.shown);
            self.is_adapted = true;
            self.push(whole);
            return Some(close + 2);
        }
        let stem = self.run.last_mut().filter(|last| last.is_word() && is_glued);
        if let Some(stem) = stem.filter(|_| is_plain && letters <= MAX_ENDING_CHARS) {
            stem.ending =
                Some(inside.first().map_or_else(String::new, |(word, _)| word.shown.clone()));
            self.is_adapted = true;
            return Some(close + 1);
        }
        let inserted: Vec<&str> = inside.iter().map(|(asked, _)| asked.shown.as_str()).collect();
        self.open(false, &inserted.join(" "));
        Some(close + 1)
    }

    fn push(&mut self, asked: Asked) {
        if let Some(hole) = self.hole.take() {
            match self.runs.is_empty() {
                true => self.before = Some(hole),
                false => self.holes.push(hole),
            }
        }
        self.run.push(asked);
    }

    fn open(&mut self, is_ellipsis: bool, inserted: &str) {
        if is_ellipsis {
            trim_end(&mut self.run);
        }
        if words(&self.run) > 0 {
            self.runs.push(std::mem::take(&mut self.run));
        }
        let hole = self.hole.get_or_insert_default();
        hole.is_ellipsis |= is_ellipsis;
        if !hole.inserted.is_empty() && !inserted.is_empty() {
            hole.inserted.push(' ');
        }
        hole.inserted.push_str(inserted);
    }

    fn finish(mut self) -> Option<Pattern> {
        trim_end(&mut self.run);
        if !self.run.is_empty() {
            self.runs.push(self.run);
        }
        let last_words = self.runs.last().map_or(0, |run| words(run));
        if last_words == 0 {
            return None;
        }
        let pattern = Pattern {
            runs: self.runs,
            holes: self.holes,
            before: self.before,
            after: self.hole,
            is_adapted: self.is_adapted,
        };
        pattern.is_elided().then_some(pattern)
    }
}

fn is_row_of_asterisks_in(inside: &[Spelt]) -> bool {
    inside.iter().all(|(asked, _)| asked.mark == Some('*'))
}

/// `* * *`, as courts leave words out.
fn is_row_of_asterisks(tokens: &[Spelt], at: usize) -> bool {
    let is_lone = |at: usize| {
        tokens.get(at).is_some_and(|(asked, is_glued)| asked.mark == Some('*') && !is_glued)
    };
    let touches = tokens.get(at + 3).is_some_and(|(_, is_glued)| *is_glued);
    is_lone(at) && is_lone(at + 1) && is_lone(at + 2) && !touches
}

fn is_wrapped_ellipsis(tokens: &[Spelt], at: usize, close: char) -> bool {
    let mark = |at: usize| tokens.get(at).and_then(|(asked, _)| asked.mark);
    mark(at + 1) == Some(ELLIPSIS) && mark(at + 2) == Some(close)
}
