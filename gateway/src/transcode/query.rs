//! Query parameters and path variables to wire format: by field path, in either case of names.

use percent_encoding::percent_decode;

use super::codec::schema::{Arity, Field, Kind, MessageId, Schema, Shape};
use super::codec::wire::{close, open};
use super::codec::{Violation, text};

/// How far a path may lead into messages that hold themselves.
const DEEPEST: usize = 16;

/// A field of a request, possibly inside of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldPath {
    /// The path in proto names.
    pub(crate) name: String,
    /// The numbers of the messages that it stands in.
    outer: Vec<u32>,
    number: u32,
    kind: Kind,
    pub(crate) arity: Arity,
    /// What makes a second value exclude the first, if anything does.
    oneof: Option<usize>,
}

/// Why there is no such field that text could say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoField {
    /// The name leads nowhere.
    #[error("is not known here")]
    Unknown,
    /// It leads into a list or a map.
    #[error("is a list or a map of messages")]
    Many,
    /// It is a message.
    #[error("is an object and must be in the body")]
    Object,
}

impl FieldPath {
    /// Follows a path such as `filters.category` or `filters.documentIds`.
    pub(crate) fn resolve(
        schema: &Schema,
        message: MessageId,
        path: &str,
    ) -> Result<Self, NoField> {
        let (mut message, mut outer, mut name) = (message, Vec::new(), String::new());
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            let descriptor = schema.message(message);
            let index = descriptor.by_name(step).ok_or(NoField::Unknown)?;
            let field: &Field = &descriptor.fields[index];
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&field.name);
            if steps.peek().is_none() {
                return Self::leaf(schema, field, name, outer);
            }
            let inner = field.kind.message();
            message = inner
                .filter(|inner| schema.message(*inner).shape == Shape::Plain)
                .ok_or(NoField::Unknown)?;
            if field.arity != Arity::Singular {
                return Err(NoField::Many);
            }
            outer.push(field.number);
            if outer.len() > DEEPEST {
                return Err(NoField::Unknown);
            }
        }
        Err(NoField::Unknown)
    }

    fn leaf(
        schema: &Schema,
        field: &Field,
        name: String,
        outer: Vec<u32>,
    ) -> Result<Self, NoField> {
        if field.arity == Arity::Map {
            return Err(NoField::Many);
        }
        if !text::can_say(schema, field.kind) {
            return Err(if field.arity == Arity::Repeated {
                NoField::Many
            } else {
                NoField::Object
            });
        }
        let Field { number, kind, arity, oneof, .. } = *field;
        Ok(Self { name, outer, number, kind, arity, oneof })
    }

    /// Appends the field with the value that `text` says.
    pub(crate) fn put(
        &self,
        schema: &Schema,
        text: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), Violation> {
        let starts: Vec<usize> = self.outer.iter().map(|number| open(out, *number)).collect();
        text::put(schema, self.kind, self.number, text, out)
            .map_err(|problem| Violation::new(&self.name, problem))?;
        for start in starts.into_iter().rev() {
            close(out, start);
        }
        Ok(())
    }

    /// Whether both are members of one oneof.
    fn excludes(&self, other: &Self) -> bool {
        self.oneof.is_some() && self.oneof == other.oneof && self.outer == other.outer
    }

    /// Whether the path is `field` or stands inside of it.
    fn is_within(&self, field: &str) -> bool {
        self.name.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// Appends the fields that a query says. `taken` are those that the path or the body says.
pub(crate) fn put_query(
    schema: &Schema,
    message: MessageId,
    query: &str,
    taken: &[&str],
    out: &mut Vec<u8>,
) -> Result<(), Vec<Violation>> {
    let mut violations = Vec::new();
    let mut given: Vec<FieldPath> = Vec::new();
    for (name, value) in pairs(query) {
        let Some((name, value)) = name.zip(value) else {
            violations.push(Violation::new("query", "is not percent-encoded UTF-8"));
            continue;
        };
        let shown = || name.chars().take(100).collect::<String>();
        let field = match FieldPath::resolve(schema, message, &name) {
            Ok(field) if taken.iter().any(|taken| field.is_within(taken)) => Err(NoField::Unknown),
            found => found,
        };
        let field = match field {
            Ok(field) => field,
            Err(problem) => {
                violations.push(Violation::new(shown(), problem.to_string()));
                continue;
            }
        };
        if field.arity == Arity::Singular && given.contains(&field) {
            violations.push(Violation::new(field.name, "is given twice"));
            continue;
        }
        if given.iter().any(|other| other.name != field.name && field.excludes(other)) {
            violations
                .push(Violation::new(field.name, "excludes another parameter that is given too"));
            continue;
        }
        if let Err(violation) = field.put(schema, &value, out) {
            violations.push(violation);
        }
        given.push(field);
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// The pairs of a query or a form, decoded. None where text is not UTF-8.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (Option<String>, Option<String>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> Option<String> {
    let spaced: Vec<u8> = text.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}
