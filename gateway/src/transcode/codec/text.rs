//! Text to wire format: what a path, a query, a form or a JSON string says of a scalar.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::schema::{Integer, Kind, Schema, Shape};
use super::wellknown;
use super::wire::{close, open, put_bytes, put_fixed32, put_fixed64, put_tagged_varint};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Whether text can say the whole of a field of this kind.
pub(crate) fn can_say(schema: &Schema, kind: Kind) -> bool {
    match schema.shape(kind) {
        None => true,
        Some(Shape::Timestamp | Shape::Duration | Shape::FieldMask | Shape::Wrapper) => true,
        Some(Shape::Plain | Shape::Struct | Shape::Value | Shape::ListValue | Shape::Any) => false,
    }
}

/// Appends the field that `text` says, or tells what it must be.
pub(crate) fn put(
    schema: &Schema,
    kind: Kind,
    number: u32,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match kind {
        Kind::String => put_bytes(out, number, text.as_bytes()),
        Kind::Bytes => put_bytes(out, number, &bytes(text)?),
        Kind::Bool => put_tagged_varint(out, number, u64::from(boolean(text)?)),
        Kind::Double => put_double(number, double(text)?, out),
        Kind::Float => put_float(number, double(text)?, out)?,
        Kind::Enum(id) => {
            let enumeration = schema.enumeration(id);
            let value = enumeration.number_of(text).or_else(|| text.parse().ok());
            let Some(value) = value else {
                let names: Vec<&str> =
                    enumeration.values.iter().map(|(_, name)| name.as_str()).collect();
                return Err(format!("must be one of {}", names.join(", ")));
            };
            put_tagged_varint(out, number, value as i64 as u64);
        }
        Kind::Message(id) => {
            let start = open(out, number);
            let message = schema.message(id);
            match message.shape {
                Shape::Timestamp => wellknown::timestamp(text, out)?,
                Shape::Duration => wellknown::duration(text, out)?,
                Shape::FieldMask => wellknown::field_mask(text, out)?,
                Shape::Wrapper => put(schema, message.fields[0].kind, 1, text, out)?,
                Shape::Plain | Shape::Struct | Shape::Value | Shape::ListValue | Shape::Any => {
                    return Err("must be in the body".to_owned());
                }
            }
            close(out, start);
        }
        Kind::Integer(kind) => {
            let value = integer(text).ok_or_else(|| expected_integer(kind))?;
            put_integer(kind, number, value, out)?;
        }
    }
    Ok(())
}

/// Appends a whole number, where the kind has room for it.
pub(crate) fn put_integer(
    kind: Integer,
    number: u32,
    value: i128,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let (least, most) = range(kind);
    if value < least || value > most {
        return Err(expected_integer(kind));
    }
    let value = value as i64;
    match kind {
        Integer::Sint32 | Integer::Sint64 => {
            put_tagged_varint(out, number, ((value << 1) ^ (value >> 63)) as u64)
        }
        Integer::Fixed32 | Integer::Sfixed32 => put_fixed32(out, number, value as u32),
        Integer::Fixed64 | Integer::Sfixed64 => put_fixed64(out, number, value as u64),
        Integer::Int32 | Integer::Int64 | Integer::Uint32 | Integer::Uint64 => {
            put_tagged_varint(out, number, value as u64);
        }
    }
    Ok(())
}

pub(crate) fn put_double(number: u32, value: f64, out: &mut Vec<u8>) {
    put_fixed64(out, number, value.to_bits());
}

/// Appends a float, where the number is not too large for one.
pub(crate) fn put_float(number: u32, value: f64, out: &mut Vec<u8>) -> Result<(), String> {
    let float = value as f32;
    if float.is_infinite() && value.is_finite() {
        return Err("is too large".to_owned());
    }
    put_fixed32(out, number, float.to_bits());
    Ok(())
}

/// What a whole number of this kind must be.
pub(crate) fn expected_integer(kind: Integer) -> String {
    let (least, most) = range(kind);
    format!("must be a whole number from {least} to {most}")
}

fn range(kind: Integer) -> (i128, i128) {
    match kind {
        Integer::Uint32 | Integer::Fixed32 => (0, u32::MAX.into()),
        Integer::Uint64 | Integer::Fixed64 => (0, u64::MAX.into()),
        Integer::Int64 | Integer::Sint64 | Integer::Sfixed64 => (i64::MIN.into(), i64::MAX.into()),
        Integer::Int32 | Integer::Sint32 | Integer::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
    }
}

/// A whole number, also written as `1.0` or `1e3`.
fn integer(text: &str) -> Option<i128> {
    if !starts_like_a_number(text) {
        return None;
    }
    if let Ok(value) = text.parse::<i64>() {
        return Some(value.into());
    }
    text.parse::<u64>().map(i128::from).ok().or_else(|| whole(text.parse().ok()?))
}

/// A floating-point number that is a whole one.
pub(crate) fn whole(value: f64) -> Option<i128> {
    (value.fract() == 0.0 && value.abs() < 2e19).then_some(value as i128)
}

fn double(text: &str) -> Result<f64, String> {
    match text {
        "NaN" => return Ok(f64::NAN),
        "Infinity" => return Ok(f64::INFINITY),
        "-Infinity" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    let value: Option<f64> = text.parse().ok().filter(|_| starts_like_a_number(text));
    match value {
        Some(value) if value.is_finite() => Ok(value),
        Some(_) => Err("is too large".to_owned()),
        None => Err("must be a number".to_owned()),
    }
}

/// Rust also reads `+1`, `inf` and `nan`, which are no JSON.
fn starts_like_a_number(text: &str) -> bool {
    text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
}

fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// Base64 of either alphabet, with padding or without.
fn bytes(text: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|_| "must be base64".to_owned())
}
