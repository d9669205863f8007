//! Reads the object that a model describes a document with. Whatever else stands in it, it is refused whole: a
//! text that could make a model say one thing that was not asked for may have made it say the others too.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Allowed, Trait};

const MOST_WORDS: usize = 10;
const MOST_WORD_CHARS: usize = 60;
const MOST_EVIDENCE_CHARS: usize = 400;
/// How sure a word of the text is: a model says none of them with less or more.
const WORD_CONFIDENCE: f64 = 0.7;

/// Why an answer is not taken. Tells nothing of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("it is no object of the fields that were asked for")]
    Shape,
    #[error("it says a value that is not allowed")]
    Value,
    #[error("it says too much")]
    Length,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    value: String,
    confidence: f64,
    evidence: String,
}

/// What the object says, field by field.
pub(super) fn read(answer: &str, fields: &[Allowed]) -> Result<Vec<Trait>, Problem> {
    let mut object: HashMap<String, Value> =
        serde_json::from_str(bare(answer)).map_err(|_| Problem::Shape)?;
    let mut traits = Vec::new();
    for allowed in fields {
        let said = object.remove(&allowed.field).ok_or(Problem::Shape)?;
        match allowed.values.is_empty() {
            true => traits.extend(words(&allowed.field, said)?),
            false => traits.extend(one_of(allowed, said)?),
        }
    }
    if object.is_empty() { Ok(traits) } else { Err(Problem::Shape) }
}

/// The object without the fence of a code block, which models like to put around it.
fn bare(answer: &str) -> &str {
    let inside = || answer.trim().strip_prefix("```")?.strip_suffix("```");
    inside().map_or(answer, |inside| inside.trim_start_matches("json"))
}

fn one_of(allowed: &Allowed, said: Value) -> Result<Option<Trait>, Problem> {
    let said: Option<Said> = serde_json::from_value(said).map_err(|_| Problem::Shape)?;
    let Some(Said { value, confidence, evidence }) = said else { return Ok(None) };
    if !allowed.values.contains(&value) || !(0.0..=1.0).contains(&confidence) {
        return Err(Problem::Value);
    }
    if evidence.chars().count() > MOST_EVIDENCE_CHARS {
        return Err(Problem::Length);
    }
    Ok(Some(Trait { field: allowed.field.clone(), value, confidence, evidence }))
}

fn words(field: &str, said: Value) -> Result<Vec<Trait>, Problem> {
    let words: Vec<String> = serde_json::from_value(said).map_err(|_| Problem::Shape)?;
    if words.len() > MOST_WORDS || words.iter().any(|word| word.chars().count() > MOST_WORD_CHARS) {
        return Err(Problem::Length);
    }
    let word = |word: String| Trait {
        field: field.to_owned(),
        value: word.clone(),
        confidence: WORD_CONFIDENCE,
        evidence: word,
    };
    Ok(words.into_iter().map(word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<Allowed> {
        let allowed = |field: &str, values: &[&str]| Allowed {
            field: field.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        vec![allowed("document_category", &["lease", "will"]), allowed("keywords", &[])]
    }

    #[test]
    fn an_object_of_allowed_values_is_taken_fenced_or_not() {
        let object = r#"{"document_category": {"value": "lease", "confidence": 0.9, "evidence": "LEASE"}, "keywords": ["rent"]}"#;
        for answer in [object.to_owned(), format!("```json\n{object}\n```\n")] {
            let traits = read(&answer, &fields()).unwrap();
            let said: Vec<_> =
                traits.iter().map(|one| (&*one.value, &*one.evidence, one.confidence)).collect();
            assert_eq!(said, [("lease", "LEASE", 0.9), ("rent", "rent", WORD_CONFIDENCE)]);
        }
        let nothing = r#"{"document_category": null, "keywords": []}"#;
        assert_eq!(read(nothing, &fields()), Ok(Vec::new()));
    }

    #[test]
    fn whatever_else_it_says_it_is_refused_whole() {
        let category = |value: &str| {
            format!(r#"{{"value": "{value}", "confidence": 0.9, "evidence": "LEASE"}}"#)
        };
        let object = |category: &str, keywords: &str| {
            format!(r#"{{"document_category": {category}, "keywords": {keywords}}}"#)
        };
        let long = format!(r#"["{}"]"#, "x".repeat(MOST_WORD_CHARS + 1));
        for (answer, problem) in [
            ("The document is a lease.".to_owned(), Problem::Shape),
            (r#"{"document_category": null}"#.to_owned(), Problem::Shape),
            (object(&category("lease"), r#"[], "links": ["x"]"#), Problem::Shape),
            (object(r#"{"value": "lease", "confidence": 0.9}"#, "[]"), Problem::Shape),
            (object(r#""lease""#, "[]"), Problem::Shape),
            (object(&category("see example.com"), "[]"), Problem::Value),
            (object(&category("lease").replace("0.9", "9"), "[]"), Problem::Value),
            (object("null", &long), Problem::Length),
        ] {
            assert_eq!(read(&answer, &fields()), Err(problem), "{answer}");
        }
    }
}
