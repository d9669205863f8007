//! Runs as those see them who work on them: every write begins by holding the lease, so that nothing
//! is recorded for a run that was cancelled or went to another worker.

use elenchus_durable::{Lease, Step};
use elenchus_proto::pb::analytics::v1::WorkflowEnded;
use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_rpc::UserId;
use elenchus_rpc::caller::Grant;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Store;
use super::event::{Told, tell};
use super::grant::NoGrant;
use crate::domain::Status;

type Result<T, E = elenchus_durable::Error> = std::result::Result<T, E>;

/// What a worker needs to know of a run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// Leave to act for its owner.
    pub(crate) grant: Result<Grant, NoGrant>,
    /// The steps of the version that it took.
    pub(crate) definition: Value,
    /// What it was started with.
    pub(crate) input: Value,
}

/// How a step begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Begun {
    /// It is to be tried, for the so-many-eth time.
    Attempt(i32),
    /// It was done before, with this output.
    Recorded(Value),
}

/// How a run ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum End<'a> {
    Completed(&'a Value),
    Failed { path: Option<&'a str>, index: Option<i32>, message: &'a str },
    Cancelled,
}

impl End<'_> {
    fn status(self) -> Status {
        match self {
            Self::Completed(_) => Status::Completed,
            Self::Failed { .. } => Status::Failed,
            Self::Cancelled => Status::Cancelled,
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::Completed(_) => "execution.completed",
            Self::Failed { .. } => "execution.failed",
            Self::Cancelled => "execution.cancelled",
        }
    }
}

impl Store {
    /// Takes up a run, for the first time or again.
    pub(crate) async fn take_up(&self, lease: &Lease) -> Result<Run> {
        let mut tx = self.pool.begin().await?;
        lease.hold(&mut tx).await?;
        let begun = sqlx::query(
            "UPDATE workflow_execution SET status = 'running', started_at = now()
             WHERE workflow_execution_id = $1 AND status = 'pending'",
        )
        .bind(lease.key())
        .execute(&mut *tx)
        .await?;
        if begun.rows_affected() > 0 {
            let told = Told { kind: "execution.started", step: None, error_message: "" };
            tell(&mut tx, lease.key(), told).await?;
        }
        let grant = self.grant(&mut tx, lease.key()).await?;
        let (Json(definition), Json(input)) = sqlx::query_as(
            "SELECT definition, input_data
             FROM workflow_execution execution
             JOIN workflow_template_version edition
               ON edition.workflow_template_id = execution.workflow_template_id
              AND edition.version = execution.template_version
             WHERE workflow_execution_id = $1",
        )
        .bind(lease.key())
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Run { grant, definition, input })
    }

    /// Begins a step, or finds its record.
    pub(crate) async fn begin_step(
        &self,
        lease: &Lease,
        step: &Step,
        part_count: i32,
    ) -> Result<Begun> {
        let mut tx = self.pool.begin().await?;
        lease.hold(&mut tx).await?;
        let attempt: Option<i32> = sqlx::query_scalar(
            "INSERT INTO workflow_step AS step (workflow_step_id, workflow_execution_id, path, step_name,
                 step_index, step_type, status, input_data, part_count, attempt, started_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, 1, now())
             ON CONFLICT (workflow_execution_id, path) DO UPDATE
             SET status = 'running', input_data = excluded.input_data, part_count = excluded.part_count,
                 attempt = step.attempt + 1, started_at = coalesce(step.started_at, now())
             WHERE step.status <> 'completed'
             RETURNING attempt",
        )
        .bind(Uuid::now_v7())
        .bind(lease.key())
        .bind(&step.path)
        .bind(&step.name)
        .bind(step.index)
        .bind(step.kind)
        .bind(Json(&step.input))
        .bind(part_count)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(attempt) = attempt else {
            return Ok(Begun::Recorded(recorded(&mut tx, lease.key(), &step.path).await?));
        };
        if attempt == 1 {
            let about = Some((step.path.as_str(), step.index));
            let told = Told { kind: "step.started", step: about, error_message: "" };
            tell(&mut tx, lease.key(), told).await?;
        }
        tx.commit().await?;
        Ok(Begun::Attempt(attempt))
    }

    /// Records what a step gave.
    pub(crate) async fn complete_step(
        &self,
        lease: &Lease,
        step: &Step,
        output: &Value,
    ) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        lease.hold(&mut tx).await?;
        sqlx::query(
            "UPDATE workflow_step SET status = 'completed', output_data = $3, completed_at = now()
             WHERE workflow_execution_id = $1 AND path = $2",
        )
        .bind(lease.key())
        .bind(&step.path)
        .bind(Json(output))
        .execute(&mut *tx)
        .await?;
        lease.progress(&mut tx).await?;
        let about = Some((step.path.as_str(), step.index));
        let told = Told { kind: "step.completed", step: about, error_message: "" };
        tell(&mut tx, lease.key(), told).await?;
        Ok(tx.commit().await?)
    }

    /// Ends a run with its output.
    pub(crate) async fn complete(&self, lease: &Lease, output: &Value) -> Result<()> {
        self.end(lease, End::Completed(output)).await
    }

    /// Ends a run that cannot go on. The message is for people.
    pub(crate) async fn fail(
        &self,
        lease: &Lease,
        path: Option<&str>,
        index: Option<i32>,
        message: &str,
    ) -> Result<()> {
        self.end(lease, End::Failed { path, index, message }).await
    }

    async fn end(&self, lease: &Lease, how: End<'_>) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        lease.hold(&mut tx).await?;
        end(&mut tx, lease.key(), how).await?;
        lease.finish(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

async fn recorded(tx: &mut PgConnection, run: Uuid, path: &str) -> Result<Value, sqlx::Error> {
    let Json(output) = sqlx::query_scalar(
        "SELECT output_data FROM workflow_step WHERE workflow_execution_id = $1 AND path = $2",
    )
    .bind(run)
    .bind(path)
    .fetch_one(tx)
    .await?;
    Ok(output)
}

/// Ends a run and what is open of it, and tells those who watch it and analytics. The run's row is locked.
pub(super) async fn end(tx: &mut PgConnection, run: Uuid, how: End<'_>) -> Result<(), sqlx::Error> {
    let (output, error_step, error_message) = match how {
        End::Completed(output) => (Some(Json(output)), None, ""),
        End::Failed { index, message, .. } => (None, index, message),
        End::Cancelled => (None, None, ""),
    };
    if let End::Failed { path: Some(path), index: Some(index), message } = how {
        fail_step(tx, run, path, index, message).await?;
    }
    sqlx::query(
        "UPDATE workflow_step SET status = 'cancelled', completed_at = now()
         WHERE workflow_execution_id = $1 AND status IN ('pending', 'running')",
    )
    .bind(run)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE workflow_execution
         SET status = $2, output_data = $3, error_step = $4, error_message = $5, grant_token = '',
             sealed_grant = NULL, completed_at = now()
         WHERE workflow_execution_id = $1",
    )
    .bind(run)
    .bind(how.status().as_str())
    .bind(output)
    .bind(error_step)
    .bind(error_message)
    .execute(&mut *tx)
    .await?;
    tell(tx, run, Told { kind: how.event(), step: None, error_message }).await?;
    tell_analytics(tx, run).await
}

/// Marks the step, and where it is a part also the step that it belongs to.
async fn fail_step(
    tx: &mut PgConnection,
    run: Uuid,
    path: &str,
    index: i32,
    message: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE workflow_step SET status = 'failed', error_message = $4, completed_at = now()
         WHERE workflow_execution_id = $1 AND (path = $2 OR step_index = $3 AND NOT is_part)",
    )
    .bind(run)
    .bind(path)
    .bind(index)
    .bind(message)
    .execute(&mut *tx)
    .await?;
    let step = Some((path, index));
    tell(tx, run, Told { kind: "step.failed", step, error_message: message }).await
}

#[derive(FromRow)]
struct EndedRow {
    user_id: Uuid,
    execution_id: String,
    name: String,
    status: String,
    duration_seconds: f64,
    prompt_tokens: i32,
    completion_tokens: i32,
    cost_microusd: i32,
}

/// Tokens are summed from what the answers of its steps said.
async fn tell_analytics(tx: &mut PgConnection, run: Uuid) -> Result<(), sqlx::Error> {
    let row: EndedRow = sqlx::query_as(
        "SELECT user_id, execution_id, template.name, status,
                coalesce(extract(epoch FROM completed_at - started_at), 0)::double precision AS duration_seconds,
                coalesce(usage.prompt_tokens, 0)::integer AS prompt_tokens,
                coalesce(usage.completion_tokens, 0)::integer AS completion_tokens,
                coalesce(usage.cost_microusd, 0)::integer AS cost_microusd
         FROM workflow_execution execution
         JOIN workflow_template template USING (workflow_template_id)
         CROSS JOIN LATERAL (
             SELECT sum((output_data -> 'usage' ->> 'prompt_tokens')::integer) AS prompt_tokens,
                    sum((output_data -> 'usage' ->> 'completion_tokens')::integer) AS completion_tokens,
                    sum((output_data -> 'usage' ->> 'cost_microusd')::integer) AS cost_microusd
             FROM workflow_step step
             WHERE step.workflow_execution_id = execution.workflow_execution_id
               AND step.step_type = 'ai_query' AND step.status = 'completed') usage
         WHERE workflow_execution_id = $1",
    )
    .bind(run)
    .fetch_one(&mut *tx)
    .await?;
    let ended = WorkflowEnded {
        execution_id: row.execution_id,
        template_name: row.name,
        status: row.status,
        duration_seconds: row.duration_seconds,
        prompt_tokens: row.prompt_tokens,
        completion_tokens: row.completion_tokens,
        cost_microusd: row.cost_microusd,
    };
    let event = elenchus_outbox::event(UserId(row.user_id), What::WorkflowEnded(ended));
    elenchus_outbox::record(tx, &event).await
}
