//! The seam between a workflow's interpreter and what remembers its steps. The interpreter may run
//! again from the beginning at any time; a step that is recorded answers from its record.

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A step as the interpreter reaches it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its place in the run, such as `review/map[3]/find`. Unique in the run and the same every time.
    pub path: String,
    /// Its name in the workflow.
    pub name: String,
    /// The place, from 0, of the top-level step that it is or belongs to.
    pub index: i32,
    /// What is done, such as `search`.
    pub kind: &'static str,
    /// With what.
    pub input: Value,
}

/// Why a run stops here.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Another worker has the run, or it was cancelled.
    #[error("the run is no longer ours")]
    Lost,
    /// The journal cannot be written now; the run goes on later.
    #[error("the journal cannot be written")]
    Interrupted(#[source] sqlx::Error),
    /// A step failed for good. The message is for people.
    #[error("step {path}: {message}")]
    Failed {
        /// The step.
        path: String,
        /// The place of the top-level step.
        index: i32,
        /// Why.
        message: String,
    },
}

impl From<crate::Error> for Halt {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Lost => Self::Lost,
            crate::Error::Store(error) => Self::Interrupted(error),
        }
    }
}

impl From<sqlx::Error> for Halt {
    fn from(error: sqlx::Error) -> Self {
        Self::Interrupted(error)
    }
}

/// One run's memory, and the only way by which it has effects.
#[async_trait]
pub trait Journal: Send + Sync {
    /// What a step can do.
    type Activity: Send;

    /// Does a step and records its output, or returns what is recorded.
    async fn activity(&self, step: Step, activity: Self::Activity) -> Result<Value, Halt>;

    /// Runs branches side by side and records the list of their outputs as the step's, or returns
    /// what is recorded. `parts` is the number of activities in all branches.
    async fn join<'a>(
        &'a self,
        step: Step,
        parts: i32,
        branches: Vec<BoxFuture<'a, Result<Value, Halt>>>,
    ) -> Result<Value, Halt>;
}

/// The key under which an effect outside is made: the same for every try of one step of one run.
pub fn idempotency_key(execution: Uuid, path: &str) -> String {
    let digest = Sha256::new_with_prefix(execution.as_bytes()).chain_update(path).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
