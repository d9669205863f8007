//! Markdown's block quotes, paragraphs, and the code between fences, which is not read.

use std::ops::Range;

use super::Quoted;
use super::marker;

/// A part of an answer.
pub(super) enum Block {
    /// The bytes of each line of a block quote, without its signs.
    Quote(Vec<Range<usize>>),
    /// The bytes of anything else.
    Paragraph(Range<usize>),
}

/// Cuts an answer at blank lines, and where block quotes and code begin and end.
pub(super) fn blocks(answer: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut quote: Vec<Range<usize>> = Vec::new();
    let mut paragraph: Option<Range<usize>> = None;
    let mut fence: Option<&str> = None;
    let mut at = 0;
    for line in answer.split_inclusive('\n') {
        let (start, end) = (at, at + line.trim_end_matches(['\n', '\r']).len());
        at += line.len();
        let inner = line.trim();
        if let Some(open) = fence {
            if inner.starts_with(open) {
                fence = None;
            }
            continue;
        }
        fence = ["```", "~~~"].into_iter().find(|sign| inner.starts_with(sign));
        let quoted = if fence.is_none() { strip_signs(&answer[start..end]) } else { None };
        let is_text = !inner.is_empty() && quoted.is_none() && fence.is_none();
        if !is_text {
            blocks.extend(paragraph.take().map(Block::Paragraph));
        }
        let goes_on = quoted.is_some_and(|text| !text.trim().is_empty());
        if !goes_on && !quote.is_empty() {
            blocks.push(Block::Quote(std::mem::take(&mut quote)));
        }
        if let Some(text) = quoted.filter(|_| goes_on) {
            quote.push(end - text.len()..end);
        } else if is_text {
            paragraph = Some(paragraph.map_or(start, |open| open.start)..end);
        }
    }
    blocks.extend(paragraph.map(Block::Paragraph));
    if !quote.is_empty() {
        blocks.push(Block::Quote(quote));
    }
    blocks
}

/// The text of a line that begins with `>`, once or more often.
fn strip_signs(line: &str) -> Option<&str> {
    let mut text = line.trim_start().strip_prefix('>')?;
    while let Some(rest) = text.trim_start().strip_prefix('>') {
        text = rest;
    }
    Some(text.trim_start())
}

/// The words of a block quote, without the line that says whose they are, its marker and its marks.
pub(super) fn quoted(answer: &str, lines: &[Range<usize>]) -> Option<Quoted> {
    let is_attribution = |line: &&Range<usize>| {
        let text = answer[(*line).clone()].trim_start_matches(['*', '_', ' ']);
        text.starts_with(['—', '–', '―']) || text.starts_with("--")
    };
    let kept = lines.len() - lines.iter().rev().take_while(is_attribution).count();
    let lines = &lines[..kept];
    let (first, last) = (lines.first()?, lines.last()?);
    let mut text: Vec<&str> = lines.iter().map(|line| &answer[line.clone()]).collect();
    let end = marker::trim_end(text.last()?);
    let end_cut = text.last()?.len() - end.len();
    *text.last_mut()? = end;
    let mut bytes = first.start..last.end - end_cut;
    let mut whole = text.join("\n");
    if let Some(inner) = strip_marks(&whole) {
        let open = whole.len() - whole.trim_start_matches(is_mark).len();
        bytes = bytes.start + open..bytes.end - (whole.len() - open - inner.len());
        whole = inner.to_owned();
    }
    Some(Quoted { bytes, text: whole })
}

fn is_mark(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// The text between quotation marks that stand at both its ends, and nowhere else.
fn strip_marks(text: &str) -> Option<&str> {
    let open = text.chars().next().filter(|c| is_mark(*c))?;
    let inner = text[open.len_utf8()..].trim_end_matches(is_mark);
    (inner.len() + open.len_utf8() < text.len() && !inner.contains(is_mark)).then_some(inner)
}
