//! Keys that are kept in the transaction of what their call makes: it was made, or it was not, and
//! nothing between.

use std::time::Duration;

use elenchus_postgres::Failure;
use elenchus_rpc::idempotency::{Fingerprint, Key};
use elenchus_rpc::status::Classify;
use sqlx::{PgConnection, PgPool};
use tonic::Code;

/// Why a call with a key is not made.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The key is that of another request.
    #[error("was sent with another request before; send a new key with this one")]
    OtherRequest,
    /// A call with the key was faster. What it made is there now.
    #[error("another call with this Idempotency-Key was faster; ask again")]
    Taken,
    /// Keys cannot be looked up.
    #[error(transparent)]
    Store(#[from] Failure),
}

impl From<sqlx::Error> for Unusable {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Classify for Unusable {
    fn code(&self) -> Code {
        match self {
            Self::OtherRequest => Code::InvalidArgument,
            Self::Taken => Code::Aborted,
            Self::Store(failure) => failure.code(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::OtherRequest => "IDEMPOTENCY_KEY_REUSED",
            Self::Taken => "IDEMPOTENCY_KEY_BUSY",
            Self::Store(failure) => failure.reason(),
        }
    }

    fn field(&self) -> Option<&str> {
        matches!(self, Self::OtherRequest).then_some("Idempotency-Key")
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Store(failure) = self { failure.retry_after() } else { None }
    }
}

/// What a call with a key has made. None where none was made.
pub async fn find(
    pool: &PgPool,
    key: &Key,
    fingerprint: &Fingerprint,
) -> Result<Option<Vec<u8>>, Unusable> {
    let row: Option<(Vec<u8>, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT fingerprint, answer FROM idempotency_key
         WHERE user_id = $1 AND method = $2 AND key = $3 AND created_at >= now() - interval '24 hours'",
    )
    .bind(key.user_id.0)
    .bind(&key.method)
    .bind(&key.text)
    .fetch_optional(pool)
    .await?;
    match row {
        None => Ok(None),
        Some((kept, made)) if kept == fingerprint => Ok(made),
        Some(_) => Err(Unusable::OtherRequest),
    }
}

/// Keeps what a call makes, in its transaction.
pub async fn keep(
    transaction: &mut PgConnection,
    key: &Key,
    fingerprint: &Fingerprint,
    made: &[u8],
) -> Result<(), Unusable> {
    // Waits for the transaction of another call with the key.
    let kept = sqlx::query(
        "INSERT INTO idempotency_key AS kept
             (user_id, method, key, fingerprint, busy_until, is_done, answer)
         VALUES ($1, $2, $3, $4, now(), true, $5)
         ON CONFLICT (user_id, method, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, busy_until = excluded.busy_until, is_done = true,
             answer = excluded.answer, created_at = now()
         WHERE kept.created_at < now() - interval '24 hours'",
    )
    .bind(key.user_id.0)
    .bind(&key.method)
    .bind(&key.text)
    .bind(fingerprint.as_slice())
    .bind(made)
    .execute(transaction)
    .await?;
    if kept.rows_affected() > 0 { Ok(()) } else { Err(Unusable::Taken) }
}
