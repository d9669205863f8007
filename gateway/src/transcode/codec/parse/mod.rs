//! JSON to wire format, in one pass over the text. What does not fit is refused with the path of
//! the member that is to blame.

mod content;

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use self::content::{content, list_content, map_content, struct_content};
use super::schema::{Arity, Field, Integer, Kind, MessageId, Schema, Shape};
use super::wire::{close, open, put_bytes, put_fixed64, put_tagged_varint};
use super::{MAX_DEPTH, Violation, text};

/// Appends the message that the JSON text says.
pub(crate) fn message(
    schema: &Schema,
    id: MessageId,
    json: &[u8],
    out: Vec<u8>,
) -> Result<Vec<u8>, Violation> {
    parse(schema, Target::Content(id), json, out)
}

/// Appends the field that the JSON text says.
pub(crate) fn field(
    schema: &Schema,
    field: &Field,
    json: &[u8],
    out: Vec<u8>,
) -> Result<Vec<u8>, Violation> {
    parse(schema, Target::Field(field), json, out)
}

fn parse<'s>(
    schema: &'s Schema,
    target: Target<'s>,
    json: &[u8],
    out: Vec<u8>,
) -> Result<Vec<u8>, Violation> {
    let mut state = State { schema, out, path: Vec::new(), depth: 0, violation: None };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    Seed { state: &mut state, target }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| state.violation.take().unwrap_or_else(|| malformed(&error)))?;
    Ok(state.out)
}

fn malformed(error: &serde_json::Error) -> Violation {
    let what = match error.classify() {
        Category::Eof => "ends too early",
        Category::Syntax | Category::Data | Category::Io => "is not valid JSON",
    };
    Violation::new("body", format!("{what}, at line {} column {}", error.line(), error.column()))
}

/// What the next JSON value is to become.
#[derive(Clone, Copy)]
enum Target<'s> {
    /// The content of a message, without tag and length.
    Content(MessageId),
    /// A field, whole.
    Field(&'s Field),
    /// One element of a repeated field, or the value of a map's entry.
    Element(&'s Field),
    /// The content of a `google.protobuf.Value`.
    Value,
}

enum Step<'s> {
    Member(&'s str),
    Key(String),
    Index(usize),
}

struct State<'s> {
    schema: &'s Schema,
    out: Vec<u8>,
    path: Vec<Step<'s>>,
    depth: usize,
    violation: Option<Violation>,
}

impl<'s> State<'s> {
    /// Keeps the first violation, with the path at which it was found.
    fn refuse<E: de::Error>(&mut self, message: impl Into<String>) -> E {
        if self.violation.is_none() {
            self.violation = Some(Violation::new(self.field(), message));
        }
        E::custom("refused")
    }

    fn field(&self) -> String {
        let mut field = String::new();
        for step in &self.path {
            match step {
                Step::Index(index) => field.push_str(&format!("[{index}]")),
                Step::Member(name) => append(&mut field, name),
                Step::Key(key) => append(&mut field, key),
            }
        }
        if field.is_empty() { "body".to_owned() } else { field }
    }

    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.refuse("is nested too deeply")) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Runs `content` between a tag with its length and its end.
    fn nested<E: de::Error>(
        &mut self,
        number: u32,
        content: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter()?;
        let start = open(&mut self.out, number);
        content(self)?;
        close(&mut self.out, start);
        self.leave();
        Ok(())
    }
}

fn append(field: &mut String, name: &str) {
    if !field.is_empty() {
        field.push('.');
    }
    field.push_str(name);
}

struct Seed<'a, 's> {
    state: &'a mut State<'s>,
    target: Target<'s>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'s> Seed<'_, 's> {
    /// The tag and the kind of a single value, where the target is one.
    fn single(&self) -> Option<(u32, Kind)> {
        match self.target {
            Target::Field(field) if field.arity == Arity::Singular => {
                Some((field.number, field.kind))
            }
            Target::Element(field) => Some((field.number, field.kind)),
            Target::Field(_) | Target::Content(_) | Target::Value => None,
        }
    }

    /// What a value of the target must be.
    fn expected(&self) -> String {
        let kind = match self.target {
            Target::Content(_) => return "must be a JSON object".to_owned(),
            Target::Value => return "must be a JSON value".to_owned(),
            Target::Field(Field { arity: Arity::Map, .. }) => {
                return "must be a JSON object".to_owned();
            }
            Target::Field(Field { arity: Arity::Repeated, .. }) => {
                return "must be a JSON array".to_owned();
            }
            Target::Field(field) | Target::Element(field) => field.kind,
        };
        expected(self.state.schema, kind)
    }

    fn mismatch<E: de::Error>(self) -> E {
        let expected = self.expected();
        self.state.refuse(expected)
    }

    /// A value that is not an object or an array, written by `put` where its target is of a kind
    /// that takes it, or by `put_value` where the target is a `google.protobuf.Value`.
    fn scalar<E: de::Error>(
        self,
        put: impl Fn(&Schema, Kind, u32, &mut Vec<u8>) -> Option<Result<(), String>>,
        put_value: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), E> {
        let schema = self.state.schema;
        let Some((number, kind)) = self.single() else {
            if matches!(self.target, Target::Value) {
                put_value(&mut self.state.out);
                return Ok(());
            }
            return Err(self.mismatch());
        };
        match schema.shape(kind) {
            Some(Shape::Value) => self.state.nested(number, |state| {
                put_value(&mut state.out);
                Ok(())
            }),
            Some(Shape::Wrapper) => {
                let Kind::Message(id) = kind else { return Err(self.mismatch()) };
                let inner = schema.message(id).fields[0].kind;
                let start = open(&mut self.state.out, number);
                match put(schema, inner, 1, &mut self.state.out) {
                    Some(Ok(())) => {
                        close(&mut self.state.out, start);
                        Ok(())
                    }
                    Some(Err(problem)) => Err(self.state.refuse(problem)),
                    None => Err(self.mismatch()),
                }
            }
            Some(_) | None => match put(schema, kind, number, &mut self.state.out) {
                Some(Ok(())) => Ok(()),
                Some(Err(problem)) => Err(self.state.refuse(problem)),
                None => Err(self.mismatch()),
            },
        }
    }

    fn integer<E: de::Error>(self, value: i128) -> Result<(), E> {
        self.scalar(
            |_, kind, number, out| match kind {
                Kind::Double => {
                    text::put_double(number, value as f64, out);
                    Some(Ok(()))
                }
                Kind::Float => Some(text::put_float(number, value as f64, out)),
                Kind::Enum(_) => Some(
                    i32::try_from(value)
                        .map(|value| put_tagged_varint(out, number, i64::from(value) as u64))
                        .map_err(|_| text::expected_integer(Integer::Int32)),
                ),
                Kind::Integer(kind) => Some(text::put_integer(kind, number, value, out)),
                Kind::Bool | Kind::String | Kind::Bytes | Kind::Message(_) => None,
            },
            |out| put_fixed64(out, 2, (value as f64).to_bits()),
        )
    }
}

fn expected(schema: &Schema, kind: Kind) -> String {
    match kind {
        Kind::Double | Kind::Float => "must be a number".to_owned(),
        Kind::Bool => "must be true or false".to_owned(),
        Kind::String => "must be a string".to_owned(),
        Kind::Bytes => "must be base64".to_owned(),
        Kind::Enum(_) => "must be the name of an enum value".to_owned(),
        Kind::Message(id) => match schema.message(id).shape {
            Shape::Timestamp => "must be a time such as 2026-01-31T12:00:00Z".to_owned(),
            Shape::Duration => "must be a duration such as 1.5s".to_owned(),
            Shape::FieldMask => "must be field names with commas between them".to_owned(),
            Shape::Wrapper => expected(schema, schema.message(id).fields[0].kind),
            Shape::ListValue => "must be a JSON array".to_owned(),
            Shape::Plain | Shape::Struct | Shape::Any => "must be a JSON object".to_owned(),
            Shape::Value => "must be a JSON value".to_owned(),
        },
        Kind::Integer(kind) => text::expected_integer(kind),
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expected())
    }

    /// Null leaves a field as it is, but it cannot be an element.
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        let schema = self.state.schema;
        let takes_null = |kind: Kind| {
            let is_null = matches!(kind, Kind::Enum(id) if schema.enumeration(id).is_null);
            is_null || schema.shape(kind) == Some(Shape::Value)
        };
        match self.target {
            Target::Value => put_tagged_varint(&mut self.state.out, 1, 0),
            Target::Field(field) if field.arity != Arity::Singular => {}
            Target::Field(field) | Target::Element(field) if takes_null(field.kind) => {
                return self.scalar(
                    |_, _, number, out| {
                        put_tagged_varint(out, number, 0);
                        Some(Ok(()))
                    },
                    |out| put_tagged_varint(out, 1, 0),
                );
            }
            Target::Field(_) => {}
            Target::Element(_) | Target::Content(_) => return Err(self.mismatch()),
        }
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(
            |_, kind, number, out| {
                (kind == Kind::Bool).then(|| {
                    put_tagged_varint(out, number, u64::from(value));
                    Ok(())
                })
            },
            |out| put_tagged_varint(out, 4, u64::from(value)),
        )
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.integer(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.integer(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(
            |_, kind, number, out| match kind {
                Kind::Double => {
                    text::put_double(number, value, out);
                    Some(Ok(()))
                }
                Kind::Float => Some(text::put_float(number, value, out)),
                Kind::Integer(kind) => {
                    text::whole(value).map(|value| text::put_integer(kind, number, value, out))
                }
                Kind::Bool | Kind::String | Kind::Bytes | Kind::Enum(_) | Kind::Message(_) => None,
            },
            |out| put_fixed64(out, 2, value.to_bits()),
        )
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.scalar(
            |schema, kind, number, out| match schema.shape(kind) {
                // A quoted boolean is a mistake in JSON, though not in a query.
                None if kind == Kind::Bool => None,
                None => Some(text::put(schema, kind, number, value, out)),
                Some(Shape::Timestamp | Shape::Duration | Shape::FieldMask) => {
                    Some(text::put(schema, kind, number, value, out))
                }
                Some(_) => None,
            },
            |out| put_bytes(out, 3, value.as_bytes()),
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let schema = self.state.schema;
        match self.target {
            Target::Field(field) if field.arity == Arity::Repeated => {
                let mut index = 0;
                loop {
                    self.state.path.push(Step::Index(index));
                    let seed = Seed { state: &mut *self.state, target: Target::Element(field) };
                    let next = access.next_element_seed(seed)?;
                    self.state.path.pop();
                    if next.is_none() {
                        return Ok(());
                    }
                    index += 1;
                }
            }
            Target::Value => self.state.nested(6, |state| list_content(state, access)),
            Target::Content(_) | Target::Field(_) | Target::Element(_) => match self.single() {
                Some((number, kind)) => match schema.shape(kind) {
                    Some(Shape::ListValue) => {
                        self.state.nested(number, |state| list_content(state, access))
                    }
                    Some(Shape::Value) => self.state.nested(number, |state| {
                        state.nested(6, |state| list_content(state, access))
                    }),
                    Some(_) | None => Err(self.mismatch()),
                },
                None => Err(self.mismatch()),
            },
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        let schema = self.state.schema;
        match self.target {
            Target::Content(id) => content(self.state, id, access),
            Target::Field(field) if field.arity == Arity::Map => {
                map_content(self.state, field, access)
            }
            Target::Value => self.state.nested(5, |state| struct_content(state, access)),
            Target::Field(_) | Target::Element(_) => match self.single() {
                Some((number, Kind::Message(id))) => match schema.message(id).shape {
                    Shape::Plain | Shape::Struct | Shape::Any => {
                        self.state.nested(number, |state| content(state, id, access))
                    }
                    Shape::Value => self.state.nested(number, |state| {
                        state.nested(5, |state| struct_content(state, access))
                    }),
                    Shape::Timestamp
                    | Shape::Duration
                    | Shape::FieldMask
                    | Shape::ListValue
                    | Shape::Wrapper => Err(self.mismatch()),
                },
                Some(_) | None => Err(self.mismatch()),
            },
        }
    }
}
