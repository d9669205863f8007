//! Runs, their steps and what happens in them.

use std::fmt;

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use serde_json::Value;
use uuid::Uuid;

use super::Error;

/// Where a run or a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not begun.
    Pending,
    /// Begun.
    Running,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// Ended by its owner, or with the run that it belongs to.
    Cancelled,
}

impl Status {
    const ALL: [Self; 5] =
        [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The word on the wire and in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    pub(crate) fn parse(word: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| Error::UnknownStatus(word.to_owned()))
    }

    /// Whether nothing can follow.
    pub(crate) fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Completed | Self::Failed | Self::Cancelled => true,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A run's name, unique among the runs of its owner: the client's, or the run's own id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExecutionId(String);

impl ExecutionId {
    const MAX_CHARS: usize = 200;

    /// The name that the client gave. None when it gave none.
    pub(crate) fn parse(raw: &str) -> Result<Option<Self>, Error> {
        let (name, max) = (raw.trim(), Self::MAX_CHARS);
        match name.chars().count() {
            0 => Ok(None),
            chars if chars > max => Err(Error::TooLong { field: "execution_id", max, chars }),
            _ if name.contains('\0') => Err(Error::Nul { field: "execution_id" }),
            _ => Ok(Some(Self(name.to_owned()))),
        }
    }

    /// The name of a run whose client gave none.
    pub(crate) fn of(run: Uuid) -> Self {
        Self(run.to_string())
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A run to be started.
pub(crate) struct NewExecution {
    /// The run.
    pub(crate) id: Uuid,
    /// Who starts it.
    pub(crate) user_id: UserId,
    /// Its name.
    pub(crate) execution_id: ExecutionId,
    /// What it is started with; fits the template's input schema.
    pub(crate) input: Value,
    /// The trace that the client gave.
    pub(crate) trace_id: String,
    /// Leave to act for its owner.
    pub(crate) grant: String,
}

/// A run as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    /// The run.
    pub(crate) id: Uuid,
    /// Its owner.
    pub(crate) user_id: UserId,
    /// Its name.
    pub(crate) execution_id: String,
    /// The template.
    pub(crate) template_id: Uuid,
    /// The template's name.
    pub(crate) template_name: String,
    /// Where it stands.
    pub(crate) status: Status,
    /// What it was started with.
    pub(crate) input: Value,
    /// What it gave.
    pub(crate) output: Option<Value>,
    /// Steps that are done.
    pub(crate) current_step: i32,
    /// Steps in all.
    pub(crate) total_steps: i32,
    /// 0 to 100.
    pub(crate) progress_percentage: f64,
    /// Why it failed.
    pub(crate) error_message: String,
    /// The index of the step that failed.
    pub(crate) error_step: Option<i32>,
    /// The trace that the client gave.
    pub(crate) trace_id: String,
    /// When its first step began.
    pub(crate) started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub(crate) completed_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub(crate) created_at: DateTime<Utc>,
    /// When it last changed.
    pub(crate) updated_at: DateTime<Utc>,
}

/// A step of a run as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The step.
    pub(crate) id: Uuid,
    /// Its name in the template.
    pub(crate) name: String,
    /// Its place, from 0.
    pub(crate) index: i32,
    /// Its kind.
    pub(crate) kind: String,
    /// Where it stands.
    pub(crate) status: Status,
    /// What it was given.
    pub(crate) input: Option<Value>,
    /// What it gave.
    pub(crate) output: Option<Value>,
    /// Why it failed.
    pub(crate) error_message: String,
    /// How often it was tried.
    pub(crate) attempts: i32,
    /// When it began.
    pub(crate) started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub(crate) completed_at: Option<DateTime<Utc>>,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// Its number in the run, from 1.
    pub(crate) seq: i32,
    /// Such as `step.completed`.
    pub(crate) kind: String,
    /// Where the run stood then.
    pub(crate) status: Status,
    /// The step's path. Empty when it is about the run.
    pub(crate) step_name: String,
    /// The step's place.
    pub(crate) step_index: Option<i32>,
    /// 0 to 100.
    pub(crate) progress_percentage: f64,
    /// Why something failed.
    pub(crate) error_message: String,
}
