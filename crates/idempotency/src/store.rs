//! The queries. That a call is made once is kept by one statement and the primary key.

use std::time::Duration;

use async_trait::async_trait;
use elenchus_postgres::Failure;
use elenchus_rpc::idempotency::{Claim, Fingerprint, Key, Ledger};
use elenchus_rpc::status::from_error;
use sqlx::{FromRow, PgPool};
use tonic::Status;

/// A key that was let go between two statements is asked for again.
const TRIES: usize = 3;
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub(crate) struct Store {
    pub(crate) pool: PgPool,
}

#[derive(FromRow)]
struct Row {
    fingerprint: Vec<u8>,
    is_done: bool,
    answer: Option<Vec<u8>>,
    busy_seconds: f64,
}

impl Row {
    fn claim(self, fingerprint: &Fingerprint) -> Claim {
        if self.fingerprint != fingerprint {
            return Claim::OtherRequest;
        }
        if self.is_done {
            return Claim::Done(self.answer.map(Into::into));
        }
        match Duration::try_from_secs_f64(self.busy_seconds) {
            Ok(left) if !left.is_zero() => Claim::Busy(left),
            // Negative: it is over.
            Ok(_) | Err(_) => Claim::InDoubt,
        }
    }
}

impl Store {
    /// Takes a key that nobody has, or that was taken more than a day ago.
    async fn take(
        &self,
        key: &Key,
        fingerprint: &Fingerprint,
        busy_for: Duration,
    ) -> Result<bool, Failure> {
        let taken = sqlx::query(
            "INSERT INTO idempotency_key AS kept (user_id, method, key, fingerprint, busy_until)
             VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
             ON CONFLICT (user_id, method, key) DO UPDATE
             SET fingerprint = excluded.fingerprint, busy_until = excluded.busy_until, is_done = false,
                 answer = NULL, created_at = now()
             WHERE kept.created_at < now() - interval '24 hours'",
        )
        .bind(key.user_id.0)
        .bind(&key.method)
        .bind(&key.text)
        .bind(fingerprint.as_slice())
        .bind(busy_for.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() > 0)
    }

    async fn find(&self, key: &Key) -> Result<Option<Row>, Failure> {
        let row = sqlx::query_as(
            "SELECT fingerprint, is_done, answer,
                    extract(epoch FROM busy_until - now())::float8 AS busy_seconds
             FROM idempotency_key WHERE user_id = $1 AND method = $2 AND key = $3",
        )
        .bind(key.user_id.0)
        .bind(&key.method)
        .bind(&key.text)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row)
    }

    async fn claim(
        &self,
        key: &Key,
        fingerprint: &Fingerprint,
        busy_for: Duration,
    ) -> Result<Claim, Failure> {
        for _ in 0..TRIES {
            if self.take(key, fingerprint, busy_for).await? {
                return Ok(Claim::Ours);
            }
            if let Some(row) = self.find(key).await? {
                return Ok(row.claim(fingerprint));
            }
        }
        Ok(Claim::Busy(RETRY_AFTER))
    }

    async fn settle(&self, statement: &'static str, key: &Key) -> Result<(), Failure> {
        sqlx::query(statement)
            .bind(key.user_id.0)
            .bind(&key.method)
            .bind(&key.text)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

#[async_trait]
impl Ledger for Store {
    async fn claim(
        &self,
        key: &Key,
        fingerprint: &Fingerprint,
        busy_for: Duration,
    ) -> Result<Claim, Status> {
        self.claim(key, fingerprint, busy_for).await.map_err(from_error)
    }

    async fn keep(&self, key: &Key, answer: Option<&[u8]>) -> Result<(), Status> {
        let kept = sqlx::query(
            "UPDATE idempotency_key SET is_done = true, answer = $4
             WHERE user_id = $1 AND method = $2 AND key = $3",
        )
        .bind(key.user_id.0)
        .bind(&key.method)
        .bind(&key.text)
        .bind(answer)
        .execute(&self.pool)
        .await;
        kept.map(drop).map_err(|error| from_error(Failure::from(error)))
    }

    async fn release(&self, key: &Key) -> Result<(), Status> {
        const RELEASE: &str = "DELETE FROM idempotency_key
             WHERE user_id = $1 AND method = $2 AND key = $3 AND NOT is_done";
        self.settle(RELEASE, key).await.map_err(from_error)
    }

    async fn doubt(&self, key: &Key) -> Result<(), Status> {
        const DOUBT: &str = "UPDATE idempotency_key SET busy_until = now()
             WHERE user_id = $1 AND method = $2 AND key = $3 AND NOT is_done";
        self.settle(DOUBT, key).await.map_err(from_error)
    }
}
