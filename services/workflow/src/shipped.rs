//! The workflows that come with the service.

use serde::Deserialize;
use serde_json::Value;

use crate::definition::Definition;
use crate::input;
use crate::store::{Edition, Store};

const FILES: [(&str, &str); 3] = [
    ("contract_review.json", include_str!("../templates/contract_review.json")),
    ("deadline_extraction.json", include_str!("../templates/deadline_extraction.json")),
    ("document_summary.json", include_str!("../templates/document_summary.json")),
];

/// Why a shipped workflow cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("template {file}: {problem}")]
pub struct Unusable {
    file: &'static str,
    problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    version: i32,
    title: String,
    description: String,
    category: String,
    icon: String,
    estimated_duration: i32,
    input_schema: Value,
    output_schema: Value,
    definition: Value,
}

/// Reads and checks all of them.
pub(crate) fn read() -> Result<Vec<Edition>, Unusable> {
    FILES
        .into_iter()
        .map(|(file, text)| parse(text).map_err(|problem| Unusable { file, problem }))
        .collect()
}

fn parse(text: &str) -> Result<Edition, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Definition::parse(&file.definition).map_err(|problem| problem.to_string())?;
    for (name, schema) in [("input", &file.input_schema), ("output", &file.output_schema)] {
        input::compile(schema).map_err(|problem| format!("the {name} schema: {problem}"))?;
    }
    Ok(Edition {
        name: file.name,
        title: file.title,
        description: file.description,
        category: file.category,
        icon: file.icon,
        version: file.version,
        estimated_duration: file.estimated_duration,
        definition: file.definition,
        input_schema: file.input_schema,
        output_schema: file.output_schema,
    })
}

/// Makes them known, and their newest versions current. Any number of processes may do so at once.
pub(crate) async fn publish(store: &Store, editions: &[Edition]) -> Result<(), sqlx::Error> {
    for edition in editions {
        if !store.publish(edition).await? {
            let (name, version) = (&edition.name, edition.version);
            tracing::warn!(
                name,
                version,
                "the stored template differs from the shipped one: raise its version"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_template_is_sound() {
        let editions = read().unwrap();
        assert_eq!(editions.len(), FILES.len());
        for (edition, (file, _)) in editions.iter().zip(FILES) {
            assert_eq!(format!("{}.json", edition.name), file);
        }
    }
}
