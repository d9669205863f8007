//! What a language model says of a document. It is believed where it shows words of the text for it.

use std::collections::BTreeSet;

use elenchus_proto::pb::conversation::v1::DocumentTrait;

use super::folded::Folded;
use super::rules::{CATEGORIES, JURISDICTIONS, PRACTICE_AREAS, STATES};
use super::{Detected, LEAST, MOST, Source};

/// Fewer letters than these show nothing.
const SHORTEST: usize = 3;

/// What a model may say, field by field; of the keywords any words of the text.
pub(crate) fn allowed_values() -> impl Iterator<Item = (&'static str, BTreeSet<&'static str>)> {
    let of = |rules: &'static [(&'static str, &'static str, f64, _)]| {
        rules.iter().map(|rule| rule.0).collect::<BTreeSet<_>>()
    };
    let mut jurisdictions = of(JURISDICTIONS);
    jurisdictions.extend(STATES);
    [
        ("document_category", of(CATEGORIES)),
        ("jurisdiction", jurisdictions),
        ("practice_area", of(PRACTICE_AREAS)),
        ("keywords", BTreeSet::new()),
    ]
    .into_iter()
}

/// Those of a model's words that may be said and that the text bears out, with their places.
pub(crate) fn said_by_model(text: &str, traits: Vec<DocumentTrait>) -> Vec<Detected> {
    let folded = Folded::of(text);
    let is_allowed = |one: &DocumentTrait| {
        let mut fields = allowed_values();
        fields.any(|(field, values)| {
            field == one.field && (values.is_empty() || values.contains(&*one.value))
        })
    };
    let said = traits.into_iter().filter(is_allowed).filter_map(|one| {
        let is_keyword = one.field == "keywords";
        let evidence = if is_keyword { &one.value } else { &one.evidence };
        if evidence.chars().filter(|c| c.is_alphanumeric()).count() < SHORTEST {
            return None;
        }
        let (start_char, end_char) = folded.place_of(evidence)?;
        Some(Detected {
            field: one.field,
            value: one.value.split_whitespace().collect::<Vec<_>>().join(" "),
            confidence: (one.confidence.min(MOST) * 100.0).round() / 100.0,
            start_char,
            end_char,
            source: Source::Model,
        })
    });
    said.filter(|one| one.confidence >= LEAST).collect()
}

/// What the rules say, and then what the model says: keywords that the rules have already are left out.
pub(crate) fn joined(rules: Vec<Detected>, said: Vec<Detected>) -> Vec<Detected> {
    let mut all: Vec<Detected> =
        rules.into_iter().filter(|one| one.source == Source::Rules).collect();
    for one in said {
        let is_known = |other: &Detected| {
            other.field == one.field && other.value.to_lowercase() == one.value.to_lowercase()
        };
        if one.field != "keywords" || !all.iter().any(is_known) {
            all.push(one);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(field: &str, value: &str, evidence: &str) -> DocumentTrait {
        DocumentTrait {
            field: field.to_owned(),
            value: value.to_owned(),
            confidence: 0.9,
            evidence: evidence.to_owned(),
        }
    }

    #[test]
    fn a_model_is_believed_where_the_text_bears_it_out() {
        let text = "LEASE of the\nold mill, under the laws of Maine. See example.com/x for more.";
        let said = said_by_model(
            text,
            vec![
                one("document_category", "lease", "lease of the old mill"),
                one("jurisdiction", "Maine", "laws of Texas"),
                one("jurisdiction", "Atlantis", "laws of Maine"),
                one("practice_area", "real estate", "."),
                one("filename", "lease", "lease of the old mill"),
                one("keywords", "old mill", ""),
                one("keywords", "water rights", ""),
            ],
        );
        let values: Vec<_> = said.iter().map(|one| (&*one.field, &*one.value)).collect();
        assert_eq!(values, [("document_category", "lease"), ("keywords", "old mill")]);
        assert_eq!((said[0].start_char, said[0].end_char), (0, 21));
    }
}
