//! What workflows are about: templates, runs and their steps. Knows no tonic and no SQL.

mod error;
mod execution;
mod template;

pub use self::error::Error;
pub use self::execution::{Event, Execution, ExecutionId, NewExecution, Status, Step};
pub use self::template::{Pinned, Template};
