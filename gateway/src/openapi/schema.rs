//! Messages as JSON Schema.

use std::collections::{BTreeMap, HashSet};

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::comment::Comments;
use super::rules;

/// How deep a query reaches into messages.
const DEEPEST_QUERY: usize = 4;

/// The schemas that the document refers to.
pub(crate) struct Schemas<'a> {
    comments: &'a Comments,
    /// How often each short name occurs in the pool; only unique ones are used as they are.
    names: BTreeMap<String, usize>,
    /// Messages that are only ever sent by clients: what they do not know is refused.
    only_sent: HashSet<String>,
    components: Map<String, Value>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(pool: &DescriptorPool, comments: &'a Comments) -> Self {
        let mut names = BTreeMap::from([("Problem".to_owned(), 1)]);
        for message in pool.all_messages() {
            *names.entry(message.name().to_owned()).or_default() += 1;
        }
        Self { comments, names, only_sent: only_sent(pool), components: Map::new() }
    }

    /// All schemas that were asked for.
    pub(crate) fn finish(mut self, problem: Value) -> Value {
        self.components.insert("Problem".to_owned(), problem);
        Value::Object(self.components)
    }

    /// A reference to a message, or the schema of a well-known one.
    pub(crate) fn of_message(&mut self, message: &MessageDescriptor) -> Value {
        if let Some(schema) = well_known(message) {
            return schema;
        }
        let is_unique = self.names.get(message.name()) == Some(&1);
        let name = if is_unique { message.name() } else { message.full_name() }.to_owned();
        if !self.components.contains_key(&name) {
            // Before its fields, which may refer to it.
            self.components.insert(name.clone(), Value::Null);
            let schema = self.object(message, &[]);
            self.components.insert(name.clone(), schema);
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// The schema of a message without some of its fields.
    pub(crate) fn object(&mut self, message: &MessageDescriptor, without: &[String]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in
            message.fields().filter(|field| !without.iter().any(|name| name == field.name()))
        {
            if rules::of(&field).required {
                required.push(field.name().to_owned());
            }
            let mut schema = self.of_field(&field);
            let comment = self.comments.of_field(&field);
            if !comment.is_empty() {
                schema["description"] = comment.into();
            }
            properties.insert(field.name().to_owned(), schema);
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        if self.only_sent.contains(message.full_name()) {
            schema["additionalProperties"] = false.into();
        }
        let comment = self.comments.of_message(message);
        if !comment.is_empty() {
            schema["description"] = comment.into();
        }
        schema
    }

    /// The schema of a field.
    pub(crate) fn of_field(&mut self, field: &FieldDescriptor) -> Value {
        let kind = field.kind();
        if field.is_map()
            && let Some(entry) = kind.as_message()
        {
            let value = self.one(&entry.map_entry_value_field());
            return json!({"type": "object", "additionalProperties": value});
        }
        let one = self.one(field);
        if !field.is_list() {
            return one;
        }
        let mut list = json!({"type": "array", "items": one});
        if let Some(count) = rules::of(field).max_items {
            list["maxItems"] = count.into();
        }
        list
    }

    /// The schema of one value of a field.
    pub(crate) fn one(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = self.of_kind(field.kind());
        rules::narrow(&mut schema, &rules::of(field));
        schema
    }

    fn of_kind(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Double => json!({"type": "number", "format": "double"}),
            Kind::Float => json!({"type": "number", "format": "float"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({"type": "integer", "format": "int32"})
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({"type": "integer", "format": "int64", "minimum": 0})
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64"})
            }
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Enum(descriptor) if descriptor.full_name() == "google.protobuf.NullValue" => {
                json!({"type": "null"})
            }
            Kind::Enum(descriptor) => {
                let names: Vec<String> =
                    descriptor.values().map(|value| value.name().to_owned()).collect();
                json!({"type": "string", "enum": names})
            }
            Kind::Message(message) => self.of_message(&message),
        }
    }
}

/// The messages that methods take and never return.
fn only_sent(pool: &DescriptorPool) -> HashSet<String> {
    let (mut sent, mut returned) = (HashSet::new(), HashSet::new());
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        reach(&method.input(), &mut sent);
        reach(&method.output(), &mut returned);
    }
    sent.retain(|name| !returned.contains(name));
    sent
}

fn reach(message: &MessageDescriptor, reached: &mut HashSet<String>) {
    if reached.insert(message.full_name().to_owned()) {
        for field in message.fields() {
            if let Some(inner) = field.kind().as_message() {
                reach(inner, reached);
            }
        }
    }
}

fn well_known(message: &MessageDescriptor) -> Option<Value> {
    Some(match message.full_name() {
        "google.protobuf.Timestamp" => json!({"type": "string", "format": "date-time"}),
        "google.protobuf.Duration" => {
            json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$"})
        }
        "google.protobuf.FieldMask" => json!({"type": "string"}),
        "google.protobuf.Struct" | "google.protobuf.Any" => json!({"type": "object"}),
        "google.protobuf.Value" => json!({}),
        "google.protobuf.ListValue" => json!({"type": "array", "items": {}}),
        "google.protobuf.DoubleValue" | "google.protobuf.FloatValue" => json!({"type": "number"}),
        "google.protobuf.Int32Value" | "google.protobuf.UInt32Value" => json!({"type": "integer"}),
        "google.protobuf.Int64Value"
        | "google.protobuf.UInt64Value"
        | "google.protobuf.StringValue" => {
            json!({"type": "string"})
        }
        "google.protobuf.BoolValue" => json!({"type": "boolean"}),
        "google.protobuf.BytesValue" => json!({"type": "string", "contentEncoding": "base64"}),
        _ => return None,
    })
}

/// The field at the end of a path.
pub(crate) fn follow(message: &MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    let (first, rest) =
        path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let field = message.get_field_by_name(first)?;
    match rest {
        None => Some(field),
        Some(rest) => follow(field.kind().as_message()?, rest),
    }
}

/// The fields that a query can say, with their paths.
pub(crate) fn leaves(message: &MessageDescriptor) -> Vec<(String, FieldDescriptor)> {
    let mut found = Vec::new();
    collect(message, "", 0, &mut found);
    found
}

fn collect(
    message: &MessageDescriptor,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, FieldDescriptor)>,
) {
    for field in message.fields().filter(|field| !field.is_map()) {
        let name = format!("{prefix}{}", field.name());
        let kind = field.kind();
        let Some(inner) = kind.as_message() else {
            found.push((name, field));
            continue;
        };
        match well_known(inner) {
            Some(schema) if !matches!(schema["type"].as_str(), Some("object" | "array") | None) => {
                found.push((name, field))
            }
            None if !field.is_list() && depth < DEEPEST_QUERY => {
                collect(inner, &format!("{name}."), depth + 1, found)
            }
            Some(_) | None => {}
        }
    }
}
