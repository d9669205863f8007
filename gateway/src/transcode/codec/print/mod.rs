//! Wire format to JSON, byte for byte what Envoy's transcoder prints with
//! `always_print_primitive_fields` and `preserve_proto_field_names`.
//!
//! That includes its order: members stand as declared, but what has no place kept for it comes
//! after them, as it comes on the wire. No place is kept for a scalar of a oneof (so neither for an
//! `optional` one) and for a message that is shown as a scalar, such as a time.

mod map;
mod scalar;

use self::scalar::unpack;
use super::MAX_DEPTH;
use super::escape::escape;
use super::schema::{Arity, Field, Message, MessageId, Schema, Shape};
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
    pub(crate) fn field_of(
        &mut self,
        id: MessageId,
        index: usize,
        bytes: &'w [u8],
    ) -> Result<(), Malformed> {
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
    fn members(
        &mut self,
        message: &'s Message,
        bytes: &'w [u8],
        mut is_first: bool,
    ) -> Result<(), Malformed> {
        let base = self.scan(message, bytes)?;
        for (index, field) in message.fields.iter().enumerate() {
            let place = self.places[base.places + index];
            let is_absent =
                place.first == NONE && field.arity == Arity::Singular && !field.shows_default;
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
            Some(
                Shape::Timestamp
                | Shape::Duration
                | Shape::FieldMask
                | Shape::Wrapper
                | Shape::ListValue,
            ) => true,
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
            Arity::Singular => match field.kind.message() {
                Some(id) if place.first != place.last => self.merged(id, place),
                Some(_) | None => self.single(field.kind, self.records[place.last].payload),
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
            if let Payload::Bytes(packed) = payload
                && field.kind.is_packable()
            {
                let mut reader = Reader::new(packed);
                while !reader.is_empty() {
                    self.comma(&mut is_first);
                    let payload = unpack(field.kind, &mut reader)?;
                    self.single(field.kind, payload)?;
                }
                continue;
            }
            self.comma(&mut is_first);
            self.single(field.kind, payload)?;
        }
        self.out.push(']');
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
}
