//! The input of a run against its template's JSON Schema.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// Problems told at once.
const MOST: usize = 20;

/// A field that does not fit, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Such as `input_data.document_id`.
    pub(crate) field: String,
    /// Why.
    pub(crate) problem: String,
}

/// Reads a schema. Formats are checked; references outside the schema cannot be followed.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Everything about the input that does not fit.
pub(crate) fn misfits(schema: &Validator, input: &Value) -> Vec<Misfit> {
    schema.iter_errors(input).take(MOST).flat_map(|error| explain(&error)).collect()
}

/// Names the field that is absent or too much, and not the object around it.
fn explain(error: &ValidationError<'_>) -> Vec<Misfit> {
    let path = field(error.instance_path().as_str());
    if let ValidationErrorKind::Required { property } = error.kind() {
        let name = property.as_str().unwrap_or_default();
        return vec![Misfit { field: format!("{path}.{name}"), problem: "is required".to_owned() }];
    }
    if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
        let misfit = |name| Misfit {
            field: format!("{path}.{name}"),
            problem: "is not an input of this workflow".to_owned(),
        };
        return unexpected.iter().map(misfit).collect();
    }
    vec![Misfit { field: path, problem: error.masked_with("the value").to_string() }]
}

/// `/clauses/0` as `input_data.clauses.0`.
fn field(pointer: &str) -> String {
    format!("input_data{}", pointer.replace('/', "."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misfit_names_its_field() {
        let schema = compile(&json!({
            "type": "object",
            "required": ["document_id"],
            "additionalProperties": false,
            "properties": {
                "document_id": {"type": "string", "format": "uuid"},
                "clauses": {"type": "array", "items": {"enum": ["payment"]}}
            }
        }))
        .unwrap();
        let fields = |input: &Value| -> Vec<String> {
            misfits(&schema, input).into_iter().map(|misfit| misfit.field).collect()
        };
        assert_eq!(fields(&json!({})), ["input_data.document_id"]);
        assert_eq!(fields(&json!({"document_id": "x"})), ["input_data.document_id"]);
        let id = "01890000-0000-7000-8000-000000000000";
        assert_eq!(fields(&json!({"document_id": id, "more": 1})), ["input_data.more"]);
        let clauses = json!({"document_id": id, "clauses": ["payment", "weather"]});
        assert_eq!(fields(&clauses), ["input_data.clauses.1"]);
        assert!(fields(&json!({"document_id": id})).is_empty());
    }

    #[test]
    fn a_schema_cannot_reach_out() {
        assert!(compile(&json!({"$ref": "https://example.com/schema.json"})).is_err());
        assert!(compile(&json!({"$ref": "file:///etc/passwd"})).is_err());
    }
}
