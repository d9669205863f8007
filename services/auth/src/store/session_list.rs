//! An account's sessions as its owner sees them, and ended by the owner from elsewhere.

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use sqlx::FromRow;
use uuid::Uuid;

use super::session::end_all;
use super::{EndReason, Store, audit};
use crate::domain::audit::{Act, Event};
use crate::domain::{Error, Origin, Session, SessionId};

/// Sessions that are shown at once. Nobody has more devices.
const MOST: i64 = 200;

#[derive(FromRow)]
struct Row {
    session_id: Uuid,
    user_agent: String,
    address: String,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<Row> for Session {
    fn from(row: Row) -> Self {
        Self {
            session_id: SessionId(row.session_id),
            user_agent: row.user_agent,
            address: row.address,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

impl Store {
    /// An account's sessions that are alive, the last used first.
    pub(crate) async fn list_sessions(&self, user_id: UserId) -> Result<Vec<Session>, Error> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT session_id, user_agent, address, created_at, last_used_at, expires_at
             FROM session
             WHERE user_id = $1 AND ended_at IS NULL AND now() < expires_at
               AND now() < last_used_at + make_interval(secs => $2)
             ORDER BY last_used_at DESC, session_id DESC LIMIT $3",
        )
        .bind(user_id.0)
        .bind(self.lifetime.idle.as_secs_f64())
        .bind(MOST)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Session::from).collect())
    }

    /// Ends one of an account's sessions. False where the account has none of this id alive.
    pub(crate) async fn revoke_session(
        &self,
        user_id: UserId,
        session: SessionId,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        let done = sqlx::query(
            "UPDATE session SET ended_at = now(), ended_reason = $3
             WHERE session_id = $1 AND user_id = $2 AND ended_at IS NULL",
        )
        .bind(session.0)
        .bind(user_id.0)
        .bind(EndReason::Revoked.as_str())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let event = Event::by_owner(Act::RevokeSessions, user_id).subject(session.0);
        audit::record(&mut transaction, &event, origin).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Ends an account's sessions but the one to keep, and tells which.
    pub(crate) async fn revoke_sessions(
        &self,
        user_id: UserId,
        keep: Option<SessionId>,
        origin: &Origin,
    ) -> Result<Vec<SessionId>, Error> {
        let mut transaction = self.pool.begin().await?;
        let ended = end_all(&mut transaction, user_id, keep, EndReason::Revoked).await?;
        let event = Event::by_owner(Act::RevokeSessions, user_id).with("ended", ended.len());
        audit::record(&mut transaction, &event, origin).await?;
        transaction.commit().await?;
        Ok(ended)
    }
}
