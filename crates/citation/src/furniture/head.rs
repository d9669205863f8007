//! Running heads and feet, and page numbers: lines at a page's edge that come again on others.

use std::collections::HashMap;
use std::ops::Range;

/// How many lines at each edge of a page may be furniture.
const MAX_LINES: usize = 4;
const MAX_LINE_BYTES: usize = 160;
/// The longest number in Roman numerals: xxxviii.
const MAX_ROMAN: usize = 7;

/// Adds the heads and feet of a text's pages, with the blank lines between them and its words.
pub(super) fn find(text: &str, furniture: &mut Vec<Range<usize>>) {
    let pages: Vec<Page> = pages(text).collect();
    if pages.len() < 2 {
        return;
    }
    let least = pages.len().div_ceil(3).max(2);
    for edge in [|page: &Page| page.top.clone(), |page: &Page| page.bottom.clone()] {
        let edges: Vec<Vec<Line>> = pages.iter().map(edge).collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for line in edges.iter().flatten() {
            *counts.entry(&line.key).or_default() += 1;
        }
        for lines in &edges {
            let is_furniture =
                |line: &&Line| is_page_number(&line.key) || counts[line.key.as_str()] >= least;
            if let Some(last) = lines.iter().take_while(is_furniture).last() {
                furniture.push(last.to_edge.clone());
            }
        }
    }
}

/// The lines at a page's edges, the outermost first.
struct Page {
    top: Vec<Line>,
    bottom: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    /// What it has in common with that of other pages.
    key: String,
    /// From the page's edge to it, itself and the blank lines beyond it included.
    to_edge: Range<usize>,
}

fn pages(text: &str) -> impl Iterator<Item = Page> {
    text.split('\x0c').map(move |page| {
        let start = page.as_ptr() as usize - text.as_ptr() as usize;
        let end = start + page.len();
        let lines = || super::lines(page).filter(|(_, line)| !line.trim().is_empty());
        let top = lines().take(MAX_LINES).map(|(at, line)| {
            let beyond = page[at + line.len()..].trim_start().len();
            Line { key: key(line), to_edge: start..end - beyond }
        });
        let bottom = lines().rev().take(MAX_LINES).map(|(at, line)| {
            let before = page[..at].trim_end().len();
            Line { key: key(line), to_edge: start + before..end }
        });
        Page { top: top.collect(), bottom: bottom.collect() }
    })
}

/// A line with its numbers made alike. Empty for one that is too long.
fn key(line: &str) -> String {
    let mut key = String::new();
    if line.len() > MAX_LINE_BYTES {
        return key;
    }
    for c in line.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase) {
        match c {
            c if c.is_numeric() && key.ends_with('#') => {}
            c if c.is_numeric() => key.push('#'),
            c => key.push(c),
        }
    }
    key
}

/// `7`, `- 7 -`, `Page 7 of 12`, `vii`.
fn is_page_number(key: &str) -> bool {
    let bare = key.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
    let is_roman = !bare.is_empty()
        && bare.len() <= MAX_ROMAN
        && bare.chars().all(|c| matches!(c, 'i' | 'v' | 'x'));
    is_roman || matches!(bare, "#" | "page#" | "p.#" | "page#of#" | "#of#" | "#/#" | "page#/#")
}
