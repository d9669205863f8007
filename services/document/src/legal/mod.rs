//! What a document is to a lawyer, said by rules: its kind, whose law it is about, the field of law, its
//! terms, and what it cites. It knows no store, and what an owner says goes before what it says.

mod citation;
mod folded;
mod keyword;
mod model;
mod rules;
mod signs;

use serde::{Deserialize, Serialize};

pub(crate) use self::citation::authorities;
pub use self::citation::{Cited, cited, normalized};
use self::folded::{Folded, HEAD, Seen};
pub(crate) use self::model::{allowed_values, joined, said_by_model};
use self::signs::SIGNS;

/// What is said with less confidence is not said.
const LEAST: f64 = 0.5;
/// Nothing that a rule says is certain.
const MOST: f64 = 0.99;

/// Who says something of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The rules here.
    #[default]
    Rules,
    /// The language model in use.
    Model,
}

impl Source {
    /// The word that callers see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Model => "model",
        }
    }
}

/// Something that the text says of its document, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detected {
    /// The field that it is a value of, such as `jurisdiction`.
    pub field: String,
    /// The value.
    pub value: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Where the strongest sign of it starts, in characters of the document's text.
    pub start_char: i32,
    /// Where that ends, exclusive.
    pub end_char: i32,
    /// Who says so.
    #[serde(default)]
    pub source: Source,
}

/// What the text says of its document; the keywords with the most telling first.
pub fn detect(text: &str) -> Vec<Detected> {
    let folded = Folded::of(text);
    let seen = folded.seen(&SIGNS.phrases);
    let fields = ["document_category", "jurisdiction", "practice_area"];
    let mut found: Vec<_> =
        fields.into_iter().filter_map(|field| strongest(field, &seen)).collect();
    found.extend(keyword::keywords(text));
    found
}

/// The value that most speaks for. Signs of one value add up as independent ones do.
fn strongest(field: &str, seen: &[Seen]) -> Option<Detected> {
    struct Case {
        value: &'static str,
        against: f64,
        strongest: f64,
        place: (i32, i32),
    }
    let mut cases: Vec<Case> = Vec::new();
    for sign in SIGNS.of(field) {
        let Some((place, count)) = sign.found_in(seen) else { continue };
        // Said once in a body it may be said in passing.
        let is_passing = count == 1 && place.0 >= HEAD;
        let weight = if is_passing { sign.weight * 0.7 } else { sign.weight };
        let at = cases.iter().position(|case| case.value == sign.value).unwrap_or_else(|| {
            cases.push(Case { value: sign.value, against: 1.0, strongest: 0.0, place });
            cases.len() - 1
        });
        let case = &mut cases[at];
        case.against *= 1.0 - weight;
        if weight > case.strongest {
            (case.strongest, case.place) = (weight, place);
        }
    }
    let strongest = cases.into_iter().min_by(|a, b| a.against.total_cmp(&b.against))?;
    let confidence = (1.0 - strongest.against).min(MOST);
    (confidence >= LEAST).then(|| Detected {
        field: field.to_owned(),
        value: strongest.value.to_owned(),
        confidence: (confidence * 100.0).round() / 100.0,
        start_char: strongest.place.0,
        end_char: strongest.place.1,
        source: Source::Rules,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<'a>(found: &'a [Detected], field: &str) -> Vec<&'a str> {
        found.iter().filter(|one| one.field == field).map(|one| one.value.as_str()).collect()
    }

    #[test]
    fn a_court_paper_says_what_it_is_whose_law_it_is_about_and_where_it_says_so() {
        let text = "IN THE COURT OF COMMON  PLEAS\nOF PHILADELPHIA COUNTY\nFIRST JUDICIAL DISTRICT OF \
                    PENNSYLVANIA\n\nPETITION TO POSTPONE SHERIFF'S SALE\n\nThe mortgage on the property is in \
                    foreclosure, and the foreclosure is disputed.";
        let found = detect(text);
        assert_eq!(said(&found, "document_category"), ["petition"]);
        assert_eq!(said(&found, "jurisdiction"), ["Pennsylvania"]);
        assert_eq!(said(&found, "practice_area"), ["real estate"]);
        let place = found.iter().find(|one| one.field == "jurisdiction").unwrap();
        let chars: Vec<char> = text.chars().collect();
        let seen: String =
            chars[place.start_char as usize..place.end_char as usize].iter().collect();
        assert_eq!(seen, "DISTRICT OF PENNSYLVANIA");
        assert!((0.5..1.0).contains(&place.confidence));
    }

    #[test]
    fn what_says_nothing_is_called_nothing() {
        assert_eq!(detect("Eggs, milk, two loaves of bread. Call the plumber."), []);
        assert_eq!(detect(""), []);
    }

    #[test]
    fn terms_that_a_contract_defines_are_its_keywords() {
        let found = detect(
            "\"Licensor\" shall mean the owner. The tenant (the \"Lessee\") pays. \"No,\" he said.",
        );
        assert_eq!(said(&found, "keywords"), ["Licensor", "Lessee"]);
    }
}
