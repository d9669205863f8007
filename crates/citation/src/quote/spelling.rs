//! The ways to spell a quote: with its markup or as that is shown, and with hyphens at line ends or without.

use super::fold;
use super::markup;
use super::pattern::Asked;
use super::token::{Token, Tokens, continue_hash};

/// A token and whether it touches the one before.
pub(super) type Spelt = (Asked, bool);

/// The quote as it is, and as a reader sees it who knows its markup.
pub(super) fn spellings(quote: &str) -> Vec<Vec<Spelt>> {
    let mut spellings = spellings_of(quote);
    spellings.extend(markup::shown(quote).iter().flat_map(|shown| spellings_of(shown)));
    spellings
}

/// A text as it is, with the hyphens of its line ends closed, and without Markdown's emphasis.
fn spellings_of(quote: &str) -> Vec<Vec<Spelt>> {
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

/// Drops asterisks and underscores, but not one between two words that touch it, and not one that touches
/// nothing.
fn without_emphasis(tokens: &[Spelt]) -> Vec<Spelt> {
    let is_emphasis = |at: usize| {
        let (asked, is_glued) = &tokens[at];
        let next = tokens.get(at + 1).filter(|(_, is_glued)| *is_glued);
        let joins = *is_glued
            && at > 0
            && tokens[at - 1].0.is_word()
            && next.is_some_and(|(next, _)| next.is_word());
        matches!(asked.mark, Some('*' | '_')) && !joins && (*is_glued || next.is_some())
    };
    (0..tokens.len()).filter(|at| !is_emphasis(*at)).map(|at| tokens[at].clone()).collect()
}
