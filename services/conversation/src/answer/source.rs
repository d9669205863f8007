//! Texts sent with a question, cut into passages with exact offsets, the fitting ones first.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::domain::{Passage, Source};

/// The longest passage. A longer paragraph is cut where a sentence or at least a word ends.
const MAX_CHARS: usize = 1_200;
/// How soon more of the same word stops counting, and how much a long passage counts less: BM25's.
const SATURATION: f64 = 1.2;
const LENGTH_WEIGHT: f64 = 0.75;

/// The passages of the sources that fit the question best, at most so many.
pub(super) fn passages(sources: &[Source], question: &str, most: usize) -> Vec<Passage> {
    let mut found: Vec<Passage> =
        sources.iter().zip(1..).flat_map(|(source, number)| cut(source.as_str(), number)).collect();
    score(&mut found, question);
    // A stable sort: passages that fit alike stay in the order of the text.
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(most);
    found
}

fn cut(text: &str, number: usize) -> Vec<Passage> {
    let (mut byte, mut char) = (0, 0);
    let mut passages = Vec::new();
    for range in paragraphs(text) {
        char += text[byte..range.start].chars().count();
        byte = range.start;
        let content = &text[range];
        passages.push(Passage {
            document_id: None,
            chunk_id: None,
            filename: Source::name(number),
            content: content.to_owned(),
            page: None,
            start_char: offset(char),
            end_char: offset(char + content.chars().count()),
            score: 0.0,
            is_recovered: false,
        });
    }
    passages
}

/// Sources are far shorter than what 32 bits count.
fn offset(chars: usize) -> i32 {
    i32::try_from(chars).unwrap_or(i32::MAX)
}

/// The bytes of each paragraph: what stands between blank lines, without the space around it.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let (mut from, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            blocks.push(from..at);
            from = at + line.len();
        }
        at += line.len();
    }
    blocks.push(from..at);
    blocks.into_iter().flat_map(|block| shorten(text, block)).collect()
}

/// Cuts a block into pieces that are short enough, and drops what is blank.
fn shorten(text: &str, mut block: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    while let Some(trimmed) = trim(text, block.clone()) {
        let rest = &text[trimmed.clone()];
        let Some((limit, _)) = rest.char_indices().nth(MAX_CHARS) else {
            pieces.push(trimmed);
            break;
        };
        let end = trimmed.start + cut_before(&rest[..limit]);
        pieces.extend(trim(text, trimmed.start..end));
        block = end..trimmed.end;
    }
    pieces
}

fn trim(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let block = &text[range.clone()];
    let start = range.start + (block.len() - block.trim_start().len());
    let end = range.end - (block.len() - block.trim_end().len());
    (start < end).then_some(start..end)
}

/// Where to cut: after the last sentence, else after the last word, else at the very end.
fn cut_before(text: &str) -> usize {
    let half = text.len() / 2;
    [". ", ".\n", "; ", "\n", " "]
        .iter()
        .filter_map(|mark| text.rfind(mark).map(|at| at + mark.len()))
        .find(|end| *end > half)
        .unwrap_or(text.len())
}

/// Scores each passage by the words that it shares with the question, rare words first (BM25).
fn score(passages: &mut [Passage], question: &str) {
    let asked: HashSet<String> = words(question).collect();
    let counts: Vec<HashMap<String, f64>> = passages
        .iter()
        .map(|passage| {
            let mut counts = HashMap::new();
            words(&passage.content).for_each(|word| *counts.entry(word).or_default() += 1.0);
            counts
        })
        .collect();
    let total = passages.len() as f64;
    let mean = counts.iter().map(length).sum::<f64>() / total.max(1.0);
    let rarity = |word: &String| {
        let holding = counts.iter().filter(|counts| counts.contains_key(word)).count() as f64;
        ((total - holding + 0.5) / (holding + 0.5)).ln_1p()
    };
    let rarities: HashMap<&String, f64> = asked.iter().map(|word| (word, rarity(word))).collect();
    for (passage, counts) in passages.iter_mut().zip(&counts) {
        let norm =
            SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * length(counts) / mean.max(1.0));
        passage.score = rarities
            .iter()
            .filter_map(|(word, rarity)| {
                let count = counts.get(*word)?;
                Some(rarity * count * (SATURATION + 1.0) / (count + norm))
            })
            .sum();
    }
}

fn length(counts: &HashMap<String, f64>) -> f64 {
    counts.values().sum()
}

/// The words of a text, in lower case.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_exactly_the_text_at_its_offsets() {
        let text = format!(
            "§ 1 Größe.\n\n  {}\n\nThe tenant pays the rent.\n",
            "Wort für Wort. ".repeat(200)
        );
        let sources = Source::parse_all(vec![text.clone()]).unwrap();
        let found = passages(&sources, "Who pays the rent?", 100);
        assert_eq!(found[0].content, "The tenant pays the rent.");
        assert!(found.len() > 3);
        for passage in found {
            let (from, to) = (passage.start_char as usize, passage.end_char as usize);
            let exact: String = text.chars().skip(from).take(to - from).collect();
            assert_eq!(exact, passage.content);
        }
    }
}
