//! Mails on their way: a row each, written with what it tells of. What it says and to whom is sealed,
//! and gone once the mail is.

use elenchus_durable::{Lease, Queue, Terms};
use elenchus_rpc::UserId;
use elenchus_sealed::{Purpose, Sealer};
use sqlx::{FromRow, PgConnection, PgPool};
use std::time::Duration;
use uuid::Uuid;

use super::letter::Letter;
use crate::domain::Error;

/// The table, and the channel on which its wakes are heard.
pub(crate) const TABLE: &str = "mail";

/// A mail server that is away is tried for a day: at first soon, then every hour.
const TERMS: Terms = Terms {
    lease: Duration::from_secs(60),
    heartbeat: Duration::from_secs(15),
    poll: Duration::from_secs(5),
    drain: Duration::from_secs(5),
    backoff: Duration::from_secs(2),
    longest_backoff: Duration::from_secs(3600),
    attempts: 36,
};

/// Where flows put their mails.
#[derive(Clone, Debug)]
pub struct Outbox {
    queue: Queue,
    sealer: Sealer,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server took it.
    Sent,
    /// It came too late to be worth sending, or nobody has the address.
    Dropped,
    /// The server will never take it, or did not for a day.
    Dead,
}

/// A mail to send.
pub(crate) struct Pending {
    pub(crate) letter: Letter,
    pub(crate) is_worth_sending: bool,
}

#[derive(FromRow)]
struct Row {
    user_id: Option<Uuid>,
    sealed: Vec<u8>,
    is_worth_sending: bool,
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Dropped => "dropped",
            Self::Dead => "dead",
        }
    }
}

impl Outbox {
    /// The outbox in the database of the auth service.
    pub fn new(pool: PgPool, sealer: Sealer) -> Self {
        Self { queue: Queue::new(pool, TABLE, "mail_id", TERMS), sealer }
    }

    pub(crate) fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// Writes a mail in the transaction of its cause: both are kept or neither.
    pub(crate) async fn put(&self, tx: &mut PgConnection, letter: &Letter) -> Result<(), Error> {
        let mail_id = Uuid::now_v7();
        let content = serde_json::to_vec(letter).map_err(Error::internal)?;
        let sealed = self.sealer.seal(Purpose::Mail, mail_id, &content).map_err(Error::internal)?;
        sqlx::query(
            "INSERT INTO mail (mail_id, user_id, kind, sealed, expires_at)
             VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))",
        )
        .bind(mail_id)
        .bind(letter.user_id.map(|user| user.0))
        .bind(letter.matter.kind())
        .bind(sealed)
        .bind(letter.matter.worth_sending_for().as_secs_f64())
        .execute(&mut *tx)
        .await?;
        Ok(self.queue.wake(tx, mail_id).await?)
    }

    /// Reads a leased mail. None where its content cannot be opened any more.
    pub(crate) async fn read(
        &self,
        pool: &PgPool,
        mail_id: Uuid,
    ) -> Result<Option<Pending>, sqlx::Error> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT user_id, sealed, now() < expires_at AS is_worth_sending
             FROM mail WHERE mail_id = $1 AND sealed IS NOT NULL",
        )
        .bind(mail_id)
        .fetch_optional(pool)
        .await?;
        Ok(row.and_then(|row| {
            let content = self.sealer.open(Purpose::Mail, mail_id, &row.sealed).ok()?;
            let letter: Letter = serde_json::from_slice(&content).ok()?;
            let letter = Letter { user_id: row.user_id.map(UserId), ..letter };
            Some(Pending { letter, is_worth_sending: row.is_worth_sending })
        }))
    }

    /// Records what became of a leased mail, and forgets what it said.
    pub(crate) async fn settle(
        &self,
        pool: &PgPool,
        lease: &Lease,
        outcome: Outcome,
        failure: Option<&str>,
    ) -> Result<(), elenchus_durable::Error> {
        let mut tx = pool.begin().await?;
        lease.hold(&mut tx).await?;
        sqlx::query(
            "UPDATE mail SET sealed = NULL, outcome = $2, failure = coalesce($3, failure), settled_at = now()
             WHERE mail_id = $1",
        )
        .bind(lease.key())
        .bind(outcome.as_str())
        .bind(failure)
        .execute(&mut *tx)
        .await?;
        lease.finish(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps the last failure of a mail that will be tried again, for operators to see.
    pub(crate) async fn note_failure(
        &self,
        pool: &PgPool,
        mail_id: Uuid,
        failure: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE mail SET failure = $2 WHERE mail_id = $1")
            .bind(mail_id)
            .bind(failure)
            .execute(pool)
            .await?;
        Ok(())
    }
}
