//! A definition, carried out step by step over a journal. Nothing here has an effect or remembers:
//! interpreted again from the beginning, it comes to the same steps under the same paths.

use elenchus_durable::{Halt, Journal, Step};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use minijinja::value::{Serde, Value as Computed};
use serde_json::{Map, Value, json};

use crate::definition::{Action, Definition, Kind, MAP, Part, Shape};

/// Items of one map. More than a person would want to read about.
const MOST_ITEMS: usize = 200;

/// What expressions can read.
#[derive(Clone)]
struct Scope<'a> {
    input: &'a Value,
    values: &'a Map<String, Value>,
    steps: Map<String, Value>,
    item: Option<(&'a str, Value)>,
}

impl Scope<'_> {
    fn context(&self) -> Computed {
        let mut context = Map::new();
        if let Some((binding, item)) = &self.item {
            context.insert((*binding).to_owned(), item.clone());
        }
        context.insert("input".to_owned(), self.input.clone());
        context.insert("values".to_owned(), Value::Object(self.values.clone()));
        context.insert("steps".to_owned(), Value::Object(self.steps.clone()));
        Computed::from(Serde(context))
    }
}

/// Carries out a definition and returns the output of its last step.
pub(super) async fn interpret<J: Journal<Activity = Kind>>(
    definition: &Definition,
    input: &Value,
    journal: &J,
) -> Result<Value, Halt> {
    let steps = Map::new();
    let mut scope = Scope { input, values: &definition.values, steps, item: None };
    let mut output = Value::Null;
    for (index, step) in (0..).zip(&definition.steps) {
        let place = Place { path: step.name.clone(), name: &step.name, index };
        output = match &step.action {
            Action::Activity { kind, with } => {
                activity(journal, place, *kind, with, &scope).await?
            }
            Action::Map { over, binding, steps } => {
                map(journal, place, over, binding, steps, &scope).await?
            }
        };
        scope.steps.insert(step.name.clone(), output.clone());
    }
    Ok(output)
}

/// Where a step stands.
struct Place<'a> {
    path: String,
    name: &'a str,
    index: i32,
}

impl Place<'_> {
    fn step(self, kind: &'static str, input: Value) -> Step {
        Step { path: self.path, name: self.name.to_owned(), index: self.index, kind, input }
    }

    fn resolve(&self, shape: &Shape, scope: &Scope<'_>) -> Result<Value, Halt> {
        shape
            .resolve(&scope.context())
            .map_err(|error| self.fail(format!("its input cannot be computed: {error:#}")))
    }

    fn fail(&self, message: String) -> Halt {
        Halt::Failed { path: self.path.clone(), index: self.index, message }
    }
}

async fn activity<J: Journal<Activity = Kind>>(
    journal: &J,
    place: Place<'_>,
    kind: Kind,
    with: &Shape,
    scope: &Scope<'_>,
) -> Result<Value, Halt> {
    let input = place.resolve(with, scope)?;
    journal.activity(place.step(kind.as_str(), input), kind).await
}

async fn map<J: Journal<Activity = Kind>>(
    journal: &J,
    place: Place<'_>,
    over: &Shape,
    binding: &str,
    parts: &[Part],
    scope: &Scope<'_>,
) -> Result<Value, Halt> {
    let list = place.resolve(over, scope)?;
    let Value::Array(items) = list else {
        return Err(place.fail(format!("{list} is not a list")));
    };
    if items.len() > MOST_ITEMS {
        return Err(place.fail(format!("{} items are more than {MOST_ITEMS}", items.len())));
    }
    let branches: Vec<BoxFuture<'_, _>> = items
        .iter()
        .enumerate()
        .map(|(number, item)| {
            let scope = Scope { item: Some((binding, item.clone())), ..scope.clone() };
            let path = format!("{}/{MAP}[{number}]", place.name);
            branch(journal, path, place.index, parts, scope).boxed()
        })
        .collect();
    let part_count = i32::try_from(items.len() * parts.len()).unwrap_or(i32::MAX);
    journal.join(place.step(MAP, json!({ "items": items })), part_count, branches).await
}

/// The steps for one item, in order; gives the output of the last one.
async fn branch<J: Journal<Activity = Kind>>(
    journal: &J,
    path: String,
    index: i32,
    parts: &[Part],
    mut scope: Scope<'_>,
) -> Result<Value, Halt> {
    let mut output = Value::Null;
    for part in parts {
        let place = Place { path: format!("{path}/{}", part.name), name: &part.name, index };
        output = activity(journal, place, part.kind, &part.with, &scope).await?;
        scope.steps.insert(part.name.clone(), output.clone());
    }
    Ok(output)
}
