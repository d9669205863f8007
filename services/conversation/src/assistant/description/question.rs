//! What a model is asked of a document.

use crate::domain::Allowed;

/// Names each field with the values that it may have.
pub(super) fn question(fields: &[Allowed]) -> String {
    let mut text = "Describe the document with an object of these fields:\n".to_owned();
    for Allowed { field, values } in fields {
        let allowed = match values.is_empty() {
            true => "a list of words of the text".to_owned(),
            false => format!("null, or one of the values {}", values.join("; ")),
        };
        text.push_str(&format!("- \"{field}\": {allowed}\n"));
    }
    text
}
