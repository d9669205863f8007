//! JSON in which strings may be computed. A string that is one `{{ … }}` becomes the value of the
//! expression, whatever its type; any other string is rendered as text.

use std::collections::HashSet;
use std::sync::LazyLock;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value as Computed};
use serde_json::{Map, Value};

/// Instructions that one expression may take: far more than any needs, far less than a second.
const FUEL: u64 = 200_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // A name that is misspelt is an error and not an empty string.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
});

/// A value that is computed from a run's input and earlier outputs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Expression(String),
    Text(String),
    List(Vec<Shape>),
    Object(Vec<(String, Shape)>),
}

impl Shape {
    /// Reads a value, and checks the syntax of what is computed.
    pub(crate) fn parse(value: &Value) -> Result<Self, minijinja::Error> {
        Ok(Self(match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Node::Literal(value.clone()),
            Value::String(text) => return Self::parse_text(text),
            Value::Array(values) => {
                Node::List(values.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Value::Object(object) => Node::Object(
                object
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), Self::parse(value)?)))
                    .collect::<Result<_, minijinja::Error>>()?,
            ),
        }))
    }

    fn parse_text(text: &str) -> Result<Self, minijinja::Error> {
        if let Some(expression) = sole_expression(text) {
            ENVIRONMENT.compile_expression(expression)?;
            return Ok(Self(Node::Expression(expression.to_owned())));
        }
        ENVIRONMENT.template_from_str(text)?;
        let is_computed = text.contains("{{") || text.contains("{%");
        Ok(Self(if is_computed {
            Node::Text(text.to_owned())
        } else {
            Node::Literal(Value::String(text.to_owned()))
        }))
    }

    /// The value, computed from `context`.
    pub(crate) fn resolve(&self, context: &Computed) -> Result<Value, minijinja::Error> {
        match &self.0 {
            Node::Literal(value) => Ok(value.clone()),
            Node::Expression(expression) => {
                let value = ENVIRONMENT.compile_expression(expression)?.eval(context.clone())?;
                if value.is_undefined() {
                    let problem = format!("{expression:?} has no value");
                    return Err(minijinja::Error::new(ErrorKind::UndefinedError, problem));
                }
                serde_json::to_value(value).map_err(|error| {
                    minijinja::Error::new(ErrorKind::BadSerialization, error.to_string())
                })
            }
            Node::Text(text) => {
                Ok(Value::String(ENVIRONMENT.template_from_str(text)?.render(context.clone())?))
            }
            Node::List(shapes) => shapes.iter().map(|shape| shape.resolve(context)).collect(),
            Node::Object(members) => members
                .iter()
                .map(|(name, shape)| Ok((name.clone(), shape.resolve(context)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        }
    }

    /// The names that it reads, such as `steps.find.passages`.
    pub(crate) fn reads(&self) -> HashSet<String> {
        match &self.0 {
            Node::Literal(_) => HashSet::new(),
            Node::Expression(expression) => ENVIRONMENT
                .compile_expression(expression)
                .map(|expression| expression.undeclared_variables(true))
                .unwrap_or_default(),
            Node::Text(text) => ENVIRONMENT
                .template_from_str(text)
                .map(|template| template.undeclared_variables(true))
                .unwrap_or_default(),
            Node::List(shapes) => shapes.iter().flat_map(Self::reads).collect(),
            Node::Object(members) => members.iter().flat_map(|(_, shape)| shape.reads()).collect(),
        }
    }
}

/// What stands between the braces, when there is nothing else.
fn sole_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then(|| inner.trim())
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;
    use serde_json::json;

    use super::*;

    fn resolve(shape: Value) -> Result<Value, String> {
        let context = json!({"input": {"ids": ["a", "b"], "n": 2}, "values": {}});
        Shape::parse(&shape)
            .and_then(|shape| shape.resolve(&Computed::from(Serde(context))))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_expression_keeps_its_type_and_text_is_rendered() {
        let shape =
            json!({"ids": "{{ input.ids }}", "text": "{{ input.n }} of {{ input.n }}", "n": 3});
        let value = json!({"ids": ["a", "b"], "text": "2 of 2", "n": 3});
        assert_eq!(resolve(shape), Ok(value));
        assert_eq!(resolve(json!("{{ input.absent | default('x') }}")), Ok(json!("x")));
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        assert!(resolve(json!("{{ input.absent }}")).is_err());
        assert!(resolve(json!("so: {{ input.absent }}")).is_err());
        assert!(resolve(json!("{{ input. }}")).is_err());
        assert!(resolve(json!("{% for x in %}")).is_err());
    }

    #[test]
    fn endless_work_is_cut_off() {
        let many = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert!(resolve(json!(many)).is_err());
    }
}
