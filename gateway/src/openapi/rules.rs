//! What the protos say of a field beyond its type, as JSON Schema says it.

use elenchus_proto::pb::rpc::v1::Rules;
use prost_reflect::FieldDescriptor;
use serde_json::{Number, Value};

/// The field's `elenchus.rpc.v1.rules` option; all unset where it has none.
pub(crate) fn of(field: &FieldDescriptor) -> Rules {
    let options = field.options();
    field
        .parent_pool()
        .get_extension_by_name("elenchus.rpc.v1.rules")
        .filter(|extension| options.has_extension(extension))
        .and_then(|extension| options.get_extension(&extension).as_message()?.transcode_to().ok())
        .unwrap_or_default()
}

/// Adds to the schema of one value what the value must be.
pub(crate) fn narrow(schema: &mut Value, rules: &Rules) {
    let numbers =
        [("minimum", rules.minimum), ("maximum", rules.maximum), ("default", rules.default)];
    for (keyword, number) in numbers {
        if let Some(number) = number.and_then(whole_or_double) {
            schema[keyword] = number.into();
        }
    }
    for (keyword, count) in [("minLength", rules.min_length), ("maxLength", rules.max_length)] {
        if let Some(count) = count {
            schema[keyword] = count.into();
        }
    }
    if !rules.r#enum.is_empty() {
        schema["enum"] = rules.r#enum.clone().into();
    }
    if !rules.format.is_empty() {
        schema["format"] = rules.format.clone().into();
    }
}

/// `200` rather than `200.0`.
fn whole_or_double(number: f64) -> Option<Number> {
    #[expect(clippy::cast_possible_truncation, reason = "compared with what it came from")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "equal only where nothing is lost")]
    let is_whole = whole as f64 == number;
    if is_whole { Some(whole.into()) } else { Number::from_f64(number) }
}
