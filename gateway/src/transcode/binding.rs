//! One route: how its requests become messages, and its messages answers.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use prost_reflect::MethodDescriptor;

use super::body::{BodyRule, HTTP_BODY};
use super::codec::Violation;
use super::codec::print::Printer;
use super::codec::schema::{Arity, MessageId, Schema};

use super::codec::wire::{Malformed, Payload, Reader};
use super::kind::{EventFields, Kind};
use super::path::{Template, Variable};
use super::query::{FieldPath, put_query};
use super::rule::{Rule, rules};
use super::{BadContract, Rpc, body};
use crate::problem::Problem;

/// The field of a streaming method that says after which event to begin.
const RESUME: &str = "after_seq";

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
    /// The field that a client who was cut off fills with the last event that it saw.
    resume: Option<FieldPath>,
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
        rules
            .into_iter()
            .map(|rule| Self::new(rule, method, rpc, schema, prefix).map_err(bad))
            .collect()
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
            name => BodyRule::Field(
                input.by_name(name).ok_or_else(|| format!("body field {name:?} is not there"))?,
            ),
        };
        let shown = match rule.response_body.as_str() {
            "" => Shown::Whole,
            name => {
                let index = schema.message(rpc.output).by_name(name);
                Shown::Field(index.ok_or_else(|| format!("response field {name:?} is not there"))?)
            }
        };
        let mut taken: Vec<String> =
            variables.iter().map(|(variable, _)| variable.field.clone()).collect();
        if let BodyRule::Field(index) = body {
            taken.push(input.fields[index].name.clone());
        }
        let kind = Kind::of(method, rpc, shown, schema)?;
        let resume = matches!(kind, Kind::Stream(_))
            .then(|| FieldPath::resolve(schema, rpc.input, RESUME).ok());
        let (rpc, route, resume) = (Arc::clone(rpc), Arc::from(route), resume.flatten());
        Ok(Self {
            rpc,
            method: rule.method,
            template,
            route,
            body,
            shown,
            kind,
            variables,
            resume,
            taken,
        })
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
            let violation = |name: String| {
                Violation::new(name, "is not known here: all fields are in the body")
            };
            return Err(Problem::invalid(names.map(violation).collect()));
        }
        if let (Some(field), Some(seen)) =
            (&self.resume, headers.get("last-event-id").and_then(|id| id.to_str().ok()))
        {
            // First, so that a query says it better; a value of another server is no event of ours.
            let before = out.len();
            if field.put(schema, seen, &mut out).is_err() {
                out.truncate(before);
            }
        }
        let taken: Vec<&str> = self.taken.iter().map(String::as_str).collect();
        put_query(schema, message, query, &taken, &mut out).map_err(Problem::invalid)?;
        let mut out = body::put(schema, message, self.body, headers, body, out)?;
        // Last, so that a body cannot name another resource than the path.
        for (variable, field) in &self.variables {
            let value = variable.value(segments).ok_or_else(|| {
                Problem::invalid(vec![Violation::new(&field.name, "is not percent-encoded UTF-8")])
            })?;
            field
                .put(schema, &value, &mut out)
                .map_err(|violation| Problem::invalid(vec![violation]))?;
        }
        Ok(out)
    }

    /// Prints the answer as JSON behind what `out` holds.
    pub(crate) fn print(
        &self,
        schema: &Schema,
        message: &[u8],
        out: String,
    ) -> Result<String, Malformed> {
        let mut printer = Printer::new(schema, out);
        match self.shown {
            Shown::Whole => printer.message(self.rpc.output, message)?,
            Shown::Field(index) => printer.field_of(self.rpc.output, index, message)?,
        }
        Ok(printer.finish())
    }

    /// Whether the answer is shown as bytes and not as JSON.
    pub(crate) fn is_raw(&self, schema: &Schema) -> bool {
        shown_message(schema, self.rpc.output, self.shown)
            .is_some_and(|id| schema.message(id).name == HTTP_BODY)
    }

    /// The bytes of an answer for which [`Binding::is_raw`] holds.
    pub(crate) fn raw(&self, schema: &Schema, message: &Bytes) -> Result<RawBody, Malformed> {
        let shown = self.shown_bytes(schema, message)?;
        let (mut content_type, mut data) = (String::new(), Bytes::new());
        let mut reader = Reader::new(&shown);
        while let Some((number, payload)) = reader.record()? {
            match number {
                1 => content_type = payload.text()?.to_owned(),
                2 => data = shown.slice_ref(payload.bytes()?),
                _ => {}
            }
        }
        Ok(RawBody { content_type, data })
    }

    /// The `event:` and the `id:` line of a streamed message.
    pub(crate) fn event_lines(
        &self,
        schema: &Schema,
        fields: EventFields,
        message: &Bytes,
    ) -> String {
        let mut lines = String::new();
        let Ok(shown) = self.shown_bytes(schema, message) else { return lines };
        let mut reader = Reader::new(&shown);
        let (mut name, mut id) = (None, None);
        while let Ok(Some((number, payload))) = reader.record() {
            if fields.name == Some(number) {
                name = payload.text().ok();
            }
            if let Payload::Varint(value) = payload
                && fields.id == Some(number)
            {
                id = Some(value as i64);
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
pub(super) fn shown_message(schema: &Schema, output: MessageId, shown: Shown) -> Option<MessageId> {
    match shown {
        Shown::Whole => Some(output),
        Shown::Field(index) => {
            let field = &schema.message(output).fields[index];
            field.kind.message().filter(|_| field.arity == Arity::Singular)
        }
    }
}
