//! Runs as their owners see them.

use chrono::{DateTime, Utc};
use elenchus_proto::pb::analytics::v1::WorkflowStarted;
use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_rpc::UserId;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{Store, run};
use crate::definition::Definition;
use crate::domain::{Error, Execution, NewExecution, Pinned, Status, Step};

macro_rules! select_execution {
    ($rest:literal) => {
        concat!(
            "SELECT workflow_execution_id, user_id, execution_id, workflow_template_id, template.name,
                    status, input_data, output_data, current_step, total_steps, progress_percentage,
                    error_message, error_step, trace_id, started_at, completed_at,
                    execution.created_at, execution.updated_at
             FROM workflow_execution execution
             JOIN workflow_template template USING (workflow_template_id)
             JOIN LATERAL (
                 SELECT current_step, total_steps, progress_percentage FROM workflow_progress progress
                 WHERE progress.workflow_execution_id = execution.workflow_execution_id) progress ON true
             WHERE user_id = $1 ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct ExecutionRow {
    workflow_execution_id: Uuid,
    user_id: Uuid,
    execution_id: String,
    workflow_template_id: Uuid,
    name: String,
    status: String,
    input_data: Json<Value>,
    output_data: Option<Json<Value>>,
    current_step: i32,
    total_steps: i32,
    progress_percentage: f64,
    error_message: String,
    error_step: Option<i32>,
    trace_id: String,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<ExecutionRow> for Execution {
    type Error = Error;

    fn try_from(row: ExecutionRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.workflow_execution_id,
            user_id: UserId(row.user_id),
            execution_id: row.execution_id,
            template_id: row.workflow_template_id,
            template_name: row.name,
            status: Status::parse(&row.status)?,
            input: row.input_data.0,
            output: row.output_data.map(|Json(output)| output),
            current_step: row.current_step,
            total_steps: row.total_steps,
            progress_percentage: row.progress_percentage,
            error_message: row.error_message,
            error_step: row.error_step,
            trace_id: row.trace_id,
            started_at: row.started_at,
            completed_at: row.completed_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

#[derive(FromRow)]
struct StepRow {
    workflow_step_id: Uuid,
    step_name: String,
    step_index: i32,
    step_type: String,
    status: String,
    input_data: Option<Json<Value>>,
    output_data: Option<Json<Value>>,
    error_message: String,
    attempt: i32,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
}

impl TryFrom<StepRow> for Step {
    type Error = Error;

    fn try_from(row: StepRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.workflow_step_id,
            name: row.step_name,
            index: row.step_index,
            kind: row.step_type,
            status: Status::parse(&row.status)?,
            input: row.input_data.map(|Json(input)| input),
            output: row.output_data.map(|Json(output)| output),
            error_message: row.error_message,
            attempts: row.attempt,
            started_at: row.started_at,
            completed_at: row.completed_at,
        })
    }
}

impl Store {
    /// Keeps a run with its steps and makes it due. Does nothing when its owner has a run of that name.
    pub(crate) async fn start(
        &self,
        new: &NewExecution,
        template: &Pinned,
        definition: &Definition,
    ) -> Result<(), Error> {
        let mut tx = self.pool.begin().await?;
        let sealed_grant = self.seal_grant(new.id, &new.grant)?;
        if !insert_run(&mut tx, new, template, &sealed_grant).await? {
            return Ok(());
        }
        insert_steps(&mut tx, new.id, definition).await?;
        let started = WorkflowStarted {
            execution_id: new.execution_id.as_str().to_owned(),
            template_name: template.template_name.clone(),
        };
        let event = elenchus_outbox::event(new.user_id, What::WorkflowStarted(started));
        elenchus_outbox::record(&mut tx, &event).await?;
        self.queue.wake(&mut tx, new.id).await?;
        Ok(tx.commit().await?)
    }

    /// One run of a user, by its name.
    pub(crate) async fn execution(
        &self,
        owner: UserId,
        execution_id: &str,
    ) -> Result<Option<Execution>, Error> {
        let row: Option<ExecutionRow> = sqlx::query_as(select_execution!("AND execution_id = $2"))
            .bind(owner.0)
            .bind(execution_id)
            .fetch_optional(&self.pool)
            .await?;
        row.map(Execution::try_from).transpose()
    }

    /// A user's runs, newest first.
    pub(crate) async fn executions(
        &self,
        owner: UserId,
        status: Option<Status>,
        after: Option<Uuid>,
        skip: i64,
        limit: i64,
    ) -> Result<Vec<Execution>, Error> {
        // UUIDv7 ids sort by creation, so the id is the cursor.
        let rows: Vec<ExecutionRow> = sqlx::query_as(select_execution!(
            "AND ($2::text IS NULL OR status = $2) AND ($3::uuid IS NULL OR workflow_execution_id < $3)
             ORDER BY workflow_execution_id DESC OFFSET $4 LIMIT $5"
        ))
        .bind(owner.0)
        .bind(status.map(Status::as_str))
        .bind(after)
        .bind(skip)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Execution::try_from).collect()
    }

    /// The steps of a run, in order, without their parts.
    pub(crate) async fn steps(&self, run: Uuid) -> Result<Vec<Step>, Error> {
        let rows: Vec<StepRow> = sqlx::query_as(
            "SELECT workflow_step_id, step_name, step_index, step_type, status, input_data, output_data,
                    error_message, attempt, started_at, completed_at
             FROM workflow_step WHERE workflow_execution_id = $1 AND NOT is_part ORDER BY step_index",
        )
        .bind(run)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Step::try_from).collect()
    }

    /// Ends a run that has not ended. Whoever works on it can write no more and is told to stop.
    pub(crate) async fn cancel(&self, owner: UserId, execution_id: &str) -> Result<(), Error> {
        let mut tx = self.pool.begin().await?;
        let found: Option<(Uuid, String)> = sqlx::query_as(
            "SELECT workflow_execution_id, status FROM workflow_execution
             WHERE user_id = $1 AND execution_id = $2 FOR NO KEY UPDATE",
        )
        .bind(owner.0)
        .bind(execution_id)
        .fetch_optional(&mut *tx)
        .await?;
        let (run, status) = found.ok_or(Error::NotFound("execution"))?;
        let status = Status::parse(&status)?;
        if status.is_final() {
            return Err(Error::Ended(status));
        }
        run::end(&mut tx, run, run::End::Cancelled).await?;
        self.queue.withdraw(&mut tx, run).await?;
        Ok(tx.commit().await?)
    }
}

/// False when the owner has a run of that name already.
async fn insert_run(
    tx: &mut PgConnection,
    new: &NewExecution,
    template: &Pinned,
    sealed_grant: &[u8],
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO workflow_execution (workflow_execution_id, user_id, execution_id,
             workflow_template_id, template_version, input_data, trace_id, sealed_grant, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
         ON CONFLICT (user_id, execution_id) DO NOTHING",
    )
    .bind(new.id)
    .bind(new.user_id.0)
    .bind(new.execution_id.as_str())
    .bind(template.template_id)
    .bind(template.version)
    .bind(Json(&new.input))
    .bind(&new.trace_id)
    .bind(sealed_grant)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// All steps are there from the start, so that a client sees what is to come.
async fn insert_steps(
    tx: &mut PgConnection,
    run: Uuid,
    definition: &Definition,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = definition.steps.iter().map(|_| Uuid::now_v7()).collect();
    let names: Vec<&str> = definition.steps.iter().map(|step| step.name.as_str()).collect();
    let kinds: Vec<&str> = definition.steps.iter().map(|step| step.kind()).collect();
    sqlx::query(
        "INSERT INTO workflow_step (workflow_step_id, workflow_execution_id, path, step_name, step_index, step_type)
         SELECT id, $1, name, name, place - 1, kind
         FROM unnest($2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY AS step (id, name, kind, place)",
    )
    .bind(run)
    .bind(ids)
    .bind(names)
    .bind(kinds)
    .execute(tx)
    .await?;
    Ok(())
}
