//! Tickets: made of a session, traded once.

use uuid::Uuid;

use super::Store;
use crate::domain::{Error, SessionId};
use crate::opaque_token::TokenHash;

impl Store {
    /// Keeps a ticket of a session, and forgets those that nobody used in time.
    pub async fn keep_ticket(
        &self,
        session: SessionId,
        ticket: TokenHash,
        seconds: i32,
    ) -> Result<(), Error> {
        sqlx::query(
            "WITH forgotten AS (DELETE FROM ticket WHERE expires_at < now())
             INSERT INTO ticket (ticket_hash, session_id, expires_at)
             VALUES ($1, $2, now() + make_interval(secs => $3))",
        )
        .bind(ticket.as_ref())
        .bind(session.0)
        .bind(f64::from(seconds))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes a ticket away, and returns the session that it was made of. However many present it at
    /// once, one gets it.
    pub async fn take_ticket(&self, ticket: TokenHash) -> Result<Option<SessionId>, Error> {
        let session: Option<Uuid> = sqlx::query_scalar(
            "WITH taken AS (
                 DELETE FROM ticket WHERE ticket_hash = $1 RETURNING session_id, expires_at)
             SELECT session_id FROM taken WHERE clock_timestamp() < expires_at",
        )
        .bind(ticket.as_ref())
        .fetch_optional(&self.pool)
        .await?;
        Ok(session.map(SessionId))
    }
}
