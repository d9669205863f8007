//! Single values, and what stands where the wire has none.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::Printer;
use crate::transcode::codec::escape::escape;
use crate::transcode::codec::number::{print_double, print_float};
use crate::transcode::codec::schema::{EnumId, Integer, Kind};
use crate::transcode::codec::wire::{Malformed, Payload, Reader};

impl<'w> Printer<'_, 'w> {
    /// What stands where the wire has nothing.
    pub(super) fn default(&mut self, kind: Kind) -> Result<(), Malformed> {
        match kind {
            Kind::Bool => self.out.push_str("false"),
            Kind::String | Kind::Bytes => self.out.push_str("\"\""),
            Kind::Integer(kind) if kind.is_long() => self.out.push_str("\"0\""),
            Kind::Integer(_) | Kind::Double | Kind::Float => self.out.push('0'),
            Kind::Enum(id) => self.enumeration(id, self.schema.enumeration(id).default()),
            Kind::Message(_) => self.out.push_str("null"),
        }
        Ok(())
    }

    /// Prints one value.
    pub(super) fn single(&mut self, kind: Kind, payload: Payload<'w>) -> Result<(), Malformed> {
        match (kind, payload) {
            (Kind::Message(id), Payload::Bytes(bytes)) => return self.message(id, bytes),
            (Kind::String, Payload::Bytes(_)) => {
                self.out.push('"');
                escape(payload.text()?, &mut self.out);
                self.out.push('"');
            }
            (Kind::Bytes, Payload::Bytes(bytes)) => {
                self.out.push('"');
                BASE64_STANDARD.encode_string(bytes, &mut self.out);
                self.out.push('"');
            }
            (Kind::Bool, Payload::Varint(value)) => {
                self.out.push_str(if value == 0 { "false" } else { "true" })
            }
            (Kind::Enum(id), Payload::Varint(value)) => self.enumeration(id, value as i32),
            (Kind::Double, Payload::Fixed64(bits)) => {
                print_double(f64::from_bits(bits), &mut self.out)
            }
            (Kind::Float, Payload::Fixed32(bits)) => {
                print_float(f32::from_bits(bits), &mut self.out)
            }
            (Kind::Integer(kind), payload) => self.integer(kind, payload)?,
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn integer(&mut self, kind: Integer, payload: Payload<'_>) -> Result<(), Malformed> {
        match (kind, payload) {
            (Integer::Int32, Payload::Varint(value)) => self.number(value as i32),
            (Integer::Uint32, Payload::Varint(value)) => self.number(value as u32),
            (Integer::Sint32, Payload::Varint(value)) => self.number(unzigzag(value) as i32),
            (Integer::Fixed32, Payload::Fixed32(value)) => self.number(value),
            (Integer::Sfixed32, Payload::Fixed32(value)) => self.number(value as i32),
            (Integer::Int64, Payload::Varint(value)) => self.quoted(value as i64),
            (Integer::Uint64, Payload::Varint(value)) => self.quoted(value),
            (Integer::Sint64, Payload::Varint(value)) => self.quoted(unzigzag(value)),
            (Integer::Fixed64, Payload::Fixed64(value)) => self.quoted(value),
            (Integer::Sfixed64, Payload::Fixed64(value)) => self.quoted(value as i64),
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn enumeration(&mut self, id: EnumId, number: i32) {
        let enumeration = self.schema.enumeration(id);
        match enumeration.name_of(number) {
            _ if enumeration.is_null => self.out.push_str("null"),
            Some(name) => {
                self.out.push('"');
                self.out.push_str(name);
                self.out.push('"');
            }
            None => self.number(number),
        }
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        let _ = write!(self.out, "{number}");
    }

    /// JSON readers lose digits of long numbers, so proto3 quotes 64-bit ones.
    fn quoted(&mut self, number: impl std::fmt::Display) {
        let _ = write!(self.out, "\"{number}\"");
    }
}

/// The next of the values that stand in one record.
pub(super) fn unpack<'w>(kind: Kind, reader: &mut Reader<'w>) -> Result<Payload<'w>, Malformed> {
    Ok(match kind {
        Kind::Double | Kind::Integer(Integer::Fixed64 | Integer::Sfixed64) => {
            Payload::Fixed64(reader.fixed64()?)
        }
        Kind::Float | Kind::Integer(Integer::Fixed32 | Integer::Sfixed32) => {
            Payload::Fixed32(reader.fixed32()?)
        }
        Kind::Integer(_)
        | Kind::Bool
        | Kind::Enum(_)
        | Kind::String
        | Kind::Bytes
        | Kind::Message(_) => Payload::Varint(reader.varint()?),
    })
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
