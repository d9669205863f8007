//! What a method's `google.api.http` option says, read from the descriptor.

use http::Method;
use prost_reflect::{DynamicMessage, MethodDescriptor, ReflectMessage, Value};

/// One way to reach a method over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) method: Method,
    pub(crate) template: String,
    /// `*`, the name of a field, or nothing.
    pub(crate) body: String,
    pub(crate) response_body: String,
}

/// Why a rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRule {
    /// There is no path.
    #[error("the rule has no path")]
    NoPath,
    /// The kind of a custom pattern is no HTTP method.
    #[error("{0:?} is no HTTP method")]
    NoMethod(String),
    /// google.api.http allows one level only.
    #[error("an additional binding has additional bindings")]
    Nested,
}

/// The rules of a method: its own, then its additional bindings.
pub(crate) fn rules(method: &MethodDescriptor) -> Result<Vec<Rule>, BadRule> {
    let Some(extension) = method.parent_pool().get_extension_by_name("google.api.http") else {
        return Ok(Vec::new());
    };
    let options = method.options();
    if !options.has_extension(&extension) {
        return Ok(Vec::new());
    }
    let option = options.get_extension(&extension);
    let Some(rule) = option.as_message() else { return Ok(Vec::new()) };
    let mut rules = vec![read(rule)?];
    for additional in additional_bindings(rule) {
        if !additional_bindings(&additional).is_empty() {
            return Err(BadRule::Nested);
        }
        rules.push(read(&additional)?);
    }
    Ok(rules)
}

fn additional_bindings(rule: &DynamicMessage) -> Vec<DynamicMessage> {
    let Some(value) = rule.get_field_by_name("additional_bindings") else { return Vec::new() };
    value.as_list().unwrap_or_default().iter().filter_map(Value::as_message).cloned().collect()
}

fn read(rule: &DynamicMessage) -> Result<Rule, BadRule> {
    let (method, template) = pattern(rule)?;
    Ok(Rule {
        method,
        template,
        body: text(rule, "body"),
        response_body: text(rule, "response_body"),
    })
}

fn pattern(rule: &DynamicMessage) -> Result<(Method, String), BadRule> {
    for (name, method) in [
        ("get", Method::GET),
        ("put", Method::PUT),
        ("post", Method::POST),
        ("delete", Method::DELETE),
        ("patch", Method::PATCH),
    ] {
        let path = text(rule, name);
        if !path.is_empty() {
            return Ok((method, path));
        }
    }
    let has_custom =
        rule.descriptor().get_field_by_name("custom").is_some_and(|field| rule.has_field(&field));
    let custom = rule.get_field_by_name("custom").filter(|_| has_custom).ok_or(BadRule::NoPath)?;
    let custom = custom.as_message().ok_or(BadRule::NoPath)?;
    let kind = text(custom, "kind");
    let method = Method::from_bytes(kind.as_bytes()).map_err(|_| BadRule::NoMethod(kind))?;
    Ok((method, text(custom, "path")))
}

fn text(message: &DynamicMessage, name: &str) -> String {
    message
        .get_field_by_name(name)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
