//! The journal of one run: its rows in PostgreSQL, written under its lease.

use std::time::Duration;

use async_trait::async_trait;
use elenchus_durable::{Halt, Journal, Lease, Step, idempotency_key};
use elenchus_rpc::caller::Grant;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use tracing::Instrument;

use super::activity::{Activities, Call, Trouble};
use crate::definition::Kind;
use crate::settings::Retry;
use crate::store::{Begun, Store};

/// Branches of one run that are worked on at once, so that one run does not take all of its peers.
const SIDE_BY_SIDE: usize = 4;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(super) struct RunJournal<'a> {
    pub(super) store: &'a Store,
    pub(super) lease: &'a Lease,
    pub(super) grant: &'a Grant,
    pub(super) activities: &'a Activities,
    pub(super) retry: Retry,
}

#[async_trait]
impl Journal for RunJournal<'_> {
    type Activity = Kind;

    async fn activity(&self, step: Step, kind: Kind) -> Result<Value, Halt> {
        let span = tracing::info_span!("workflow.step", workflow.step = step.path);
        self.perform(step, kind).instrument(span).await
    }

    async fn join<'a>(
        &'a self,
        step: Step,
        parts: i32,
        branches: Vec<BoxFuture<'a, Result<Value, Halt>>>,
    ) -> Result<Value, Halt> {
        if let Begun::Recorded(output) = self.store.begin_step(self.lease, &step, parts).await? {
            return Ok(output);
        }
        let outputs: Vec<Value> =
            stream::iter(branches).buffered(SIDE_BY_SIDE).try_collect().await?;
        let output = Value::Array(outputs);
        self.store.complete_step(self.lease, &step, &output).await?;
        Ok(output)
    }
}

impl RunJournal<'_> {
    async fn perform(&self, step: Step, kind: Kind) -> Result<Value, Halt> {
        loop {
            // Counted before it is tried, so that a step that kills its worker is counted too.
            let attempt = match self.store.begin_step(self.lease, &step, 0).await? {
                Begun::Recorded(output) => return Ok(output),
                Begun::Attempt(attempt) => attempt,
            };
            if attempt > self.retry.attempts {
                let tries = attempt - 1;
                return Err(failed(step, format!("it was tried {tries} times and never ended")));
            }
            match self.activities.perform(kind, &step.input, &self.call(&step)).await {
                Ok(output) => {
                    self.store.complete_step(self.lease, &step, &output).await?;
                    return Ok(output);
                }
                Err(Trouble::Passing(message)) if attempt < self.retry.attempts => {
                    tracing::warn!(attempt, message, "the step is tried again");
                    tokio::time::sleep(self.pause_after(attempt)).await;
                }
                Err(Trouble::Passing(message)) => {
                    return Err(failed(step, format!("{message}; it was tried {attempt} times")));
                }
                Err(Trouble::Permanent(message)) => return Err(failed(step, message)),
            }
        }
    }

    fn call(&self, step: &Step) -> Call {
        Call { grant: self.grant.clone(), key: idempotency_key(self.lease.key(), &step.path) }
    }

    fn pause_after(&self, attempt: i32) -> Duration {
        let doublings = u32::try_from(attempt - 1).unwrap_or(0);
        self.retry.pause.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE)
    }
}

fn failed(step: Step, message: String) -> Halt {
    Halt::Failed { path: step.path, index: step.index, message }
}
