//! The OpenAPI 3.1 document of all routes, made from the descriptors and their comments.

mod comment;
mod rules;
mod schema;
mod security;

use elenchus_proto::pb::rpc::v1::IdempotencyKey;
use elenchus_rpc::method;
use http::Method;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use serde_json::{Map, Value, json};

use self::comment::Comments;
use self::schema::Schemas;
use crate::settings::Settings;
use crate::transcode::binding::Shown;
use crate::transcode::body::{BodyRule, HTTP_BODY};
use crate::transcode::path::Segment;
use crate::transcode::{Binding, Kind, Transcoder};
use crate::{login_form, oidc_redirect};

/// The document.
pub(crate) fn document(
    pool: &DescriptorPool,
    transcoder: &Transcoder,
    settings: &Settings,
) -> Value {
    let comments = Comments::of(pool);
    let mut writer = Writer { schemas: Schemas::new(pool, &comments), comments: &comments };
    let mut paths = own_paths(settings);
    let mut tags = Vec::new();
    let mut operation_ids = Map::new();
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        for binding in
            transcoder.bindings.iter().filter(|binding| binding.rpc.full_name == method.full_name())
        {
            let Some(verb) = verb(&binding.method) else { continue };
            let service = method.parent_service();
            let tag = json!({"name": service.name(), "description": comments.of_service(service)});
            if !tags.contains(&tag) {
                tags.push(tag);
            }
            let mut operation = writer.operation(binding, &method);
            let id = unique(&mut operation_ids, format!("{}_{}", service.name(), method.name()));
            operation.insert("operationId".to_owned(), id.into());
            let path = paths.entry(path(binding)).or_insert_with(|| json!({}));
            path[verb] = Value::Object(operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": settings.app_name, "version": settings.app_version},
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": security::schemes(),
            "responses": {"Problem": problem_response()},
            "schemas": writer.schemas.finish(problem_schema()),
        },
    })
}

struct Writer<'a> {
    schemas: Schemas<'a>,
    comments: &'a Comments,
}

impl Writer<'_> {
    fn operation(&mut self, binding: &Binding, method: &MethodDescriptor) -> Map<String, Value> {
        let comment = self.comments.of_method(method);
        let summary = comment.split_inclusive(['.', '\n']).next().unwrap_or_default().trim();
        let mut operation = Map::new();
        operation.insert("tags".to_owned(), json!([method.parent_service().name()]));
        operation.insert("summary".to_owned(), summary.trim_end_matches('.').into());
        operation.insert("description".to_owned(), comment.into());
        operation.insert("parameters".to_owned(), self.parameters(binding, method).into());
        if let Some(body) = self.request_body(binding, method) {
            operation.insert("requestBody".to_owned(), body);
        }
        operation.insert("responses".to_owned(), self.responses(binding, method));
        operation.insert("security".to_owned(), security::of(method));
        operation
    }

    fn parameters(&mut self, binding: &Binding, method: &MethodDescriptor) -> Vec<Value> {
        let input = method.input();
        let in_path = binding.template.variables.iter().map(|variable| {
            let field = schema::follow(&input, &variable.field);
            let mut parameter = json!({"name": variable.field, "in": "path", "required": true});
            parameter["schema"] =
                field.as_ref().map_or(json!({"type": "string"}), |field| self.schemas.one(field));
            if let Some(field) = field {
                parameter["description"] = self.comments.of_field(&field).into();
            }
            parameter
        });
        let mut parameters: Vec<Value> = in_path.collect();
        let unnamed = wildcards(binding).map(|name| {
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        });
        parameters.extend(unnamed);
        if binding.body != BodyRule::Whole && !matches!(binding.kind, Kind::Upload(_)) {
            for (name, field) in schema::leaves(&input) {
                let is_taken = |taken: &String| {
                    name.strip_prefix(taken.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                if binding.taken.iter().any(is_taken)
                    || oidc_redirect::is_filled(&binding.rpc.full_name, &name)
                {
                    continue;
                }
                let (schema, description) =
                    (self.schemas.of_field(&field), self.comments.of_field(&field));
                let mut parameter = json!({"name": name, "in": "query", "schema": schema, "description": description});
                if rules::of(&field).required {
                    parameter["required"] = true.into();
                }
                parameters.push(parameter);
            }
        }
        parameters.extend(idempotency_header(method));
        parameters
    }

    fn request_body(&mut self, binding: &Binding, method: &MethodDescriptor) -> Option<Value> {
        let input = method.input();
        if let Kind::Upload(_) = binding.kind {
            return Some(self.upload(method));
        }
        let schema = match binding.body {
            BodyRule::Nothing => return None,
            BodyRule::Whole if input.full_name() == HTTP_BODY => return Some(raw_body()),
            BodyRule::Whole if binding.taken.is_empty() => self.schemas.of_message(&input),
            BodyRule::Whole => self.schemas.object(&input, &binding.taken),
            BodyRule::Field(_) => {
                let field = binding.taken.last().and_then(|name| input.get_field_by_name(name))?;
                if field.kind().as_message().is_some_and(|message| message.full_name() == HTTP_BODY)
                {
                    return Some(raw_body());
                }
                self.schemas.of_field(&field)
            }
        };
        let mut content = json!({"application/json": {"schema": schema}});
        if binding.rpc.full_name == login_form::METHOD {
            content["application/x-www-form-urlencoded"] = json!({"schema": {
                "type": "object",
                "properties": {
                    "grant_type": {"type": "string", "const": "password"},
                    "username": {"type": "string"},
                    "password": {"type": "string", "format": "password"},
                },
                "required": ["username", "password"],
            }});
        }
        let is_required = input.fields().any(|field| rules::of(&field).required);
        Some(json!({"required": is_required, "content": content}))
    }

    /// The description's fields and the file, as parts of a form.
    fn upload(&mut self, method: &MethodDescriptor) -> Value {
        let metadata = method.input().fields().find_map(|field| field.kind().as_message().cloned());
        let mut schema = metadata.map_or(json!({"type": "object", "properties": {}}), |metadata| {
            self.schemas.object(&metadata, &["filename".to_owned()])
        });
        schema["properties"]["file"] = json!({
            "type": "string",
            "format": "binary",
            "description": "The file. It must be the last part.",
        });
        schema["required"] = json!(["file"]);
        json!({"required": true, "content": {"multipart/form-data": {"schema": schema}}})
    }

    fn responses(&mut self, binding: &Binding, method: &MethodDescriptor) -> Value {
        if binding.rpc.full_name == oidc_redirect::BEGIN {
            let problem = json!({"$ref": "#/components/responses/Problem"});
            return json!({"302": {"description": "The way to the provider."}, "default": problem});
        }
        let output = method.output();
        let shown = match binding.shown {
            Shown::Whole => None,
            Shown::Field(_) => self.shown_field(binding, method),
        };
        let is_raw = match &shown {
            None => output.full_name() == HTTP_BODY,
            Some(field) => {
                field.kind().as_message().is_some_and(|message| message.full_name() == HTTP_BODY)
            }
        };
        let (schema, description) = match &shown {
            None => (self.schemas.of_message(&output), self.comments.of_message(&output)),
            Some(field) => (self.schemas.of_field(field), self.comments.of_field(field)),
        };
        let content = match &binding.kind {
            _ if is_raw => json!({"*/*": {"schema": {"type": "string", "format": "binary"}}}),
            Kind::Stream(_) => {
                json!({"text/event-stream": {"schema": schema}, "application/x-ndjson": {"schema": schema}})
            }
            Kind::Unary | Kind::Upload(_) => json!({"application/json": {"schema": schema}}),
        };
        let description = if description.is_empty() { "The answer." } else { description };
        let status = if matches!(binding.kind, Kind::Upload(_)) { "202" } else { "200" };
        let mut responses = json!({"default": {"$ref": "#/components/responses/Problem"}});
        if is_raw && matches!(binding.kind, Kind::Stream(_)) {
            let part = json!({"description": "The range that was asked for.", "content": content});
            responses["206"] = part;
            responses["304"] = json!({"description": "The client has this version already."});
        }
        responses[status] = json!({"description": description, "content": content});
        responses
    }

    fn shown_field(
        &self,
        binding: &Binding,
        method: &MethodDescriptor,
    ) -> Option<prost_reflect::FieldDescriptor> {
        let Shown::Field(index) = binding.shown else { return None };
        let declared = method.output().descriptor_proto().field.get(index)?.name().to_owned();
        method.output().get_field_by_name(&declared)
    }
}

/// The path of a binding, with a name for each variable.
fn path(binding: &Binding) -> String {
    let template = &binding.template;
    let mut path = String::new();
    let mut wildcards = wildcards(binding);
    for (index, segment) in template.segments.iter().enumerate() {
        match template.variables.iter().find(|variable| variable.takes(index)) {
            Some(variable) if variable.begins_at(index) => {
                path.push_str(&format!("/{{{}}}", variable.field))
            }
            Some(_) => {}
            None => match segment {
                Segment::Literal(text) => path.push_str(&format!("/{text}")),
                Segment::One | Segment::Rest => {
                    path.push_str(&format!("/{{{}}}", wildcards.next().unwrap_or_default()));
                }
            },
        }
    }
    if let Some(verb) = &template.verb {
        path.push_str(&format!(":{verb}"));
    }
    path
}

/// Names for the wildcards that no variable takes.
fn wildcards(binding: &Binding) -> impl Iterator<Item = String> {
    let template = &binding.template;
    let is_free = |index: usize| !template.variables.iter().any(|variable| variable.takes(index));
    let wild = template
        .segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| !matches!(segment, Segment::Literal(_)));
    let count = wild.filter(|(index, _)| is_free(*index)).count();
    (1..=count).map(|number| format!("wildcard{number}"))
}

fn verb(method: &Method) -> Option<&'static str> {
    Some(match *method {
        Method::GET => "get",
        Method::PUT => "put",
        Method::POST => "post",
        Method::DELETE => "delete",
        Method::PATCH => "patch",
        Method::OPTIONS => "options",
        Method::HEAD => "head",
        Method::TRACE => "trace",
        _ => return None,
    })
}

/// The header by which a client may make the call twice, where the method takes one.
fn idempotency_header(method: &MethodDescriptor) -> Option<Value> {
    let second = match method::of(method).idempotency_key {
        IdempotencyKey::Unspecified => return None,
        IdempotencyKey::Answer => "gets the answer of the first",
        IdempotencyKey::Effect if method.is_server_streaming() => {
            "is told the same answer from its start"
        }
        IdempotencyKey::Effect => "gets what the first one made",
        IdempotencyKey::Secret => "is refused with 409, because the answer is shown once",
    };
    let description = format!(
        "A name for this call, such as a UUID, kept for a day. A second call with the same key and body {second}; \
         with another body it is refused with 422, and with 409 while the first one is under way."
    );
    Some(json!({
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": description,
    }))
}

/// Additional bindings get numbers.
fn unique(known: &mut Map<String, Value>, id: String) -> String {
    let count = known.get(&id).and_then(Value::as_u64).unwrap_or_default() + 1;
    known.insert(id.clone(), count.into());
    if count == 1 { id } else { format!("{id}_{count}") }
}

fn raw_body() -> Value {
    json!({"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}})
}

fn own_paths(settings: &Settings) -> Map<String, Value> {
    let get = |id: &str, summary: &str| {
        json!({"get": {
            "operationId": id,
            "summary": summary,
            "tags": ["Gateway"],
            "security": [],
            "responses": {"200": {
                "description": "A JSON object.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }},
        }})
    };
    let mut paths = Map::new();
    paths.insert(
        "/".to_owned(),
        get("info", "Tells the name, the version and where the documentation is"),
    );
    paths.insert("/health".to_owned(), get("health", "Says that the gateway answers"));
    paths.insert(
        format!("{}/health", settings.api_prefix),
        get("api_health", "Says that the gateway answers"),
    );
    paths.insert("/health/live".to_owned(), get("live", "Says that the gateway answers"));
    let mut ready = get("ready", "Says whether every service that is needed answers");
    ready["get"]["responses"]["503"] = json!({
        "description": "A service does not answer.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    });
    paths.insert("/health/ready".to_owned(), ready);
    paths
}

fn problem_response() -> Value {
    json!({
        "description": "The request was refused, or could not be answered.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "Why there is no other answer, as RFC 9457 says it.",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string", "description": "The meaning of the status."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": {"type": "string", "description": "What happened, for people."},
            "reason": {"type": "string", "description": "What happened, for programs. Absent where the status says it all."},
            "request_id": {"type": "string", "description": "The value of `x-request-id`."},
            "errors": {
                "type": "array",
                "description": "The fields that are to blame.",
                "items": {
                    "type": "object",
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                    "required": ["field", "message"],
                },
            },
        },
        "required": ["type", "title", "status", "detail", "request_id"],
    })
}
