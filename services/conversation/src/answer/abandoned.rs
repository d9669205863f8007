//! Answers whose maker has died are brought to the same end as any other, by whichever process finds
//! them: checked against the whole of their sources, looked up, scored, and told to have broken off.

use std::time::Duration;

use futures_util::future::join_all;

use super::Answers;
use crate::citation::Found;
use crate::domain::Error;
use crate::generation::Failure;
use crate::store::{Abandoned, Ending};

/// Answers that are finished at once.
const AT_ONCE: i64 = 4;
/// How long an answer is ours to finish: longer than all that its check may wait for.
const LEASE: Duration = Duration::from_secs(30);
/// What two processes did not survive is ended unchecked.
const MOST_CHECKS: i32 = 2;

impl Answers {
    /// Finishes the answers whose maker has died. Returns how many there were.
    pub(crate) async fn finish_abandoned(&self) -> Result<usize, Error> {
        let mut count = 0;
        loop {
            let taken = self.store.take_abandoned(AT_ONCE, LEASE).await?;
            if taken.is_empty() {
                return Ok(count);
            }
            let finished =
                join_all(taken.into_iter().map(|abandoned| self.finish(abandoned))).await;
            count += finished.into_iter().filter(|is_finished| *is_finished).count();
        }
    }

    /// Finishes one, unless it is not ours any more.
    async fn finish(&self, abandoned: Abandoned) -> bool {
        let found = match abandoned.attempt {
            ..=MOST_CHECKS => self.check(&abandoned).await,
            _ => Found::default(),
        };
        let ending = Ending {
            status: abandoned.shown.status(),
            content: abandoned.shown.content.clone(),
            citations: found.citations,
            report: found.report,
            usage: abandoned.shown.usage(),
            failure: Some(Failure::INTERRUPTED),
            last_seq: abandoned.shown.last_seq,
            duration: abandoned.age,
            scored_trace: abandoned.handover.scored_trace.clone(),
        };
        self.store.end_abandoned(&abandoned, &ending).await.unwrap_or_else(|error| {
            // Found again once the lease has ended.
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "an abandoned answer was not ended");
            false
        })
    }

    async fn check(&self, abandoned: &Abandoned) -> Found {
        let checking = self.checking(abandoned.handover.leave.clone(), abandoned.sources.clone());
        checking.check(&abandoned.shown.content, &abandoned.shown.passages).await
    }
}
