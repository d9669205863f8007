//! A stretch of a source in tokens, and what matches in it.

use std::ops::Range;

use super::edge::{cuts_after, cuts_before};
use super::fold::fold_word;
use super::gap::hidden;
use super::pattern::{Asked, Hole, MAX_ENDING_CHARS, Pattern};
use super::section::begins_section;
use super::token::{Token, Tokens};

/// The most words that brackets may stand for.
const MAX_BRACKET_WORDS: usize = 12;
/// How many places are tried for the parts of one quote around one of its words.
const MAX_STEPS: usize = 20_000;

/// A stretch of a source in tokens.
pub(super) struct Passage<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    /// Whether the text goes on before and after.
    is_cut: [bool; 2],
}

/// Tokens of a passage, for each run of a pattern.
pub(super) type Found = Vec<Range<usize>>;

impl<'a> Passage<'a> {
    /// The tokens around a byte. A token at the ends may be part of a longer one, see [`Self::holds`].
    pub(super) fn around(text: &'a str, byte: usize, reach: usize) -> Self {
        let from = text.floor_char_boundary(byte.saturating_sub(reach));
        let from = match from {
            0 => 0,
            // Words are parted by spaces, whatever they hold.
            from => text[..from].rfind(char::is_whitespace).unwrap_or(0),
        };
        let to = byte.saturating_add(reach);
        let tokens: Vec<Token> =
            Tokens::from(text, from).take_while(|token| token.start < to).collect();
        Self { text, tokens, is_cut: [from > 0, to < text.len()] }
    }

    /// Whether what was found is clear of the passage's ends, so that its edges can be judged.
    pub(super) fn holds(&self, found: &Found) -> bool {
        const MARGIN: usize = 4;
        let first = found.first().map_or(0, |range| range.start);
        let last = found.last().map_or(0, |range| range.end);
        (!self.is_cut[0] || first >= MARGIN)
            && (!self.is_cut[1] || last + MARGIN < self.tokens.len())
    }

    /// The whole source.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_cut[0] && !self.is_cut[1]
    }

    /// The token that starts at a byte.
    pub(super) fn token_at(&self, byte: usize) -> Option<usize> {
        self.tokens.binary_search_by_key(&byte, |token| token.start).ok()
    }

    /// The bytes of tokens.
    pub(super) fn bytes(&self, tokens: Range<usize>) -> Range<usize> {
        self.tokens[tokens.start].start..self.tokens[tokens.end - 1].end
    }

    /// Where a pattern stands whose run `run` has its token `token` at token `at` of the passage.
    pub(super) fn find(
        &self,
        pattern: &Pattern,
        run: usize,
        token: usize,
        at: usize,
        reach: usize,
    ) -> Option<Found> {
        // A word parted by a hyphen at a line's end takes three tokens for one.
        (0..=token).map_while(|joints| at.checked_sub(token + 2 * joints)).find_map(|start| {
            let end = self.matches(&pattern.runs[run], start)?;
            let mut search = Search { passage: self, pattern, reach, steps: 0 };
            let mut found = search.before(run, start)?;
            found.push(start..end);
            found.extend(search.after(run, end)?);
            Some(found)
        })
    }

    /// The end of a run that begins at a token.
    fn matches(&self, run: &[Asked], start: usize) -> Option<usize> {
        let mut at = start;
        for asked in run {
            at = self.equals(asked, at)?;
        }
        Some(at)
    }

    fn equals(&self, asked: &Asked, at: usize) -> Option<usize> {
        let token = self.tokens.get(at)?;
        if asked.mark.is_some() || token.mark.is_some() {
            return (asked.mark == token.mark).then_some(at + 1);
        }
        if asked.ending.is_none() && !token.is_open && asked.hash != token.hash {
            return None;
        }
        let mut folded = String::new();
        fold_word(token.text(self.text), &mut folded);
        if is_answered(asked, &folded) {
            return Some(at + 1);
        }
        // The word may go on behind the hyphen that its line ends with.
        let (mut at, mut is_open) = (at, token.is_open);
        while is_open && folded.len() < asked.folded.len() {
            let next = self.tokens.get(at + 2)?;
            fold_word(next.text(self.text), &mut folded);
            (at, is_open) = (at + 2, next.is_open);
            if is_answered(asked, &folded) {
                return Some(at + 1);
            }
        }
        None
    }
}

fn is_answered(asked: &Asked, folded: &str) -> bool {
    match asked.ending {
        None => asked.folded == folded,
        // `can[]` would hide what `cannot` says.
        Some(_) => {
            hidden(folded) == hidden(&asked.folded)
                && folded
                    .strip_prefix(&asked.folded)
                    .is_some_and(|ending| ending.chars().count() <= MAX_ENDING_CHARS)
        }
    }
}

/// Looks for the runs before and after one that was found.
struct Search<'a> {
    passage: &'a Passage<'a>,
    pattern: &'a Pattern,
    /// The most words that an ellipsis may leave out.
    reach: usize,
    steps: usize,
}

impl Search<'_> {
    fn before(&mut self, run: usize, start: usize) -> Option<Found> {
        let passage = self.passage;
        if cuts_before(passage.text, &passage.tokens, start) {
            return None;
        }
        if run == 0 {
            return Some(Vec::new());
        }
        let hole = &self.pattern.holes[run - 1];
        let asked = &self.pattern.runs[run - 1];
        let nearest = self.first_left_out(hole, start);
        // A run has at least half as many tokens as it matches: closed joints are three for one.
        let furthest = nearest.saturating_sub(3 * asked.len());
        for at in (furthest..start).rev() {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return None;
            }
            let end = passage.matches(asked, at).filter(|end| (nearest..=start).contains(end));
            let Some(end) = end else { continue };
            if cuts_after(passage.text, &passage.tokens, end - 1) {
                continue;
            }
            if let Some(mut found) = self.before(run - 1, at) {
                found.push(at..end);
                return Some(found);
            }
        }
        None
    }

    fn after(&mut self, run: usize, end: usize) -> Option<Found> {
        let passage = self.passage;
        if cuts_after(passage.text, &passage.tokens, end - 1) {
            return None;
        }
        if run + 1 == self.pattern.runs.len() {
            return Some(Vec::new());
        }
        let last = self.last_left_out(&self.pattern.holes[run], end);
        for at in end..=last {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return None;
            }
            if let Some(next) = passage.matches(&self.pattern.runs[run + 1], at)
                && !cuts_before(passage.text, &passage.tokens, at)
                && let Some(mut found) = self.after(run + 1, next)
            {
                found.insert(0, at..next);
                return Some(found);
            }
        }
        None
    }

    /// The first token that a hole before token `start` may leave out: in one section, not too many.
    fn first_left_out(&self, hole: &Hole, start: usize) -> usize {
        let passage = self.passage;
        let mut words = 0;
        let mut at = start;
        while at > 0 && !begins_section(passage.text, &passage.tokens, at) {
            words += usize::from(passage.tokens[at - 1].is_word());
            if words > self.most_words(hole) {
                break;
            }
            at -= 1;
        }
        at
    }

    /// The last token that the run after a hole from token `end` on may begin with.
    fn last_left_out(&self, hole: &Hole, end: usize) -> usize {
        let passage = self.passage;
        let mut words = 0;
        let mut at = end;
        while at < passage.tokens.len() && !begins_section(passage.text, &passage.tokens, at) {
            words += usize::from(passage.tokens[at].is_word());
            at += 1;
            if words > self.most_words(hole) {
                break;
            }
        }
        at.saturating_sub(1).max(end)
    }

    fn most_words(&self, hole: &Hole) -> usize {
        if hole.is_ellipsis { self.reach } else { MAX_BRACKET_WORDS }
    }
}
