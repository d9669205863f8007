//! Thousands of quotes made from real documents, true ones and ones that were tampered with: none of the
//! latter may be called verbatim, and hardly any of the former may be refused.

mod generate;
mod meaning;
mod text;

use std::collections::BTreeMap;

use elenchus_citation::{GapPlace, Hidden, Item, Kind, Options, Source, Status, check};

use self::generate::{Generator, Made};

/// Checks quotes in one answer, a paragraph each.
fn judge(quotes: &[Made], source: &str) -> Vec<Item> {
    let paragraph =
        |made: &Made| match made.quote.contains(['"', '“', '”', '«', '»', '„', '\n', '>']) {
            true => format!("> {}", made.quote.replace('\n', "\n> ")),
            false => format!("It says “{}”.", made.quote),
        };
    let answer: Vec<String> = quotes.iter().map(paragraph).collect();
    let report = check(&answer.join("\n\n"), &[Source::new("doc", source)], &Options::default());
    let items: Vec<Item> =
        report.items.into_iter().filter(|item| item.kind == Kind::Quote).collect();
    assert_eq!(items.len(), quotes.len(), "a quote was not seen");
    items
}

/// A mutation may have dropped the number of a page or line, which the check says is left out.
fn is_page_number_left_out(mutation: &Made, item: &Item) -> bool {
    let mut left_out = item.gaps.iter().filter(|gap| gap.place == GapPlace::Between);
    mutation.kind == "word dropped"
        && left_out
            .all(|gap| !gap.left_out.is_empty() && !gap.left_out.contains(char::is_alphabetic))
}

#[test]
fn no_mutation_is_verbatim() {
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    let documents = text::documents();
    for (name, source) in &documents {
        let mutations = Generator::new(source, documents.len()).mutations();
        for (mutation, item) in mutations.iter().zip(judge(&mutations, source)) {
            let is_true = item.status == Status::Verbatim
                || item.status == Status::VerbatimElided
                    && !is_page_number_left_out(mutation, &item);
            assert!(!is_true, "{name}: {}: {:?} passed", mutation.kind, mutation.quote);
            *made.entry(mutation.kind).or_default() += 1;
        }
    }
    let total: usize = made.values().sum();
    println!("{total} mutations: {made:?}");
    assert!(total >= 10_000, "only {total} mutations were made: {made:?}");
    // Where only the example is there, some kinds find little in it.
    let least = if documents.len() > 1 { 10 } else { 1 };
    assert!(made.len() >= 30 && made.values().all(|count| *count >= least), "{made:?}");
}

#[test]
fn true_quotes_are_kept() {
    let (mut kept, mut refused) = (0, Vec::new());
    let documents = text::documents();
    for (name, source) in &documents {
        let mut generator = Generator::new(source, documents.len());
        for (text, quotes) in [
            (source.clone(), generator.quotes()),
            (text::hyphenated(source), generator.quotes()),
            (source.clone(), generator.elided_quotes()),
        ] {
            for (quote, item) in quotes.iter().zip(judge(&quotes, &text)) {
                let expected = match quote.kind {
                    "elided" => Status::VerbatimElided,
                    _ => Status::Verbatim,
                };
                match item.status == expected {
                    true => kept += 1,
                    false => refused
                        .push(format!("{name}: {}: {} {:?}", item.status, quote.kind, quote.quote)),
                }
            }
        }
    }
    let total = kept + refused.len();
    println!("{kept} of {total} true quotes kept; refused: {refused:#?}");
    assert!(total >= 1_000 && refused.len() * 100 <= total);
}

#[test]
fn a_gap_that_hides_a_negation_is_flagged() {
    let mut flagged = 0;
    let documents = text::documents();
    for (_, source) in &documents {
        let quotes = Generator::new(source, documents.len()).hidden_negations();
        for (quote, item) in quotes.iter().zip(judge(&quotes, source)) {
            if item.status == Status::VerbatimElided {
                let hides = item.gaps.iter().any(|gap| gap.hides.contains(&Hidden::Negation));
                assert!(hides, "{:?}", quote.quote);
                flagged += 1;
            }
        }
    }
    assert!(flagged >= 20, "only {flagged}");
}
