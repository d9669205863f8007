//! The log and its daily sums. An event that is new is counted in the statement that logs it.

use elenchus_rpc::UserId;
use sqlx::migrate::Migrator;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgPool};

use crate::domain::{Activity, DayTokens, Error, Event, Limit, Period, Runs, Usage};

/// The service's tables.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// What a set of events adds to its users' days.
const SUMS: &str = "
    user_id, date,
    count(*) FILTER (WHERE kind = 'question_asked'),
    coalesce(sum(prompt_tokens), 0),
    coalesce(sum(completion_tokens), 0),
    count(*) FILTER (WHERE kind = 'answer_ended' AND status = 'completed'),
    coalesce(sum(duration_us) FILTER (WHERE kind = 'answer_ended' AND status = 'completed'), 0),
    count(*) FILTER (WHERE kind = 'document_processed' AND status = 'completed'),
    count(*) FILTER (WHERE kind = 'workflow_started'),
    coalesce(sum(cost_microusd), 0)";

/// Reads and writes of the analytics schema.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// Over a pool whose search path is the service's schema.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Whether the database answers.
    pub async fn is_reachable(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }

    /// Logs and counts the events that are new; says how many were.
    pub async fn record(&self, events: &[Event]) -> Result<i64, Error> {
        let statement = format!(
            "WITH fresh AS (
                 INSERT INTO event (event_id, user_id, occurred_at, kind, status, subject_id, conversation_id,
                     name, model, prompt_tokens, completion_tokens, cost_microusd, duration_us, file_size)
                 SELECT event_id, user_id, occurred_at, kind, status, subject_id, conversation_id,
                     name, model, prompt_tokens, completion_tokens, cost_microusd, duration_us, file_size
                 FROM jsonb_to_recordset($1) AS sent(event_id uuid, user_id uuid, occurred_at timestamptz,
                     kind text, status text, subject_id text, conversation_id text, name text, model text,
                     prompt_tokens integer, completion_tokens integer, cost_microusd bigint,
                     duration_us bigint, file_size bigint)
                 ORDER BY event_id
                 ON CONFLICT (event_id) DO NOTHING
                 RETURNING *
             ), counted AS (
                 -- In one order everywhere, so that two recorders never wait for each other's rows.
                 INSERT INTO user_analytics
                 SELECT {SUMS} FROM fresh GROUP BY user_id, date ORDER BY user_id, date
                 ON CONFLICT (user_id, date) DO UPDATE SET
                     total_queries = user_analytics.total_queries + excluded.total_queries,
                     prompt_tokens = user_analytics.prompt_tokens + excluded.prompt_tokens,
                     completion_tokens = user_analytics.completion_tokens + excluded.completion_tokens,
                     responses = user_analytics.responses + excluded.responses,
                     response_time_us = user_analytics.response_time_us + excluded.response_time_us,
                     documents_analyzed = user_analytics.documents_analyzed + excluded.documents_analyzed,
                     workflows_executed = user_analytics.workflows_executed + excluded.workflows_executed,
                     cost_microusd = user_analytics.cost_microusd + excluded.cost_microusd
             )
             SELECT count(*) FROM fresh"
        );
        let recorded = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(Json(events))
            .fetch_one(&self.pool)
            .await?;
        Ok(recorded)
    }

    /// Computes a user's days anew from the log.
    pub async fn refresh(&self, user: UserId) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        // Recorders add to these rows: they wait, or their events are seen by the sum below.
        sqlx::query("LOCK TABLE user_analytics IN SHARE ROW EXCLUSIVE MODE")
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM user_analytics WHERE user_id = $1")
            .bind(user.0)
            .execute(&mut *transaction)
            .await?;
        let statement = format!(
            "INSERT INTO user_analytics SELECT {SUMS} FROM event WHERE user_id = $1 GROUP BY user_id, date"
        );
        sqlx::query(AssertSqlSafe(statement)).bind(user.0).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The sums of a period.
    pub async fn usage(&self, user: UserId, period: Period) -> Result<Usage, Error> {
        let usage = sqlx::query_as(
            "SELECT coalesce(sum(total_queries), 0)::bigint AS total_queries,
                 coalesce(sum(prompt_tokens), 0)::bigint AS prompt_tokens,
                 coalesce(sum(completion_tokens), 0)::bigint AS completion_tokens,
                 coalesce(sum(responses), 0)::bigint AS responses,
                 coalesce(sum(response_time_us), 0)::bigint AS response_time_us,
                 coalesce(sum(documents_analyzed), 0)::bigint AS documents_analyzed,
                 coalesce(sum(workflows_executed), 0)::bigint AS workflows_executed,
                 coalesce(sum(cost_microusd), 0)::bigint AS cost_microusd
             FROM user_analytics
             WHERE user_id = $1 AND date BETWEEN $2 AND $3",
        )
        .bind(user.0)
        .bind(period.first)
        .bind(period.last)
        .fetch_one(&self.pool)
        .await?;
        Ok(usage)
    }

    /// The days of a period on which tokens were used, oldest first.
    pub async fn tokens(&self, user: UserId, period: Period) -> Result<Vec<DayTokens>, Error> {
        let days = sqlx::query_as(
            "SELECT date, prompt_tokens, completion_tokens, cost_microusd
             FROM user_analytics
             WHERE user_id = $1 AND date BETWEEN $2 AND $3 AND prompt_tokens + completion_tokens > 0
             ORDER BY date",
        )
        .bind(user.0)
        .bind(period.first)
        .bind(period.last)
        .fetch_all(&self.pool)
        .await?;
        Ok(days)
    }

    /// The latest activity, newest first. A run is one entry, with what became of it.
    pub async fn activity(&self, user: UserId, limit: Limit) -> Result<Vec<Activity>, Error> {
        let activities = sqlx::query_as(
            "SELECT began.event_id, began.occurred_at, began.kind, began.name,
                 coalesce(ended.status, began.status) AS status,
                 (began.prompt_tokens + began.completion_tokens
                     + coalesce(ended.prompt_tokens + ended.completion_tokens, 0))::bigint AS tokens,
                 coalesce(ended.duration_us, began.duration_us) AS duration_us
             FROM event AS began
             LEFT JOIN LATERAL (
                 SELECT status, prompt_tokens, completion_tokens, duration_us
                 FROM event
                 WHERE user_id = $1 AND kind = 'workflow_ended' AND subject_id = began.subject_id
                 ORDER BY occurred_at DESC
                 LIMIT 1
             ) AS ended ON began.kind = 'workflow_started'
             WHERE began.user_id = $1 AND began.kind <> 'workflow_ended'
             ORDER BY began.occurred_at DESC, began.event_id DESC
             LIMIT $2",
        )
        .bind(user.0)
        .bind(limit.get())
        .fetch_all(&self.pool)
        .await?;
        Ok(activities)
    }

    /// The sums of the runs that were started in a period.
    pub async fn runs(&self, user: UserId, period: Period) -> Result<Runs, Error> {
        let runs = sqlx::query_as(
            "SELECT count(*) AS total,
                 count(*) FILTER (WHERE ended.status = 'completed') AS completed,
                 count(*) FILTER (WHERE ended.status = 'failed') AS failed,
                 coalesce(avg(ended.duration_us), 0)::float8 AS mean_duration_us
             FROM event AS began
             LEFT JOIN LATERAL (
                 SELECT status, duration_us
                 FROM event
                 WHERE user_id = $1 AND kind = 'workflow_ended' AND subject_id = began.subject_id
                 ORDER BY occurred_at DESC
                 LIMIT 1
             ) AS ended ON true
             WHERE began.user_id = $1 AND began.kind = 'workflow_started'
                 AND began.occurred_at >= ($2::date AT TIME ZONE 'UTC')
                 AND began.occurred_at < (($3::date + 1) AT TIME ZONE 'UTC')",
        )
        .bind(user.0)
        .bind(period.first)
        .bind(period.last)
        .fetch_one(&self.pool)
        .await?;
        Ok(runs)
    }
}
