//! Working on runs: what a worker does with a run that it has leased.

mod activity;
mod interpret;
mod journal;
mod passage;
mod report;

use async_trait::async_trait;
use elenchus_durable::{Failure, Halt, Handler, Lease};

pub(crate) use self::activity::Activities;
use self::interpret::interpret;
use self::journal::RunJournal;
use crate::definition::Definition;
use crate::settings::Retry;
use crate::store::Store;

/// Runs what is due.
pub(crate) struct Runner {
    /// Where runs are kept.
    pub(crate) store: Store,
    /// What steps can do.
    pub(crate) activities: Activities,
    /// How steps are tried again.
    pub(crate) retry: Retry,
}

#[async_trait]
impl Handler for Runner {
    async fn run(&self, lease: &Lease) -> Result<(), Failure> {
        let run = self.store.take_up(lease).await?;
        let definition = match Definition::parse(&run.definition) {
            Ok(definition) => definition,
            Err(problem) => {
                tracing::error!(%problem, "a stored definition cannot be read");
                let message = "this version of the service cannot read the workflow's definition";
                return Ok(self.store.fail(lease, None, None, message).await?);
            }
        };
        let grant = match &run.grant {
            Ok(grant) => grant,
            Err(lacking) => {
                return Ok(self.store.fail(lease, None, None, &lacking.to_string()).await?);
            }
        };
        let journal = RunJournal {
            store: &self.store,
            lease,
            grant,
            activities: &self.activities,
            retry: self.retry,
        };
        match interpret(&definition, &run.input, &journal).await {
            Ok(output) => Ok(self.store.complete(lease, &output).await?),
            Err(Halt::Failed { path, index, message }) => {
                tracing::info!(workflow.step = path, message, "the run failed");
                Ok(self.store.fail(lease, Some(&path), Some(index), &message).await?)
            }
            Err(Halt::Lost) => Err(Failure::Lost),
            Err(Halt::Interrupted(error)) => Err(error.into()),
        }
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), Failure> {
        let tries = lease.attempt();
        let message = format!("the run was given up after {tries} tries without any progress");
        Ok(self.store.fail(lease, None, None, &message).await?)
    }
}
