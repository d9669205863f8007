//! Chooses the clauses that answer a question, or none.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::Prompt;
use crate::extractive::clause::clauses;
use crate::extractive::question::Question;
use crate::extractive::term::{are_near_duplicates, stems};

/// Quotations in one answer.
const MAX_CHOSEN: usize = 3;

/// A further clause must score this share of the best one.
const SHARE_OF_BEST: f64 = 0.7;

/// The share of the question's weight that a clause and its passage must cover together to be an
/// answer. People ask at length and in words of their own: more than that is seldom met.
const MIN_COVERAGE: f64 = 0.4;

/// The share that the clause must cover itself.
const MIN_OWN_COVERAGE: f64 = 0.15;

/// What a term in the passage around a clause adds to its score, against one in the clause itself.
const NEARBY: f64 = 0.35;

/// The weight of a term that no source holds, in typical ones: the asker's own word for something.
const ABSENT: f64 = 0.6;

/// The same of a name or a number: what the question is about is not what the sources are about.
const ABSENT_NAME: f64 = 4.0;

/// What the right kind of words, such as a date for "when", adds to a score.
const KIND_BONUS: f64 = 1.3;

/// How far a quotation goes into the list that it opens.
const MAX_LIST_BYTES: usize = 600;

/// The usual constants of BM25.
const SATURATION: f64 = 1.2;
const LENGTH_WEIGHT: f64 = 0.5;

/// A clause of a passage.
pub(super) struct Clause {
    /// The passage's place in the prompt.
    pub(super) passage: usize,
    /// The bytes of the passage's text.
    pub(super) range: Range<usize>,
    pub(super) terms: Vec<String>,
}

/// The clauses to quote, in the order of their documents; none when nothing fits.
pub(super) fn choose(prompt: &Prompt) -> Vec<Clause> {
    let question = Question::of(prompt);
    let clauses = all_clauses(prompt, &question);
    let weights = Weights::of(&question, &clauses);
    let nearby = terms_by_passage(prompt, &clauses);
    let mut scored: Vec<(f64, Clause)> = clauses
        .into_iter()
        .filter_map(|clause| {
            let text = &prompt.passages[clause.passage].text[clause.range.clone()];
            let score = weights.score(&clause.terms, &nearby[clause.passage])?;
            let is_matched = question.is_matched_in_kind(text);
            Some((if is_matched { score * KIND_BONUS } else { score }, clause))
        })
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut chosen = without_duplicates(scored);
    chosen.sort_by_key(|clause| place(prompt, clause));
    chosen
}

fn all_clauses(prompt: &Prompt, question: &Question) -> Vec<Clause> {
    let of_passage = |(passage, text): (usize, &str)| {
        let ranges = clauses(text);
        let clause = |at: usize| {
            let range = with_its_list(text, &ranges[at..]);
            let terms = stems(&text[range.clone()]).map(|term| question.own_word_for(term));
            Clause { passage, terms: terms.collect(), range }
        };
        (0..ranges.len()).map(clause).collect::<Vec<_>>()
    };
    let texts = prompt.passages.iter().map(|passage| passage.text.as_str());
    texts.enumerate().flat_map(of_passage).collect()
}

/// The first of these clauses, and where it only opens a list, what it opens, up to the sentence's end.
fn with_its_list(text: &str, ranges: &[Range<usize>]) -> Range<usize> {
    let (first, rest) = (&ranges[0], &ranges[1..]);
    let mut end = first.end;
    if text[first.clone()].ends_with([':', '—']) {
        for next in rest.iter().take_while(|next| next.end - first.start <= MAX_LIST_BYTES) {
            end = next.end;
            if text[next.clone()].ends_with(['.', '?', '!']) {
                break;
            }
        }
    }
    first.start..end
}

fn terms_by_passage(prompt: &Prompt, clauses: &[Clause]) -> Vec<HashSet<String>> {
    let mut terms = vec![HashSet::new(); prompt.passages.len()];
    for clause in clauses {
        terms[clause.passage].extend(clause.terms.iter().cloned());
    }
    terms
}

/// Keeps the best, and those nearly as good that say something else.
fn without_duplicates(scored: Vec<(f64, Clause)>) -> Vec<Clause> {
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    let mut chosen: Vec<(HashSet<String>, Clause)> = Vec::new();
    for (score, clause) in scored {
        if chosen.len() == MAX_CHOSEN || score < best * SHARE_OF_BEST {
            break;
        }
        let terms: HashSet<String> = clause.terms.iter().cloned().collect();
        if !chosen.iter().any(|(other, _)| are_near_duplicates(&terms, other)) {
            chosen.push((terms, clause));
        }
    }
    chosen.into_iter().map(|(_, clause)| clause).collect()
}

/// Documents in the order of their best passage; inside one, as it reads.
fn place(prompt: &Prompt, clause: &Clause) -> (usize, usize, usize) {
    let passage = &prompt.passages[clause.passage];
    let is_same = |other: &crate::Passage| {
        (&other.document_id, &other.source) == (&passage.document_id, &passage.source)
    };
    let document = prompt.passages.iter().position(is_same).unwrap_or(clause.passage);
    (document, passage.start_char, clause.range.start)
}

/// What each term of the question is worth: the rarer in the sources, the more.
struct Weights {
    by_term: HashMap<String, f64>,
    total: f64,
    mean_length: f64,
}

impl Weights {
    fn of(question: &Question, clauses: &[Clause]) -> Self {
        let count = clauses.len() as f64;
        let weight = |term: &String| {
            let holding = clauses.iter().filter(|clause| clause.terms.contains(term)).count();
            (holding > 0).then(|| rarity(count, holding as f64))
        };
        let found: HashMap<&String, Option<f64>> =
            question.terms.iter().map(|term| (term, weight(term))).collect();
        let present: Vec<f64> = found.values().copied().flatten().collect();
        let typical = present.iter().sum::<f64>() / (present.len() as f64).max(1.0);
        let by_term: HashMap<String, f64> = found
            .into_iter()
            .map(|(term, weight)| {
                let absent = if question.names.contains(term) { ABSENT_NAME } else { ABSENT };
                (term.clone(), weight.unwrap_or(typical * absent))
            })
            .collect();
        let length: usize = clauses.iter().map(|clause| clause.terms.len()).sum();
        Self {
            total: by_term.values().sum(),
            mean_length: (length as f64 / count.max(1.0)).max(1.0),
            by_term,
        }
    }

    /// None when the clause is not about the question.
    fn score(&self, terms: &[String], nearby: &HashSet<String>) -> Option<f64> {
        let length = 1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * terms.len() as f64 / self.mean_length;
        let (mut own, mut around, mut covered) = (0.0, 0.0, 0.0);
        for (term, weight) in &self.by_term {
            let times = terms.iter().filter(|other| *other == term).count() as f64;
            if times > 0.0 {
                own += weight * times * (SATURATION + 1.0) / (times + SATURATION * length);
                covered += weight;
            } else if nearby.contains(term) {
                around += weight;
            }
        }
        let is_answer = covered > 0.0
            && covered >= self.total * MIN_OWN_COVERAGE
            && covered + around >= self.total * MIN_COVERAGE;
        is_answer.then_some(own + around * NEARBY)
    }
}

/// The weight of a term that so many of the clauses hold, as BM25 has it.
fn rarity(clauses: f64, holding: f64) -> f64 {
    (1.0 + (clauses - holding + 0.5) / (holding + 0.5)).ln()
}
