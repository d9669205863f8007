//! What a model does that takes documents at their word.

use serde_json::Value;

/// Something that a text orders.
pub(crate) enum Order {
    /// To say this.
    Say(String),
    /// To call a tool with this.
    Call(String),
}

/// The orders in all texts of a request, in no order of their own.
pub(crate) fn orders(request: &str) -> Vec<Order> {
    let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let mut texts = Vec::new();
    collect(&serde_json::from_str(body).unwrap_or_default(), &mut texts);
    let question = texts.iter().find_map(|text| Some(text.rsplit_once("Question: ")?.1));
    let question = question.unwrap_or_default().replace(' ', "+");
    let order = |line: &str| {
        let line = line.trim();
        let say = line
            .strip_prefix("SAY: ")
            .map(|text| Order::Say(format!("{}\n", text.replace("{question}", &question))));
        say.or_else(|| Some(Order::Call(line.strip_prefix("CALL: ")?.to_owned())))
    };
    texts.iter().flat_map(|text| text.lines()).filter_map(order).collect()
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
