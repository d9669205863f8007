//! Reads texts as a JSON list from standard input, and prints the legal citations of each.

use elenchus_citation::{Options, citations};

fn main() {
    let texts: Vec<String> =
        serde_json::from_reader(std::io::stdin()).expect("a list of texts comes in");
    let found: Vec<_> = texts.iter().map(|text| citations(text, &Options::default())).collect();
    serde_json::to_writer(std::io::stdout(), &found).expect("standard output can be written");
}
