//! The inside of messages: members, entries and elements.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Seed, State, Step, Target};
use crate::transcode::codec::schema::{Field, MessageId, Shape};
use crate::transcode::codec::text;
use crate::transcode::codec::wire::{close, open, put_bytes};

/// The content of a message that JSON shows as an object.
pub(super) fn content<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    id: MessageId,
    access: A,
) -> Result<(), A::Error> {
    let message = state.schema.message(id);
    match message.shape {
        Shape::Plain => plain_content(state, id, access),
        Shape::Struct => struct_content(state, access),
        Shape::Any => any_content(state, access),
        // Only a method that takes such a message itself comes here.
        Shape::Timestamp
        | Shape::Duration
        | Shape::FieldMask
        | Shape::Value
        | Shape::ListValue
        | Shape::Wrapper => Err(state.refuse("cannot be given as an object")),
    }
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

pub(super) fn map_content<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    field: &Field,
    mut access: A,
) -> Result<(), A::Error> {
    let Some(entry) = field.kind.message() else { return Err(state.refuse("is not a map")) };
    let [key, value] = state.schema.message(entry).fields.as_slice() else {
        return Err(state.refuse("is not a map"));
    };
    state.enter()?;
    while let Some(name) = access.next_key::<String>()? {
        state.path.push(Step::Key(shortened(&name)));
        let start = open(&mut state.out, field.number);
        let schema = state.schema;
        text::put(schema, key.kind, 1, &name, &mut state.out)
            .map_err(|problem| state.refuse(problem))?;
        access.next_value_seed(Seed { state: &mut *state, target: Target::Element(value) })?;
        close(&mut state.out, start);
        state.path.pop();
    }
    state.leave();
    Ok(())
}

/// The content of a `google.protobuf.Struct`.
pub(super) fn struct_content<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    mut access: A,
) -> Result<(), A::Error> {
    // An entry and its value are two messages.
    state.enter()?;
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
    state.leave();
    Ok(())
}

/// The content of a `google.protobuf.ListValue`.
pub(super) fn list_content<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    mut access: A,
) -> Result<(), A::Error> {
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
fn any_content<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    mut access: A,
) -> Result<(), A::Error> {
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
            return Seed { state, target: Target::Content(id) }
                .deserialize(json)
                .map_err(de::Error::custom);
        }
        Err(state.refuse("can only hold a message with members"))
    })
}
