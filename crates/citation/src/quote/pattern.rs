//! What a quote asks of a source: runs of tokens that must stand there, and holes between them.

use super::fold::{self, ELLIPSIS};
use super::token::{Token, Tokens, continue_hash};

/// The shortest part of an elided quote that can be placed.
pub(super) const MIN_SEGMENT_WORDS: usize = 3;
/// How far apart two brackets of one pair may stand.
const MAX_BRACKET_TOKENS: usize = 40;
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

/// A token and whether it touches the one before.
type Spelt = (Asked, bool);

/// The quote as it is, with the hyphens of its line ends closed, and without Markdown's emphasis.
fn spellings(quote: &str) -> Vec<Vec<Spelt>> {
    let tokens: Vec<Token> = Tokens::from(quote, 0).collect();
    let plain: Vec<Spelt> =
        tokens.iter().map(|token| (ask(quote, token), token.is_glued)).collect();
    let mut spellings = vec![plain.clone()];
    if tokens.iter().any(|token| token.is_word() && token.is_open) {
        spellings.push(close_joints(quote, &tokens));
    }
    let bare: Vec<Vec<Spelt>> = spellings.iter().map(|tokens| without_emphasis(tokens)).collect();
    spellings.extend(bare.into_iter().filter(|bare| bare.len() < plain.len()));
    spellings
}

fn ask(quote: &str, token: &Token) -> Asked {
    let shown = token.text(quote).to_owned();
    let mut folded = String::new();
    match token.mark {
        Some(mark) => folded.push(mark),
        None => fold::fold_word(&shown, &mut folded),
    }
    Asked { folded, shown, mark: token.mark, hash: token.hash, ending: None }
}

fn close_joints(quote: &str, tokens: &[Token]) -> Vec<Spelt> {
    let mut closed: Vec<Spelt> = Vec::new();
    let mut rest = tokens.iter();
    while let Some(token) = rest.next() {
        let mut asked = ask(quote, token);
        let mut is_open = token.is_word() && token.is_open;
        while is_open && let (Some(_hyphen), Some(next)) = (rest.next(), rest.next()) {
            let next_asked = ask(quote, next);
            asked.hash = continue_hash(asked.hash, &next_asked.shown);
            asked.folded.push_str(&next_asked.folded);
            asked.shown.push_str(&next_asked.shown);
            is_open = next.is_open;
        }
        closed.push((asked, token.is_glued));
    }
    closed
}

/// Drops asterisks and underscores, but not one between two words that touch it.
fn without_emphasis(tokens: &[Spelt]) -> Vec<Spelt> {
    let is_emphasis = |at: usize| {
        let (asked, is_glued) = &tokens[at];
        let joins = *is_glued
            && at > 0
            && tokens[at - 1].0.is_word()
            && tokens.get(at + 1).is_some_and(|(next, is_glued)| *is_glued && next.is_word());
        matches!(asked.mark, Some('*' | '_')) && !joins
    };
    (0..tokens.len()).filter(|at| !is_emphasis(*at)).map(|at| tokens[at].clone()).collect()
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
fn trim_end(run: &mut Vec<Asked>) {
    while run.last().is_some_and(|last| matches!(last.mark, Some('.' | ','))) {
        run.pop();
    }
}

/// Reads ellipses and brackets as such. `None` when there are none, or they cannot be read so.
fn elided(tokens: &[Spelt]) -> Option<Pattern> {
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
        let touching = tokens.get(close + 1).filter(|(next, is_glued)| *is_glued && next.is_word());
        let letters: usize = inside.iter().map(|(asked, _)| asked.shown.chars().count()).sum();
        let is_plain = inside.len() <= 1 && inside.iter().all(|(asked, _)| asked.is_word());
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

fn is_wrapped_ellipsis(tokens: &[Spelt], at: usize, close: char) -> bool {
    let mark = |at: usize| tokens.get(at).and_then(|(asked, _)| asked.mark);
    mark(at + 1) == Some(ELLIPSIS) && mark(at + 2) == Some(close)
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
