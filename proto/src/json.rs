//! JSON as protobuf carries it, and back.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Proto};
use serde_json::{Map, Number, Value};

/// Whole numbers up to here are exact in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The object that a `Struct` holds.
pub fn from_struct(object: Struct) -> Map<String, Value> {
    object.fields.into_iter().map(|(name, value)| (name, from_proto(value))).collect()
}

/// An object as a `Struct`. Absent when the value is not an object.
pub fn to_struct(value: Value) -> Option<Struct> {
    match value {
        Value::Object(object) => Some(Struct {
            fields: object.into_iter().map(|(name, value)| (name, to_proto(value))).collect(),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

fn from_proto(value: Proto) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(flag)) => Value::Bool(flag),
        Some(Kind::NumberValue(number)) => from_double(number),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(from_proto).collect(),
        Some(Kind::StructValue(object)) => Value::Object(from_struct(object)),
    }
}

/// JSON wrote `8` and a `Struct` made `8.0` of it.
fn from_double(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn to_proto(value: Value) -> Proto {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(values) => {
            Kind::ListValue(ListValue { values: values.into_iter().map(to_proto).collect() })
        }
        Value::Object(object) => Kind::StructValue(Struct {
            fields: object.into_iter().map(|(name, value)| (name, to_proto(value))).collect(),
        }),
    };
    Proto { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_comes_back_as_it_went() {
        let value = json!({"a": [1, 2.5, null, true], "b": {"c": "d"}, "e": -3});
        assert_eq!(Value::Object(from_struct(to_struct(value.clone()).unwrap())), value);
    }
}
