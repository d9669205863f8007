//! What a workflow does, parsed and checked: afterwards a definition can be run without surprises of
//! its own making.

mod check;
mod shape;

use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) use self::check::Problem;
pub(crate) use self::shape::Shape;

/// The steps of a workflow, and values that they share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    /// Read by the steps as `values`.
    pub(crate) values: Map<String, Value>,
    /// In order. The last one is a report.
    pub(crate) steps: Vec<Step>,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// Unique in the definition; later steps read the output as `steps.<name>`.
    pub(crate) name: String,
    /// What it does.
    pub(crate) action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// One activity.
    Activity {
        /// Which.
        kind: Kind,
        /// With what.
        with: Shape,
    },
    /// The same steps for every item of a list, side by side. Gives the list of the last step's outputs.
    Map {
        /// The list.
        over: Shape,
        /// What the steps call the item.
        binding: String,
        /// Activities, in order.
        steps: Vec<Part>,
    },
}

/// A step of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// Unique in the definition.
    pub(crate) name: String,
    /// The activity.
    pub(crate) kind: Kind,
    /// With what.
    pub(crate) with: Shape,
}

/// An activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Looks documents up, and waits until their text has been read.
    Documents,
    /// Finds passages.
    Search,
    /// Asks the model to answer from passages.
    AiQuery,
    /// Shapes earlier outputs.
    Collect,
    /// Makes the output of the run.
    Report,
}

impl Kind {
    /// The word in definitions and in `step_type`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Search => "search",
            Self::AiQuery => "ai_query",
            Self::Collect => "collect",
            Self::Report => "report",
        }
    }
}

/// The word of a map in definitions and in `step_type`.
pub(crate) const MAP: &str = "map";

impl Step {
    /// The word for what it does.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.action {
            Action::Activity { kind, .. } => kind.as_str(),
            Action::Map { .. } => MAP,
        }
    }
}

impl Definition {
    /// Reads and checks a definition.
    pub(crate) fn parse(value: &Value) -> Result<Self, Problem> {
        let raw = Raw::deserialize(value).map_err(|error| Problem::Shape(error.to_string()))?;
        let steps = raw.steps.into_iter().map(Step::try_from).collect::<Result<_, _>>()?;
        let definition = Self { values: raw.values, steps };
        check::check(&definition)?;
        Ok(definition)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    values: Map<String, Value>,
    steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum RawStep {
    Documents { name: String, with: Value },
    Search { name: String, with: Value },
    AiQuery { name: String, with: Value },
    Collect { name: String, with: Value },
    Report { name: String, with: Value },
    Map { name: String, over: Value, r#as: String, steps: Vec<RawStep> },
}

impl TryFrom<RawStep> for Step {
    type Error = Problem;

    fn try_from(raw: RawStep) -> Result<Self, Problem> {
        let (kind, name, with) = match raw {
            RawStep::Map { name, over, r#as: binding, steps } => {
                let over = shape(&name, &over)?;
                let steps =
                    steps.into_iter().map(|step| part(&name, step)).collect::<Result<_, _>>()?;
                return Ok(Self { name, action: Action::Map { over, binding, steps } });
            }
            RawStep::Documents { name, with } => (Kind::Documents, name, with),
            RawStep::Search { name, with } => (Kind::Search, name, with),
            RawStep::AiQuery { name, with } => (Kind::AiQuery, name, with),
            RawStep::Collect { name, with } => (Kind::Collect, name, with),
            RawStep::Report { name, with } => (Kind::Report, name, with),
        };
        let with = shape(&name, &with)?;
        Ok(Self { name, action: Action::Activity { kind, with } })
    }
}

fn part(map: &str, raw: RawStep) -> Result<Part, Problem> {
    let step = Step::try_from(raw)?;
    match step.action {
        Action::Activity { kind, with } => Ok(Part { name: step.name, kind, with }),
        Action::Map { .. } => Err(Problem::Step {
            step: map.to_owned(),
            problem: format!("{:?} is a map within a map", step.name),
        }),
    }
}

fn shape(step: &str, value: &Value) -> Result<Shape, Problem> {
    Shape::parse(value)
        .map_err(|error| Problem::Step { step: step.to_owned(), problem: format!("{error:#}") })
}
