//! The rules that a definition keeps beyond its syntax.

use std::collections::BTreeSet;

use super::{Action, Definition, Kind, Shape};

/// Keeps paths such as `review/map[3]/find` unambiguous.
const NAME: &str = "a lower-case word of letters, digits and underscores";

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// Not of the form that a definition has.
    #[error("the definition has the wrong form: {0}")]
    Shape(String),
    /// It does nothing.
    #[error("the definition has no steps")]
    NoSteps,
    /// The output of a run would not be a report.
    #[error("the last step, {0:?}, is not a report")]
    NoReport(String),
    /// A step breaks a rule.
    #[error("step {step:?}: {problem}")]
    Step {
        /// The step.
        step: String,
        /// What is wrong with it.
        problem: String,
    },
}

pub(super) fn check(definition: &Definition) -> Result<(), Problem> {
    let last = definition.steps.last().ok_or(Problem::NoSteps)?;
    if last.kind() != Kind::Report.as_str() {
        return Err(Problem::NoReport(last.name.clone()));
    }
    let mut names = BTreeSet::new();
    // What a step may read: the outputs of the steps before it.
    let mut known = BTreeSet::new();
    for step in &definition.steps {
        check_name(&mut names, &step.name)?;
        match &step.action {
            Action::Activity { with, .. } => check_reads(&step.name, with, None, &known)?,
            Action::Map { over, binding, steps } => {
                check_reads(&step.name, over, None, &known)?;
                check_binding(&step.name, binding)?;
                if steps.is_empty() {
                    return Err(wrong(&step.name, "a map without steps"));
                }
                let mut known = known.clone();
                for part in steps {
                    check_name(&mut names, &part.name)?;
                    check_reads(&part.name, &part.with, Some(binding), &known)?;
                    known.insert(part.name.clone());
                }
            }
        }
        known.insert(step.name.clone());
    }
    Ok(())
}

fn check_name(names: &mut BTreeSet<String>, name: &str) -> Result<(), Problem> {
    if !is_word(name) {
        return Err(wrong(name, format!("its name is not {NAME}")));
    }
    if !names.insert(name.to_owned()) {
        return Err(wrong(name, "another step has the same name"));
    }
    Ok(())
}

fn check_binding(step: &str, binding: &str) -> Result<(), Problem> {
    if !is_word(binding) || ["input", "values", "steps"].contains(&binding) {
        return Err(wrong(step, format!("an item cannot be called {binding:?}")));
    }
    Ok(())
}

fn check_reads(
    step: &str,
    shape: &Shape,
    item: Option<&str>,
    known: &BTreeSet<String>,
) -> Result<(), Problem> {
    for read in shape.reads() {
        let mut names = read.split('.');
        let root = names.next().unwrap_or_default();
        match (root, names.next()) {
            ("steps", Some(earlier)) if !known.contains(earlier) => {
                return Err(wrong(step, format!("{earlier:?} is not a step before it")));
            }
            ("input" | "values" | "steps", _) => {}
            (root, _) if Some(root) == item => {}
            (root, _) => return Err(wrong(step, format!("{root:?} is not known here"))),
        }
    }
    Ok(())
}

fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn wrong(step: &str, problem: impl Into<String>) -> Problem {
    Problem::Step { step: step.to_owned(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problem(steps: Value) -> String {
        Definition::parse(&json!({ "steps": steps })).unwrap_err().to_string()
    }

    fn report() -> Value {
        json!({"name": "report", "type": "report", "with": {"title": "{{ steps.find }}"}})
    }

    #[test]
    fn a_wrong_definition_is_refused_with_its_step() {
        let search = json!({"name": "find", "type": "search", "with": {"query": "{{ input.q }}"}});
        assert!(Definition::parse(&json!({"steps": [search, report()]})).is_ok());

        assert_eq!(problem(json!([])), "the definition has no steps");
        assert_eq!(problem(json!([search])), r#"the last step, "find", is not a report"#);
        assert_eq!(problem(json!([report()])), r#"step "report": "find" is not a step before it"#);
        let twice = problem(json!([search, search, report()]));
        assert_eq!(twice, r#"step "find": another step has the same name"#);

        let typo = json!({"name": "find", "type": "search", "with": {"query": "{{ inptu.q }}"}});
        assert_eq!(problem(json!([typo, report()])), r#"step "find": "inptu" is not known here"#);
        let named = json!({"name": "Find it", "type": "search", "with": {}});
        assert!(problem(json!([named, report()])).contains("lower-case"));
        let email = json!({"name": "find", "type": "email", "with": {}});
        assert!(problem(json!([email, report()])).contains("email"));
        let syntax = json!({"name": "find", "type": "search", "with": {"query": "{{ input. }}"}});
        assert!(problem(json!([syntax, report()])).starts_with(r#"step "find": "#));
    }

    #[test]
    fn the_item_of_a_map_is_known_in_its_steps_only() {
        let inner = json!({"name": "inner", "type": "search", "with": {"query": "{{ topic.q }}"}});
        let map = json!({"name": "find", "type": "map", "over": "{{ values }}", "as": "topic", "steps": [inner]});
        assert!(Definition::parse(&json!({"steps": [map, report()]})).is_ok());

        let outside = json!({"name": "report", "type": "report", "with": {"title": "{{ topic }}"}});
        assert_eq!(problem(json!([map, outside])), r#"step "report": "topic" is not known here"#);
        let nested = json!({"name": "outer", "type": "map", "over": [], "as": "x", "steps": [map]});
        assert_eq!(
            problem(json!([nested, report()])),
            r#"step "outer": "find" is a map within a map"#
        );
    }
}
