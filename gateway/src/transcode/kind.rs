//! How a route answers: once, many times, or after an upload. Read from the shape of its messages.

use prost_reflect::{DynamicMessage, MethodDescriptor};

use super::Rpc;
use super::binding::{Shown, shown_message};
use super::codec::schema::{Kind as FieldKind, MessageId, Schema, Shape};

/// How a route answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One request, one answer.
    Unary,
    /// One request, many answers.
    Stream(EventFields),
    /// A file in parts, one answer.
    Upload(UploadShape),
}

/// The fields of a streamed message that become the `event:` and `id:` lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct EventFields {
    pub(super) name: Option<u32>,
    pub(super) id: Option<u32>,
}

/// A streamed request that begins with a description and goes on with bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadShape {
    pub(crate) metadata_number: u32,
    pub(crate) metadata: MessageId,
    pub(crate) data_number: u32,
}

impl Kind {
    pub(super) fn of(
        method: &MethodDescriptor,
        rpc: &Rpc,
        shown: Shown,
        schema: &Schema,
    ) -> Result<Self, String> {
        if rpc.is_client_streaming {
            let shape =
                (!rpc.is_server_streaming).then(|| UploadShape::of(schema, rpc.input)).flatten();
            return shape.map(Self::Upload).ok_or_else(|| {
                "a streamed request can only be an upload: one oneof of a message and of bytes"
                    .to_owned()
            });
        }
        if !rpc.is_server_streaming {
            return Ok(Self::Unary);
        }
        let shown =
            shown_message(schema, rpc.output, shown).ok_or("a stream can only show messages")?;
        Ok(Self::Stream(EventFields::of(method, schema, shown)))
    }
}

impl EventFields {
    fn of(method: &MethodDescriptor, schema: &Schema, shown: MessageId) -> Self {
        let pool = method.parent_pool();
        let shown = schema.message(shown);
        let option = pool
            .get_message_by_name(&shown.name)
            .zip(pool.get_extension_by_name("elenchus.rpc.v1.event_stream"));
        let Some((descriptor, extension)) = option else { return Self::default() };
        let options = descriptor.options();
        let option = options.get_extension(&extension);
        let Some(option) = option.as_message() else { return Self::default() };
        let number = |option: &DynamicMessage, name: &str| {
            let field = option.get_field_by_name(name)?;
            let index = shown.by_name(field.as_str()?)?;
            Some(shown.fields[index].number)
        };
        Self { name: number(option, "name_field"), id: number(option, "id_field") }
    }
}

impl UploadShape {
    fn of(schema: &Schema, input: MessageId) -> Option<Self> {
        let [one, other] = schema.message(input).fields.as_slice() else { return None };
        let (metadata, data) =
            if one.kind == FieldKind::Bytes { (other, one) } else { (one, other) };
        let id = metadata.kind.message()?;
        let is_choice = one.oneof.is_some() && one.oneof == other.oneof;
        let is_upload =
            is_choice && data.kind == FieldKind::Bytes && schema.message(id).shape == Shape::Plain;
        is_upload.then_some(Self {
            metadata_number: metadata.number,
            metadata: id,
            data_number: data.number,
        })
    }
}
