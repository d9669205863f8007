//! Accounts closed, and the jobs that erase them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use elenchus_durable::{Lease, Queue};
use elenchus_rpc::UserId;
use elenchus_rpc::session::Credential;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::alive::credentials_of;
use super::session::end_all;
use super::user::{has_superuser, lock_superusers, lock_user};
use super::{EndReason, Store, audit};
use crate::domain::audit::{Act, Actor, Event};
use crate::domain::{Erasure, Error, Origin, SessionId};
use crate::mail::{Letter, Matter};

#[derive(FromRow)]
struct Row {
    erasure_id: Uuid,
    requested_at: DateTime<Utc>,
    swept_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Row> for Erasure {
    fn from(row: Row) -> Self {
        let Row { erasure_id, requested_at, swept_at, finished_at } = row;
        Self { erasure_id, requested_at, swept_at, finished_at }
    }
}

impl Store {
    /// Closes an account, ends its sessions and queues its erasure. One that is closed already keeps
    /// the erasure that it has. Tells whose credentials open nothing from now on.
    pub(crate) async fn close_account(
        &self,
        queue: &Queue,
        actor: Actor,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<Option<(Erasure, Vec<Credential>)>, Error> {
        let mut transaction = self.pool.begin().await?;
        lock_superusers(&mut transaction).await?;
        let Some(before) = lock_user(&mut transaction, user_id).await? else {
            let begun = erasure_of(&mut transaction, user_id).await?;
            return Ok(begun.map(|erasure| (erasure, Vec::new())));
        };
        let ended = credentials_of(&mut transaction, user_id).await?;
        sqlx::query(
            "UPDATE account SET is_active = false, closed_at = now(), updated_at = now() WHERE user_id = $1",
        )
        .bind(user_id.0)
        .execute(&mut *transaction)
        .await?;
        let was_in_charge = before.is_superuser && before.is_active;
        if was_in_charge && !has_superuser(&mut transaction).await? {
            return Err(Error::LastSuperuser);
        }
        end_all(&mut transaction, user_id, None, EndReason::Closed).await?;
        let row: Row = sqlx::query_as(
            "INSERT INTO erasure (erasure_id, user_id) VALUES ($1, $2)
             RETURNING erasure_id, requested_at, swept_at, finished_at",
        )
        .bind(Uuid::now_v7())
        .bind(user_id.0)
        .fetch_one(&mut *transaction)
        .await?;
        let event = Event::by(actor, Act::Delete).about(user_id).subject(row.erasure_id);
        audit::record(&mut transaction, &event, origin).await?;
        // About nobody's account, so that the erasure does not sweep it away before it is sent.
        let letter = Letter { user_id: None, to: before.email, matter: Matter::AccountClosed };
        self.mails.put(&mut transaction, &letter).await?;
        queue.wake(&mut transaction, row.erasure_id).await?;
        transaction.commit().await?;
        Ok(Some((row.into(), ended)))
    }

    /// How far an erasure is.
    pub(crate) async fn find_erasure(&self, erasure_id: Uuid) -> Result<Option<Erasure>, Error> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT erasure_id, requested_at, swept_at, finished_at FROM erasure WHERE erasure_id = $1",
        )
        .bind(erasure_id)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Erasure::from))
    }

    /// Whose erasure it is, and whether every service was swept once. None once it is finished.
    pub(crate) async fn pending_erasure(
        &self,
        erasure_id: Uuid,
    ) -> Result<Option<(UserId, bool)>, sqlx::Error> {
        let row: Option<(Uuid, bool)> = sqlx::query_as(
            "SELECT user_id, swept_at IS NOT NULL FROM erasure
             WHERE erasure_id = $1 AND finished_at IS NULL",
        )
        .bind(erasure_id)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(user_id, is_swept)| (UserId(user_id), is_swept)))
    }

    /// Puts an erasure off until the calls have ended that were let in before the account was closed.
    pub(crate) async fn settle_erasure(
        &self,
        lease: &Lease,
        settle: Duration,
    ) -> Result<(), elenchus_durable::Error> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        lease.progress(&mut transaction).await?;
        sqlx::query(
            "UPDATE erasure
             SET swept_at = now(), due_at = requested_at + make_interval(secs => $2),
                 leased_by = NULL, leased_until = NULL
             WHERE erasure_id = $1",
        )
        .bind(lease.key())
        .bind(settle.as_secs_f64())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Says that nothing is left, and forgets who it was.
    pub(crate) async fn finish_erasure(
        &self,
        lease: &Lease,
    ) -> Result<(), elenchus_durable::Error> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query("UPDATE erasure SET user_id = NULL, finished_at = now() WHERE erasure_id = $1")
            .bind(lease.key())
            .execute(&mut *transaction)
            .await?;
        lease.finish(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// How long ago a session was opened.
    pub(crate) async fn session_age(&self, session: SessionId) -> Result<Option<Duration>, Error> {
        let seconds: Option<f64> = sqlx::query_scalar(
            "SELECT extract(epoch FROM now() - created_at)::float8 FROM session WHERE session_id = $1",
        )
        .bind(session.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(seconds.map(|seconds| Duration::from_secs_f64(seconds.max(0.0))))
    }
}

async fn erasure_of(
    connection: &mut PgConnection,
    user_id: UserId,
) -> Result<Option<Erasure>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT erasure_id, requested_at, swept_at, finished_at FROM erasure WHERE user_id = $1",
    )
    .bind(user_id.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Erasure::from))
}
