//! What workflows are about: templates, runs and their steps. Knows no tonic and no SQL.

mod error;
mod execution;
mod template;

pub(crate) use self::error::Error;
pub(crate) use self::execution::{Event, Execution, ExecutionId, NewExecution, Status, Step};
pub(crate) use self::template::{Pinned, Template};
