//! One route: how its requests become messages, and its messages answers.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tonic::Status;

use super::body::{BodyRule, HTTP_BODY};
use super::codec::Violation;
use super::codec::print::Printer;
use super::codec::schema::{Arity, Field, Kind as FieldKind, MessageId, Schema, Shape};
use super::codec::wire::{Malformed, Payload, Reader};
use super::path::{Template, Variable};
use super::query::{FieldPath, put_query};
use super::rule::{Rule, rules};
use super::{BadContract, Rpc, body};
use crate::problem::Problem;

/// The prefix that paths have in the protos.
const PREFIX: &str = "/api/v1";

/// One way to reach a method over HTTP.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) rpc: Arc<Rpc>,
    pub(crate) method: Method,
    pub(crate) template: Template,
    /// The template as text: what logs, metrics and the documentation call the route.
    pub(crate) route: Arc<str>,
    pub(crate) body: BodyRule,
    pub(crate) shown: Shown,
    pub(crate) kind: Kind,
    variables: Vec<(Variable, FieldPath)>,
    /// Fields that the path or the body says, and a query therefore may not.
    pub(crate) taken: Vec<String>,
}

/// What of the answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Whole,
    /// The field of this index.
    Field(usize),
}

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
    name: Option<u32>,
    id: Option<u32>,
}

/// A streamed request that begins with a description and goes on with bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadShape {
    pub(crate) metadata_number: u32,
    pub(crate) metadata: MessageId,
    pub(crate) data_number: u32,
}

/// Bytes that are shown as they are.
pub(crate) struct RawBody {
    pub(crate) content_type: String,
    pub(crate) data: Bytes,
}

impl Binding {
    /// Every binding of a method.
    pub(crate) fn of_method(
        method: &MethodDescriptor,
        rpc: &Arc<Rpc>,
        schema: &Schema,
        prefix: &str,
    ) -> Result<Vec<Self>, BadContract> {
        let bad = |problem: String| BadContract::BadRule { method: rpc.full_name.clone(), problem };
        let rules = rules(method).map_err(|error| bad(error.to_string()))?;
        rules.into_iter().map(|rule| Self::new(rule, method, rpc, schema, prefix).map_err(bad)).collect()
    }

    fn new(
        rule: Rule,
        method: &MethodDescriptor,
        rpc: &Arc<Rpc>,
        schema: &Schema,
        prefix: &str,
    ) -> Result<Self, String> {
        let route = rooted(&rule.template, prefix);
        let template = Template::parse(&route).map_err(|error| error.to_string())?;
        let variables = variables(&template, schema, rpc.input)?;
        let input = schema.message(rpc.input);
        let body = match rule.body.as_str() {
            "" => BodyRule::Nothing,
            "*" => BodyRule::Whole,
            name => {
                BodyRule::Field(input.by_name(name).ok_or_else(|| format!("body field {name:?} is not there"))?)
            }
        };
        let shown = match rule.response_body.as_str() {
            "" => Shown::Whole,
            name => {
                let index = schema.message(rpc.output).by_name(name);
                Shown::Field(index.ok_or_else(|| format!("response field {name:?} is not there"))?)
            }
        };
        let mut taken: Vec<String> = variables.iter().map(|(variable, _)| variable.field.clone()).collect();
        if let BodyRule::Field(index) = body {
            taken.push(input.fields[index].name.clone());
        }
        let kind = Kind::of(method, rpc, shown, schema)?;
        let (rpc, route) = (Arc::clone(rpc), Arc::from(route));
        Ok(Self { rpc, method: rule.method, template, route, body, shown, kind, variables, taken })
    }

    /// Appends the request that path, query and body say.
    pub(crate) fn request(
        &self,
        schema: &Schema,
        segments: &[&str],
        query: &str,
        headers: &HeaderMap,
        body: &[u8],
        mut out: Vec<u8>,
    ) -> Result<Vec<u8>, Problem> {
        let message = self.rpc.input;
        if self.body == BodyRule::Whole && !query.is_empty() {
            let names = super::query::pairs(query).map(|(name, _)| name.unwrap_or_default());
            let violation = |name: String| Violation::new(name, "is not known here: all fields are in the body");
            return Err(Problem::invalid(names.map(violation).collect()));
        }
        let taken: Vec<&str> = self.taken.iter().map(String::as_str).collect();
        put_query(schema, message, query, &taken, &mut out).map_err(Problem::invalid)?;
        let mut out = body::put(schema, message, self.body, headers, body, out)?;
        // Last, so that a body cannot name another resource than the path.
        for (variable, field) in &self.variables {
            let value = variable.value(segments).ok_or_else(|| {
                Problem::invalid(vec![Violation::new(&field.name, "is not percent-encoded UTF-8")])
            })?;
            field.put(schema, &value, &mut out).map_err(|violation| Problem::invalid(vec![violation]))?;
        }
        Ok(out)
    }

    /// Prints the answer as JSON behind what `out` holds.
    pub(crate) fn print(&self, schema: &Schema, message: &[u8], out: String) -> Result<String, Malformed> {
        let mut printer = Printer::new(schema, out);
        match self.shown {
            Shown::Whole => printer.message(self.rpc.output, message)?,
            Shown::Field(index) => printer.field_of(self.rpc.output, index, message)?,
        }
        Ok(printer.finish())
    }

    /// Whether the answer is shown as bytes and not as JSON.
    pub(crate) fn is_raw(&self, schema: &Schema) -> bool {
        shown_message(schema, self.rpc.output, self.shown).is_some_and(|id| schema.message(id).name == HTTP_BODY)
    }

    /// The bytes of an answer for which [`Binding::is_raw`] holds.
    pub(crate) fn raw(&self, schema: &Schema, message: &Bytes) -> Result<RawBody, Status> {
        let malformed = |_: Malformed| Status::internal("malformed answer");
        let shown = self.shown_bytes(schema, message).map_err(malformed)?;
        let (mut content_type, mut data) = (String::new(), Bytes::new());
        let mut reader = Reader::new(&shown);
        while let Some((number, payload)) = reader.record().map_err(malformed)? {
            match number {
                1 => content_type = payload.text().map_err(malformed)?.to_owned(),
                2 => data = shown.slice_ref(payload.bytes().map_err(malformed)?),
                _ => {}
            }
        }
        Ok(RawBody { content_type, data })
    }

    /// The `event:` and the `id:` line of a streamed message.
    pub(crate) fn event_lines(&self, schema: &Schema, fields: EventFields, message: &Bytes) -> String {
        let mut lines = String::new();
        let Ok(shown) = self.shown_bytes(schema, message) else { return lines };
        let mut reader = Reader::new(&shown);
        let (mut name, mut id) = (None, None);
        while let Ok(Some((number, payload))) = reader.record() {
            match payload {
                Payload::Bytes(_) if fields.name == Some(number) => name = payload.text().ok(),
                Payload::Varint(value) if fields.id == Some(number) => id = Some(value as i64),
                _ => {}
            }
        }
        // A line break would begin another line of the stream.
        if let Some(name) = name.filter(|name| !name.is_empty() && !name.contains(['\r', '\n'])) {
            lines.push_str(&format!("event: {name}\n"));
        }
        if let Some(id) = id {
            lines.push_str(&format!("id: {id}\n"));
        }
        lines
    }

    fn shown_bytes(&self, schema: &Schema, message: &Bytes) -> Result<Bytes, Malformed> {
        let Shown::Field(index) = self.shown else { return Ok(message.clone()) };
        let wanted = schema.message(self.rpc.output).fields[index].number;
        let mut shown = Bytes::new();
        let mut reader = Reader::new(message);
        while let Some((number, payload)) = reader.record()? {
            if number == wanted {
                shown = message.slice_ref(payload.bytes()?);
            }
        }
        Ok(shown)
    }
}

/// The path with the installation's own prefix.
fn rooted(template: &str, prefix: &str) -> String {
    match template.strip_prefix(PREFIX) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{prefix}{rest}"),
        _ => template.to_owned(),
    }
}

fn variables(
    template: &Template,
    schema: &Schema,
    message: MessageId,
) -> Result<Vec<(Variable, FieldPath)>, String> {
    let resolve = |variable: &Variable| {
        let field = FieldPath::resolve(schema, message, &variable.field)
            .map_err(|problem| format!("path variable {:?} {problem}", variable.field))?;
        if field.arity == Arity::Singular {
            Ok((variable.clone(), field))
        } else {
            Err(format!("path variable {:?} is a list", variable.field))
        }
    };
    template.variables.iter().map(resolve).collect()
}

/// The message that is shown, where it is one message.
fn shown_message(schema: &Schema, output: MessageId, shown: Shown) -> Option<MessageId> {
    match shown {
        Shown::Whole => Some(output),
        Shown::Field(index) => match &schema.message(output).fields[index] {
            Field { arity: Arity::Singular, kind: FieldKind::Message(id), .. } => Some(*id),
            _ => None,
        },
    }
}

impl Kind {
    fn of(method: &MethodDescriptor, rpc: &Rpc, shown: Shown, schema: &Schema) -> Result<Self, String> {
        if rpc.is_client_streaming {
            let shape = (!rpc.is_server_streaming).then(|| UploadShape::of(schema, rpc.input)).flatten();
            return shape.map(Self::Upload).ok_or_else(|| {
                "a streamed request can only be an upload: one oneof of a message and of bytes".to_owned()
            });
        }
        if !rpc.is_server_streaming {
            return Ok(Self::Unary);
        }
        let shown = shown_message(schema, rpc.output, shown).ok_or("a stream can only show messages")?;
        Ok(Self::Stream(EventFields::of(method, schema, shown)))
    }
}

impl EventFields {
    fn of(method: &MethodDescriptor, schema: &Schema, shown: MessageId) -> Self {
        let pool = method.parent_pool();
        let shown = schema.message(shown);
        let option = pool.get_message_by_name(&shown.name).zip(pool.get_extension_by_name("elenchus.rpc.v1.event_stream"));
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
        let (metadata, data) = if one.kind == FieldKind::Bytes { (other, one) } else { (one, other) };
        let FieldKind::Message(id) = metadata.kind else { return None };
        let is_choice = one.oneof.is_some() && one.oneof == other.oneof;
        let is_upload = is_choice && data.kind == FieldKind::Bytes && schema.message(id).shape == Shape::Plain;
        is_upload.then_some(Self { metadata_number: metadata.number, metadata: id, data_number: data.number })
    }
}
