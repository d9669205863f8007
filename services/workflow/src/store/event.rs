//! What happened in a run, for those who watch it. The table is the truth; a notice only says to look.

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Store;
use crate::domain::{Error, Event, Status};

/// The channel on which `<run>:<seq>` is said for every event.
pub(crate) const EVENTS: &str = "workflow_event";

/// Events read at once.
const MOST: i64 = 200;

/// What an event says beside the run's own status and progress.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    /// Such as `step.completed`.
    pub(crate) kind: &'static str,
    /// The path and the index of the step that it is about.
    pub(crate) step: Option<(&'a str, i32)>,
    /// Why something failed.
    pub(crate) error_message: &'a str,
}

#[derive(FromRow)]
struct EventRow {
    seq: i32,
    r#type: String,
    status: String,
    step_name: String,
    step_index: Option<i32>,
    progress_percentage: f64,
    error_message: String,
}

impl TryFrom<EventRow> for Event {
    type Error = Error;

    fn try_from(row: EventRow) -> Result<Self, Error> {
        Ok(Self {
            seq: row.seq,
            kind: row.r#type,
            status: Status::parse(&row.status)?,
            step_name: row.step_name,
            step_index: row.step_index,
            progress_percentage: row.progress_percentage,
            error_message: row.error_message,
        })
    }
}

/// Adds an event in the transaction of the change that it tells of. Locks the run's row, so that
/// numbers have no gaps and are committed in order.
pub(super) async fn tell(
    tx: &mut PgConnection,
    run: Uuid,
    told: Told<'_>,
) -> Result<(), sqlx::Error> {
    let (step_name, step_index) = told.step.unzip();
    sqlx::query(
        "WITH numbered AS (
             UPDATE workflow_execution SET last_seq = last_seq + 1, updated_at = now()
             WHERE workflow_execution_id = $1
             RETURNING last_seq, status),
         event AS (
             INSERT INTO workflow_event (workflow_execution_id, seq, type, status, step_name, step_index,
                                         error_message, progress_percentage)
             SELECT $1, last_seq, $2, status, $3, $4, $5,
                    (SELECT progress_percentage FROM workflow_progress WHERE workflow_execution_id = $1)
             FROM numbered
             RETURNING seq)
         SELECT pg_notify($6, $1::text || ':' || seq) FROM event",
    )
    .bind(run)
    .bind(told.kind)
    .bind(step_name.unwrap_or_default())
    .bind(step_index)
    .bind(told.error_message)
    .bind(EVENTS)
    .execute(tx)
    .await?;
    Ok(())
}

impl Store {
    /// The run that its owner calls so, and whether it has ended.
    pub(crate) async fn watched(
        &self,
        owner: UserId,
        execution_id: &str,
    ) -> Result<Option<Uuid>, Error> {
        Ok(sqlx::query_scalar(
            "SELECT workflow_execution_id FROM workflow_execution WHERE user_id = $1 AND execution_id = $2",
        )
        .bind(owner.0)
        .bind(execution_id)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// The next events after `seq`, and whether the run has ended.
    pub(crate) async fn events_after(
        &self,
        run: Uuid,
        seq: i32,
    ) -> Result<(Vec<Event>, bool), Error> {
        // Asked first: events that came with the end are then surely seen below.
        let completed_at: Option<DateTime<Utc>> = sqlx::query_scalar(
            "SELECT completed_at FROM workflow_execution WHERE workflow_execution_id = $1",
        )
        .bind(run)
        .fetch_one(&self.pool)
        .await?;
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT seq, type, status, step_name, step_index, progress_percentage, error_message
             FROM workflow_event WHERE workflow_execution_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        )
        .bind(run)
        .bind(seq)
        .bind(MOST)
        .fetch_all(&self.pool)
        .await?;
        let events = rows.into_iter().map(Event::try_from).collect::<Result<_, _>>()?;
        Ok((events, completed_at.is_some()))
    }
}
