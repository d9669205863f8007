//! Descriptors compiled into tables that can be walked without a look-up by name or an allocation.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, MessageDescriptor};

use super::escape::escape;

/// Where a message stands in [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageId(usize);

/// Where an enum stands in [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EnumId(usize);

/// Every message and enum of a descriptor pool.
#[derive(Debug)]
pub(crate) struct Schema {
    messages: Vec<Message>,
    enums: Vec<Enum>,
    by_name: HashMap<String, MessageId>,
}

/// A message, its fields in the order of declaration.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) fields: Vec<Field>,
    by_number: Vec<(u32, usize)>,
    by_name: HashMap<String, usize>,
}

/// How JSON shows a message: most as an object, the well-known ones as they please.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Plain,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    Wrapper,
    Any,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    pub(crate) name: String,
    /// The name as JSON, with quotes and colon.
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) arity: Arity,
    /// The oneof it belongs to; a proto3 `optional` field stands in one of its own.
    pub(crate) oneof: Option<usize>,
    /// Whether JSON shows its default value where the wire has none.
    pub(crate) shows_default: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arity {
    Singular,
    Repeated,
    /// The field's kind is the entry message: key 1, value 2.
    Map,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Double,
    Float,
    Integer(Integer),
    Bool,
    String,
    Bytes,
    Enum(EnumId),
    Message(MessageId),
}

/// The ten ways in which a whole number travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integer {
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
}

#[derive(Debug)]
pub(crate) struct Enum {
    /// `google.protobuf.NullValue`, which JSON shows as null.
    pub(crate) is_null: bool,
    /// Numbers and names in the order of declaration.
    pub(crate) values: Vec<(i32, String)>,
}

impl Schema {
    /// Compiles every message of the pool.
    pub(crate) fn compile(pool: &DescriptorPool) -> Self {
        let enums: Vec<EnumDescriptor> = pool.all_enums().collect();
        let messages: Vec<MessageDescriptor> = pool.all_messages().collect();
        let ids = Ids {
            messages: (0..)
                .map(MessageId)
                .zip(&messages)
                .map(|(id, m)| (m.full_name().to_owned(), id))
                .collect(),
            enums: (0..)
                .map(EnumId)
                .zip(&enums)
                .map(|(id, e)| (e.full_name().to_owned(), id))
                .collect(),
        };
        Self {
            messages: messages.iter().map(|message| Message::compile(message, &ids)).collect(),
            enums: enums.iter().map(Enum::compile).collect(),
            by_name: ids.messages,
        }
    }

    pub(crate) fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0]
    }

    pub(crate) fn enumeration(&self, id: EnumId) -> &Enum {
        &self.enums[id.0]
    }

    /// The message of a full name.
    pub(crate) fn find(&self, full_name: &str) -> Option<MessageId> {
        self.by_name.get(full_name).copied()
    }

    /// The shape of a kind that is a message.
    pub(crate) fn shape(&self, kind: Kind) -> Option<Shape> {
        kind.message().map(|id| self.message(id).shape)
    }
}

struct Ids {
    messages: HashMap<String, MessageId>,
    enums: HashMap<String, EnumId>,
}

impl Message {
    fn compile(descriptor: &MessageDescriptor, ids: &Ids) -> Self {
        let oneofs: Vec<String> =
            descriptor.oneofs().map(|oneof| oneof.name().to_owned()).collect();
        // `fields()` goes by number; what is printed goes by declaration.
        let declared = &descriptor.descriptor_proto().field;
        let mut fields: Vec<FieldDescriptor> = descriptor.fields().collect();
        fields.sort_by_key(|field| declared.iter().position(|d| d.name() == field.name()));

        let mut by_name = HashMap::new();
        for (index, field) in fields.iter().enumerate() {
            by_name.entry(field.json_name().to_owned()).or_insert(index);
        }
        by_name.extend(
            fields.iter().enumerate().map(|(index, field)| (field.name().to_owned(), index)),
        );
        let mut by_number: Vec<(u32, usize)> =
            fields.iter().enumerate().map(|(index, field)| (field.number(), index)).collect();
        by_number.sort_unstable();
        Self {
            name: descriptor.full_name().to_owned(),
            shape: Shape::of(descriptor.full_name()),
            fields: fields.iter().map(|field| Field::compile(field, &oneofs, ids)).collect(),
            by_number,
            by_name,
        }
    }

    /// The index of the field of a number.
    pub(crate) fn by_number(&self, number: u32) -> Option<usize> {
        // Nearly every message numbers its fields 1, 2, 3 …
        let guess = self.by_number.get((number as usize).wrapping_sub(1));
        match guess {
            Some((found, index)) if *found == number => Some(*index),
            _ => {
                let place =
                    self.by_number.binary_search_by_key(&number, |(number, _)| *number).ok()?;
                Some(self.by_number[place].1)
            }
        }
    }

    /// The index of the field of a proto or a JSON name.
    pub(crate) fn by_name(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

impl Shape {
    fn of(full_name: &str) -> Self {
        match full_name {
            "google.protobuf.Timestamp" => Self::Timestamp,
            "google.protobuf.Duration" => Self::Duration,
            "google.protobuf.FieldMask" => Self::FieldMask,
            "google.protobuf.Struct" => Self::Struct,
            "google.protobuf.Value" => Self::Value,
            "google.protobuf.ListValue" => Self::ListValue,
            "google.protobuf.Any" => Self::Any,
            "google.protobuf.DoubleValue"
            | "google.protobuf.FloatValue"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt64Value"
            | "google.protobuf.Int32Value"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.BoolValue"
            | "google.protobuf.StringValue"
            | "google.protobuf.BytesValue" => Self::Wrapper,
            _ => Self::Plain,
        }
    }
}

impl Field {
    fn compile(descriptor: &FieldDescriptor, oneofs: &[String], ids: &Ids) -> Self {
        let mut label = String::from("\"");
        escape(descriptor.name(), &mut label);
        label.push_str("\":");
        let oneof = descriptor.containing_oneof();
        Self {
            number: descriptor.number(),
            name: descriptor.name().to_owned(),
            label,
            kind: Kind::compile(&descriptor.kind(), ids),
            arity: if descriptor.is_map() {
                Arity::Map
            } else if descriptor.is_list() {
                Arity::Repeated
            } else {
                Arity::Singular
            },
            oneof: oneof.and_then(|oneof| oneofs.iter().position(|name| name == oneof.name())),
            shows_default: !descriptor.supports_presence(),
        }
    }
}

impl Kind {
    fn compile(kind: &prost_reflect::Kind, ids: &Ids) -> Self {
        use prost_reflect::Kind as K;
        match kind {
            K::Double => Self::Double,
            K::Float => Self::Float,
            K::Int32 => Self::Integer(Integer::Int32),
            K::Int64 => Self::Integer(Integer::Int64),
            K::Uint32 => Self::Integer(Integer::Uint32),
            K::Uint64 => Self::Integer(Integer::Uint64),
            K::Sint32 => Self::Integer(Integer::Sint32),
            K::Sint64 => Self::Integer(Integer::Sint64),
            K::Fixed32 => Self::Integer(Integer::Fixed32),
            K::Fixed64 => Self::Integer(Integer::Fixed64),
            K::Sfixed32 => Self::Integer(Integer::Sfixed32),
            K::Sfixed64 => Self::Integer(Integer::Sfixed64),
            K::Bool => Self::Bool,
            K::String => Self::String,
            K::Bytes => Self::Bytes,
            K::Enum(descriptor) => Self::Enum(ids.enums[descriptor.full_name()]),
            K::Message(descriptor) => Self::Message(ids.messages[descriptor.full_name()]),
        }
    }

    /// The message, where it is one.
    pub(crate) fn message(self) -> Option<MessageId> {
        if let Self::Message(id) = self { Some(id) } else { None }
    }

    /// Whether many of it may stand in one record.
    pub(crate) fn is_packable(self) -> bool {
        !matches!(self, Self::String | Self::Bytes | Self::Message(_))
    }
}

impl Integer {
    /// Whether it has 64 bits, more than a number of JSON can be trusted with.
    pub(crate) fn is_long(self) -> bool {
        matches!(self, Self::Int64 | Self::Uint64 | Self::Sint64 | Self::Fixed64 | Self::Sfixed64)
    }
}

impl Enum {
    fn compile(descriptor: &EnumDescriptor) -> Self {
        // `values()` goes by number, and loses which of two aliases was declared first.
        let declared = &descriptor.enum_descriptor_proto().value;
        Self {
            is_null: descriptor.full_name() == "google.protobuf.NullValue",
            values: declared
                .iter()
                .map(|value| (value.number(), value.name().to_owned()))
                .collect(),
        }
    }

    /// The name of a number.
    pub(crate) fn name_of(&self, number: i32) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == number).map(|(_, name)| name.as_str())
    }

    /// The number of a name.
    pub(crate) fn number_of(&self, name: &str) -> Option<i32> {
        self.values.iter().find(|(_, known)| known == name).map(|(number, _)| *number)
    }

    /// The number that stands where nothing was said.
    pub(crate) fn default(&self) -> i32 {
        self.values.first().map_or(0, |(number, _)| *number)
    }
}
