//! JSON to wire format, in one pass over the text. What does not fit is refused with the path of
//! the member that is to blame.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::schema::{Arity, Field, Kind, MessageId, Schema, Shape};
use super::wire::{close, open, put_bytes, put_fixed64, put_tagged_varint};
use super::{MAX_DEPTH, Violation, text};

/// Appends the message that the JSON text says.
pub(crate) fn message(schema: &Schema, id: MessageId, json: &[u8], out: Vec<u8>) -> Result<Vec<u8>, Violation> {
    parse(schema, Target::Content(id), json, out)
}

/// Appends the field that the JSON text says.
pub(crate) fn field(schema: &Schema, field: &Field, json: &[u8], out: Vec<u8>) -> Result<Vec<u8>, Violation> {
    parse(schema, Target::Field(field), json, out)
}

fn parse<'s>(schema: &'s Schema, target: Target<'s>, json: &[u8], out: Vec<u8>) -> Result<Vec<u8>, Violation> {
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
            Target::Field(field) if field.arity == Arity::Singular => Some((field.number, field.kind)),
            Target::Element(field) => Some((field.number, field.kind)),
            Target::Field(_) | Target::Content(_) | Target::Value => None,
        }
    }

    /// What a value of the target must be.
    fn expected(&self) -> String {
        let kind = match self.target {
            Target::Content(_) => return "must be a JSON object".to_owned(),
            Target::Value => return "must be a JSON value".to_owned(),
            Target::Field(Field { arity: Arity::Map, .. }) => return "must be a JSON object".to_owned(),
            Target::Field(Field { arity: Arity::Repeated, .. }) => return "must be a JSON array".to_owned(),
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
            _ => match put(schema, kind, number, &mut self.state.out) {
                Some(Ok(())) => Ok(()),
                Some(Err(problem)) => Err(self.state.refuse(problem)),
                None => Err(self.mismatch()),
            },
        }
    }

    fn integer<E: de::Error>(self, value: i128) -> Result<(), E> {
        self.scalar(
            |_, kind, number, out| match kind {
                Kind::Double => Some(Ok(text::put_double(number, value as f64, out))),
                Kind::Float => Some(text::put_float(number, value as f64, out)),
                Kind::Enum(_) => Some(
                    i32::try_from(value)
                        .map(|value| put_tagged_varint(out, number, i64::from(value) as u64))
                        .map_err(|_| text::expected_integer(Kind::Int32)),
                ),
                Kind::Bool | Kind::String | Kind::Bytes | Kind::Message(_) => None,
                kind => Some(text::put_integer(kind, number, value, out)),
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
        kind => text::expected_integer(kind),
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
        let takes_null = |kind: Kind| match kind {
            Kind::Enum(id) => schema.enumeration(id).is_null,
            kind => schema.shape(kind) == Some(Shape::Value),
        };
        match self.target {
            Target::Value => put_tagged_varint(&mut self.state.out, 1, 0),
            Target::Field(field) if field.arity != Arity::Singular => {}
            Target::Field(field) | Target::Element(field) if takes_null(field.kind) => {
                return self.scalar(
                    |_, _, number, out| Some(Ok(put_tagged_varint(out, number, 0))),
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
                (kind == Kind::Bool).then(|| Ok(put_tagged_varint(out, number, u64::from(value))))
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
                Kind::Double => Some(Ok(text::put_double(number, value, out))),
                Kind::Float => Some(text::put_float(number, value, out)),
                Kind::Bool | Kind::String | Kind::Bytes | Kind::Enum(_) | Kind::Message(_) => None,
                kind => text::whole(value).map(|value| text::put_integer(kind, number, value, out)),
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
            _ => match self.single() {
                Some((number, kind)) => match schema.shape(kind) {
                    Some(Shape::ListValue) => self.state.nested(number, |state| list_content(state, access)),
                    Some(Shape::Value) => self
                        .state
                        .nested(number, |state| state.nested(6, |state| list_content(state, access))),
                    _ => Err(self.mismatch()),
                },
                None => Err(self.mismatch()),
            },
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        let schema = self.state.schema;
        match self.target {
            Target::Content(id) => content(self.state, id, access),
            Target::Field(field) if field.arity == Arity::Map => map_content(self.state, field, access),
            Target::Value => self.state.nested(5, |state| struct_content(state, access)),
            _ => match self.single() {
                Some((number, Kind::Message(id))) => match schema.message(id).shape {
                    Shape::Plain | Shape::Struct | Shape::Any => {
                        self.state.nested(number, |state| content(state, id, access))
                    }
                    Shape::Value => self
                        .state
                        .nested(number, |state| state.nested(5, |state| struct_content(state, access))),
                    Shape::Timestamp
                    | Shape::Duration
                    | Shape::FieldMask
                    | Shape::ListValue
                    | Shape::Wrapper => Err(self.mismatch()),
                },
                _ => Err(self.mismatch()),
            },
        }
    }
}

/// The content of a message that JSON shows as an object.
fn content<'de, A: MapAccess<'de>>(state: &mut State<'_>, id: MessageId, access: A) -> Result<(), A::Error> {
    let message = state.schema.message(id);
    match message.shape {
        Shape::Plain => plain_content(state, id, access),
        Shape::Struct => struct_content(state, access),
        Shape::Any => any_content(state, access),
        shape => unreachable_shape(state, shape),
    }
}

fn unreachable_shape<E: de::Error>(state: &mut State<'_>, shape: Shape) -> Result<(), E> {
    // Only a method that takes a well-known type itself comes here.
    Err(state.refuse(format!("cannot be given as an object: {shape:?}")))
}

fn plain_content<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    id: MessageId,
    mut access: A,
) -> Result<(), A::Error> {
    let message = state.schema.message(id);
    let mut seen = [0u64; 8];
    let mut oneofs = 0u64;
    while let Some(index) = access.next_key_seed(Member { state: &mut *state, id })? {
        let field = &message.fields[index];
        state.path.push(Step::Member(&field.name));
        if let Some(bits) = seen.get_mut(index / 64) {
            let bit = 1 << (index % 64);
            if *bits & bit != 0 {
                return Err(state.refuse("is given twice"));
            }
            *bits |= bit;
        }
        let before = state.out.len();
        access.next_value_seed(Seed { state: &mut *state, target: Target::Field(field) })?;
        if let Some(oneof @ 0..64) = field.oneof
            && state.out.len() > before
        {
            if oneofs & 1 << oneof != 0 {
                return Err(state.refuse("excludes another member that is given too"));
            }
            oneofs |= 1 << oneof;
        }
        state.path.pop();
    }
    Ok(())
}

/// Reads a member's name and finds its field.
struct Member<'a, 's> {
    state: &'a mut State<'s>,
    id: MessageId,
}

impl<'de> DeserializeSeed<'de> for Member<'_, '_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Member<'_, '_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<usize, E> {
        let found = self.state.schema.message(self.id).by_name(name);
        found.ok_or_else(|| {
            self.state.path.push(Step::Key(shortened(name)));
            self.state.refuse("is not known here")
        })
    }
}

/// A name that a client made up, cut to a length that can be shown.
fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}

fn map_content<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    field: &Field,
    mut access: A,
) -> Result<(), A::Error> {
    let Kind::Message(entry) = field.kind else { return Err(state.refuse("is not a map")) };
    let [key, value] = state.schema.message(entry).fields.as_slice() else {
        return Err(state.refuse("is not a map"));
    };
    state.enter()?;
    while let Some(name) = access.next_key::<String>()? {
        state.path.push(Step::Key(shortened(&name)));
        let start = open(&mut state.out, field.number);
        let schema = state.schema;
        text::put(schema, key.kind, 1, &name, &mut state.out).map_err(|problem| state.refuse(problem))?;
        access.next_value_seed(Seed { state: &mut *state, target: Target::Element(value) })?;
        close(&mut state.out, start);
        state.path.pop();
    }
    state.leave();
    Ok(())
}

/// The content of a `google.protobuf.Struct`.
fn struct_content<'de, A: MapAccess<'de>>(state: &mut State<'_>, mut access: A) -> Result<(), A::Error> {
    state.enter()?;
    while let Some(name) = access.next_key::<String>()? {
        let start = open(&mut state.out, 1);
        put_bytes(&mut state.out, 1, name.as_bytes());
        state.path.push(Step::Key(shortened(&name)));
        let value = open(&mut state.out, 2);
        access.next_value_seed(Seed { state: &mut *state, target: Target::Value })?;
        close(&mut state.out, value);
        close(&mut state.out, start);
        state.path.pop();
    }
    state.leave();
    Ok(())
}

/// The content of a `google.protobuf.ListValue`.
fn list_content<'de, A: SeqAccess<'de>>(state: &mut State<'_>, mut access: A) -> Result<(), A::Error> {
    state.enter()?;
    let mut index = 0;
    loop {
        state.path.push(Step::Index(index));
        let before = state.out.len();
        let start = open(&mut state.out, 1);
        let next = access.next_element_seed(Seed { state: &mut *state, target: Target::Value })?;
        state.path.pop();
        if next.is_none() {
            state.out.truncate(before);
            break;
        }
        close(&mut state.out, start);
        index += 1;
    }
    state.leave();
    Ok(())
}

/// The content of a `google.protobuf.Any`, whose `@type` may stand anywhere in it.
fn any_content<'de, A: MapAccess<'de>>(state: &mut State<'_>, mut access: A) -> Result<(), A::Error> {
    let mut members = serde_json::Map::new();
    while let Some((name, value)) = access.next_entry::<String, serde_json::Value>()? {
        members.insert(name, value);
    }
    let Some(serde_json::Value::String(url)) = members.remove("@type") else {
        return Err(state.refuse("must have a member @type"));
    };
    let Some(id) = url.rsplit('/').next().and_then(|name| state.schema.find(name)) else {
        return Err(state.refuse("has an @type that is not known here"));
    };
    put_bytes(&mut state.out, 1, url.as_bytes());
    let is_plain = state.schema.message(id).shape == Shape::Plain;
    state.nested(2, |state| {
        let json = serde_json::Value::Object(members);
        if is_plain {
            return Seed { state, target: Target::Content(id) }.deserialize(json).map_err(de::Error::custom);
        }
        Err(state.refuse("can only hold a message with members"))
    })
}
