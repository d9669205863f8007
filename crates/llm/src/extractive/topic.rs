//! Chooses the clauses that are about a topic. A question has words that an answer must hold; a topic
//! has words of which a clause may hold any.

use std::collections::{HashMap, HashSet};

use crate::extractive::clause::clauses;
use crate::extractive::ranking::Clause;
use crate::extractive::reply;
use crate::extractive::term::{are_near_duplicates, stems};
use crate::{Citation, Prompt};

/// Shorter clauses are headings, and longer ones tables.
const CLAUSE_BYTES: std::ops::RangeInclusive<usize> = 40..=600;

/// The quotations, in the order of the passages.
pub(super) fn about(prompt: &Prompt, most: usize) -> Vec<Citation> {
    let topic: HashSet<String> = stems(&prompt.question).collect();
    let candidates = candidates(prompt, &topic);
    let weights = weights(&candidates, &topic);
    let mut scored: Vec<(f64, Clause)> = candidates
        .into_iter()
        .map(|clause| {
            let held: HashSet<&String> = clause.terms.iter().collect();
            let score: f64 = held.into_iter().filter_map(|term| weights.get(term)).sum();
            (score, clause)
        })
        .collect();
    // A stable sort: clauses that tell alike stay in the order of the text.
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut chosen = without_duplicates(scored, most);
    chosen.sort_by_key(|clause| (clause.passage, clause.range.start));
    chosen.iter().map(|clause| reply::citation(prompt, clause)).collect()
}

/// The clauses that hold a word of the topic.
fn candidates(prompt: &Prompt, topic: &HashSet<String>) -> Vec<Clause> {
    let mut found = Vec::new();
    for (passage, text) in prompt.passages.iter().map(|passage| &passage.text).enumerate() {
        for range in clauses(text) {
            let terms: Vec<String> = stems(&text[range.clone()]).collect();
            if CLAUSE_BYTES.contains(&range.len()) && terms.iter().any(|term| topic.contains(term))
            {
                found.push(Clause { passage, range, terms });
            }
        }
    }
    found
}

/// What each word of the topic is worth: the fewer clauses hold it, the more.
fn weights(candidates: &[Clause], topic: &HashSet<String>) -> HashMap<String, f64> {
    let mut holding: HashMap<String, f64> = HashMap::new();
    for clause in candidates {
        let held: HashSet<&String> =
            clause.terms.iter().filter(|term| topic.contains(*term)).collect();
        held.into_iter().for_each(|term| *holding.entry(term.clone()).or_default() += 1.0);
    }
    let total = candidates.len() as f64;
    holding.into_iter().map(|(term, count)| (term, (1.0 + total / count).ln())).collect()
}

fn without_duplicates(scored: Vec<(f64, Clause)>, most: usize) -> Vec<Clause> {
    let mut chosen: Vec<(HashSet<String>, Clause)> = Vec::new();
    for (_, clause) in scored {
        if chosen.len() == most {
            break;
        }
        let terms: HashSet<String> = clause.terms.iter().cloned().collect();
        if !chosen.iter().any(|(other, _)| are_near_duplicates(&terms, other)) {
            chosen.push((terms, clause));
        }
    }
    chosen.into_iter().map(|(_, clause)| clause).collect()
}

#[cfg(test)]
mod tests {
    use crate::{Extractive, Passage, Prompt};

    #[test]
    fn a_topic_is_quoted_from_every_part_of_a_long_text() {
        let filler =
            "The parties met on a fine day and spoke of the weather at length.\n\n".repeat(500);
        let clause = "The Supplier shall indemnify the Customer against all third party claims.";
        let passage =
            |text: String, number| Passage { text, number: Some(number), ..Passage::default() };
        let prompt = Prompt {
            question: "indemnify liability warranty breach".to_owned(),
            passages: vec![passage(filler.clone(), 7), passage(format!("{filler}{clause}"), 8)],
            ..Prompt::default()
        };
        let quotes = Extractive::about(&prompt, 3);
        assert_eq!(quotes.len(), 1, "{quotes:?}");
        assert_eq!((quotes[0].quote.as_str(), quotes[0].marker.as_str()), (clause, "[8]"));
    }
}
