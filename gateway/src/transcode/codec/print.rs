//! Wire format to JSON, byte for byte what Envoy's transcoder prints with
//! `always_print_primitive_fields` and `preserve_proto_field_names`.
//!
//! That includes its order: members stand as declared, but what has no place kept for it comes
//! after them, as it comes on the wire. No place is kept for a scalar of a oneof (so neither for an
//! `optional` one) and for a message that is shown as a scalar, such as a time.

use std::collections::HashMap;
use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::MAX_DEPTH;
use super::number::{print_double, print_float};
use super::schema::{Arity, EnumId, Field, Kind, Message, MessageId, Schema, Shape};
use super::wellknown::{print_duration, print_field_mask, print_timestamp};
use super::wire::{Malformed, Payload, Reader};

/// Prints messages into one text.
pub(crate) struct Printer<'s, 'w> {
    schema: &'s Schema,
    out: String,
    depth: usize,
    /// The records of every message that is being printed; each message has the tail of it.
    records: Vec<Record<'w>>,
    /// The first and the last record of each field of those messages.
    places: Vec<Place>,
}

struct Record<'w> {
    field: usize,
    payload: Payload<'w>,
    /// The next record of the same field.
    next: usize,
}

#[derive(Clone, Copy)]
struct Place {
    first: usize,
    last: usize,
}

const NONE: usize = usize::MAX;
const NOWHERE: Place = Place { first: NONE, last: NONE };

/// Where a message's records and places begin.
#[derive(Clone, Copy)]
struct Base {
    records: usize,
    places: usize,
}

impl<'s, 'w> Printer<'s, 'w> {
    pub(crate) fn new(schema: &'s Schema, out: String) -> Self {
        Self { schema, out, depth: 0, records: Vec::new(), places: Vec::new() }
    }

    /// What was printed.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// Prints a whole message.
    pub(crate) fn message(&mut self, id: MessageId, bytes: &'w [u8]) -> Result<(), Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH + 10 {
            return Err(Malformed);
        }
        let schema = self.schema;
        let message = schema.message(id);
        match message.shape {
            Shape::Plain => {
                self.out.push('{');
                self.members(message, bytes, true)?;
                self.out.push('}');
            }
            Shape::Timestamp => print_timestamp(bytes, &mut self.out)?,
            Shape::Duration => print_duration(bytes, &mut self.out)?,
            Shape::FieldMask => print_field_mask(bytes, &mut self.out)?,
            Shape::Struct => self.only_field(message, bytes)?,
            Shape::ListValue => self.only_field(message, bytes)?,
            Shape::Wrapper => self.only_field(message, bytes)?,
            Shape::Value => self.value(message, bytes)?,
            Shape::Any => self.any(bytes)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Prints one field of a message as a whole document; `null` where a message is absent.
    pub(crate) fn field_of(&mut self, id: MessageId, index: usize, bytes: &'w [u8]) -> Result<(), Malformed> {
        let schema = self.schema;
        let message = schema.message(id);
        let base = self.scan(message, bytes)?;
        self.field_value(&message.fields[index], self.places[base.places + index])?;
        self.forget(base);
        Ok(())
    }

    /// Sorts the records of a message by field.
    fn scan(&mut self, message: &Message, bytes: &'w [u8]) -> Result<Base, Malformed> {
        let base = Base { records: self.records.len(), places: self.places.len() };
        self.places.resize(base.places + message.fields.len(), NOWHERE);
        let mut reader = Reader::new(bytes);
        while let Some((number, payload)) = reader.record()? {
            let Some(field) = message.by_number(number) else { continue };
            let record = self.records.len();
            self.records.push(Record { field, payload, next: NONE });
            if let Some(oneof) = message.fields[field].oneof {
                // The last member of a oneof is the one that counts.
                for (other, descriptor) in message.fields.iter().enumerate() {
                    if other != field && descriptor.oneof == Some(oneof) {
                        self.places[base.places + other] = NOWHERE;
                    }
                }
            }
            let place = &mut self.places[base.places + field];
            match place.last {
                NONE => *place = Place { first: record, last: record },
                last => {
                    self.records[last].next = record;
                    place.last = record;
                }
            }
        }
        Ok(base)
    }

    fn forget(&mut self, base: Base) {
        self.records.truncate(base.records);
        self.places.truncate(base.places);
    }

    /// Prints the members of an object, without its braces.
    fn members(&mut self, message: &'s Message, bytes: &'w [u8], mut is_first: bool) -> Result<(), Malformed> {
        let base = self.scan(message, bytes)?;
        for (index, field) in message.fields.iter().enumerate() {
            let place = self.places[base.places + index];
            let is_absent = place.first == NONE && field.arity == Arity::Singular && !field.shows_default;
            if is_absent || (place.first != NONE && self.comes_late(field, place)) {
                continue;
            }
            self.label(field, &mut is_first);
            self.field_value(field, place)?;
        }
        for record in base.records..self.records.len() {
            let index = self.records[record].field;
            let (field, place) = (&message.fields[index], self.places[base.places + index]);
            if place.first == record && self.comes_late(field, place) {
                self.label(field, &mut is_first);
                self.field_value(field, place)?;
            }
        }
        self.forget(base);
        Ok(())
    }

    fn label(&mut self, field: &Field, is_first: &mut bool) {
        if !std::mem::take(is_first) {
            self.out.push(',');
        }
        self.out.push_str(&field.label);
    }

    /// Whether Envoy keeps no place for the field among the declared ones.
    fn comes_late(&self, field: &Field, place: Place) -> bool {
        if field.arity != Arity::Singular {
            return false;
        }
        match self.schema.shape(field.kind) {
            None => field.oneof.is_some(),
            Some(Shape::Plain | Shape::Struct | Shape::Any) => false,
            Some(Shape::Timestamp | Shape::Duration | Shape::FieldMask | Shape::Wrapper | Shape::ListValue) => true,
            Some(Shape::Value) => {
                let payload = self.records[place.last].payload.bytes().unwrap_or_default();
                !matches!(Reader::new(payload).record(), Ok(Some((5, _))))
            }
        }
    }

    fn field_value(&mut self, field: &'s Field, place: Place) -> Result<(), Malformed> {
        match field.arity {
            Arity::Repeated => self.list(field, place),
            Arity::Map => self.map(field, place),
            Arity::Singular if place.first == NONE => self.default(field.kind),
            Arity::Singular => match field.kind {
                Kind::Message(id) if place.first != place.last => self.merged(id, place),
                kind => self.single(kind, self.records[place.last].payload),
            },
        }
    }

    /// A message that came in parts: the parts one after the other are the whole.
    fn merged(&mut self, id: MessageId, place: Place) -> Result<(), Malformed> {
        let mut whole = Vec::new();
        let mut at = place.first;
        while at != NONE {
            whole.extend_from_slice(self.records[at].payload.bytes()?);
            at = self.records[at].next;
        }
        let mut printer = Printer::new(self.schema, std::mem::take(&mut self.out));
        printer.depth = self.depth;
        printer.message(id, &whole)?;
        self.out = printer.finish();
        Ok(())
    }

    fn list(&mut self, field: &Field, place: Place) -> Result<(), Malformed> {
        self.out.push('[');
        let mut is_first = true;
        let mut at = place.first;
        while at != NONE {
            let Record { payload, next, .. } = self.records[at];
            at = next;
            match payload {
                Payload::Bytes(packed) if field.kind.is_packable() => {
                    let mut reader = Reader::new(packed);
                    while !reader.is_empty() {
                        self.comma(&mut is_first);
                        let payload = unpack(field.kind, &mut reader)?;
                        self.single(field.kind, payload)?;
                    }
                }
                payload => {
                    self.comma(&mut is_first);
                    self.single(field.kind, payload)?;
                }
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn map(&mut self, field: &Field, place: Place) -> Result<(), Malformed> {
        let Kind::Message(entry) = field.kind else { return Err(Malformed) };
        let schema = self.schema;
        let [key, value] = schema.message(entry).fields.as_slice() else { return Err(Malformed) };
        let mut entries = Vec::new();
        let mut at = place.first;
        while at != NONE {
            entries.push(entry_of(self.records[at].payload.bytes()?)?);
            at = self.records[at].next;
        }
        // The last entry of a key counts. Keys that ascend cannot repeat.
        let ascends = entries.windows(2).all(|pair| bytes_of(pair[0].0) < bytes_of(pair[1].0));
        if !ascends {
            entries = last_of_each_key(entries);
        }
        self.out.push('{');
        let mut is_first = true;
        for (key_payload, value_payload) in entries {
            self.comma(&mut is_first);
            self.key(key.kind, key_payload)?;
            self.out.push(':');
            match (value_payload, value.kind) {
                (Some(payload), kind) => self.single(kind, payload)?,
                (None, Kind::Message(id)) => self.message(id, &[])?,
                (None, kind) => self.default(kind)?,
            }
        }
        self.out.push('}');
        Ok(())
    }

    fn key(&mut self, kind: Kind, payload: Option<Payload<'w>>) -> Result<(), Malformed> {
        if kind == Kind::String {
            return match payload {
                Some(payload) => self.single(kind, payload),
                None => self.default(kind),
            };
        }
        let start = self.out.len();
        match payload {
            Some(payload) => self.single(kind, payload)?,
            None => self.default(kind)?,
        }
        // 64-bit numbers come quoted already.
        if !self.out[start..].starts_with('"') {
            self.out.insert(start, '"');
            self.out.push('"');
        }
        Ok(())
    }

    fn comma(&mut self, is_first: &mut bool) {
        if !std::mem::take(is_first) {
            self.out.push(',');
        }
    }

    /// Prints a Struct, a ListValue or a wrapper: its only field, in its place.
    fn only_field(&mut self, message: &'s Message, bytes: &'w [u8]) -> Result<(), Malformed> {
        let base = self.scan(message, bytes)?;
        let field = message.fields.first().ok_or(Malformed)?;
        self.field_value(field, self.places[base.places])?;
        self.forget(base);
        Ok(())
    }

    fn value(&mut self, message: &'s Message, bytes: &'w [u8]) -> Result<(), Malformed> {
        let mut last = None;
        let mut reader = Reader::new(bytes);
        while let Some((number, payload)) = reader.record()? {
            last = message.by_number(number).map(|index| (index, payload)).or(last);
        }
        match last {
            None => self.out.push_str("null"),
            Some((index, payload)) => self.single(message.fields[index].kind, payload)?,
        }
        Ok(())
    }

    fn any(&mut self, bytes: &'w [u8]) -> Result<(), Malformed> {
        let (mut url, mut content) = ("", &bytes[..0]);
        let mut reader = Reader::new(bytes);
        while let Some((number, payload)) = reader.record()? {
            match number {
                1 => url = payload.text()?,
                2 => content = payload.bytes()?,
                _ => {}
            }
        }
        if url.is_empty() {
            self.out.push_str("{}");
            return Ok(());
        }
        let name = url.rsplit('/').next().unwrap_or(url);
        let id = self.schema.find(name).ok_or(Malformed)?;
        self.out.push_str("{\"@type\":\"");
        escape(url, &mut self.out);
        self.out.push('"');
        let schema = self.schema;
        let message = schema.message(id);
        if message.shape == Shape::Plain {
            self.members(message, content, false)?;
        } else {
            self.out.push_str(",\"value\":");
            self.message(id, content)?;
        }
        self.out.push('}');
        Ok(())
    }

    /// What stands where the wire has nothing.
    fn default(&mut self, kind: Kind) -> Result<(), Malformed> {
        match kind {
            Kind::Bool => self.out.push_str("false"),
            Kind::String | Kind::Bytes => self.out.push_str("\"\""),
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => self.out.push_str("\"0\""),
            Kind::Enum(id) => self.enumeration(id, self.schema.enumeration(id).default()),
            Kind::Message(_) => self.out.push_str("null"),
            Kind::Double
            | Kind::Float
            | Kind::Int32
            | Kind::Uint32
            | Kind::Sint32
            | Kind::Fixed32
            | Kind::Sfixed32 => self.out.push('0'),
        }
        Ok(())
    }

    /// Prints one value.
    fn single(&mut self, kind: Kind, payload: Payload<'w>) -> Result<(), Malformed> {
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
            (Kind::Bool, Payload::Varint(value)) => self.out.push_str(if value == 0 { "false" } else { "true" }),
            (Kind::Enum(id), Payload::Varint(value)) => self.enumeration(id, value as i32),
            (Kind::Double, Payload::Fixed64(bits)) => print_double(f64::from_bits(bits), &mut self.out),
            (Kind::Float, Payload::Fixed32(bits)) => print_float(f32::from_bits(bits), &mut self.out),
            (Kind::Int32, Payload::Varint(value)) => self.number(value as i32),
            (Kind::Uint32, Payload::Varint(value)) => self.number(value as u32),
            (Kind::Sint32, Payload::Varint(value)) => self.number(unzigzag(value) as i32),
            (Kind::Fixed32, Payload::Fixed32(value)) => self.number(value),
            (Kind::Sfixed32, Payload::Fixed32(value)) => self.number(value as i32),
            (Kind::Int64, Payload::Varint(value)) => self.quoted(value as i64),
            (Kind::Uint64, Payload::Varint(value)) => self.quoted(value),
            (Kind::Sint64, Payload::Varint(value)) => self.quoted(unzigzag(value)),
            (Kind::Fixed64, Payload::Fixed64(value)) => self.quoted(value),
            (Kind::Sfixed64, Payload::Fixed64(value)) => self.quoted(value as i64),
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

type Entry<'w> = (Option<Payload<'w>>, Option<Payload<'w>>);

fn entry_of(bytes: &[u8]) -> Result<Entry<'_>, Malformed> {
    let (mut key, mut value) = (None, None);
    let mut reader = Reader::new(bytes);
    while let Some((number, payload)) = reader.record()? {
        match number {
            1 => key = Some(payload),
            2 => value = Some(payload),
            _ => {}
        }
    }
    Ok((key, value))
}

/// A key as it can be compared; only string keys are ever found to ascend.
fn bytes_of(key: Option<Payload<'_>>) -> Option<&[u8]> {
    key?.bytes().ok()
}

fn last_of_each_key(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut places = HashMap::with_capacity(entries.len());
    let mut kept: Vec<Entry<'_>> = Vec::with_capacity(entries.len());
    for entry in entries {
        let key = match entry.0 {
            None => (0, &[][..]),
            Some(Payload::Varint(value) | Payload::Fixed64(value)) => (value, &[][..]),
            Some(Payload::Fixed32(value)) => (u64::from(value), &[][..]),
            Some(Payload::Bytes(bytes)) => (0, bytes),
        };
        match places.get(&key) {
            Some(place) => kept[*place] = entry,
            None => {
                places.insert(key, kept.len());
                kept.push(entry);
            }
        }
    }
    kept
}

fn unpack<'w>(kind: Kind, reader: &mut Reader<'w>) -> Result<Payload<'w>, Malformed> {
    Ok(match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Payload::Fixed64(reader.fixed64()?),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Payload::Fixed32(reader.fixed32()?),
        _ => Payload::Varint(reader.varint()?),
    })
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Escapes what JSON must and, as Envoy, what is invisible or dangerous inside HTML.
pub(crate) fn escape(text: &str, out: &mut String) {
    let is_plain = |byte: u8| matches!(byte, 0x20..0x7f) && !matches!(byte, b'"' | b'\\' | b'<' | b'>');
    if text.bytes().all(is_plain) {
        out.push_str(text);
        return;
    }
    let mut written = 0;
    for (at, c) in text.char_indices() {
        if !needs_escape(c) {
            continue;
        }
        out.push_str(&text[written..at]);
        written = at + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push_str(&text[written..]);
}

fn needs_escape(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '"'
            | '\\'
            | '<'
            | '>'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{600}'..='\u{603}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{206a}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}
