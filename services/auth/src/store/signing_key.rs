//! The keys that sign access tokens. Private halves come and go sealed.

use std::time::Duration;

use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::Store;
use crate::domain::Error;

/// Serialises rotations over all replicas; any number that no other lock of this schema has.
const ROTATION_LOCK: i64 = 0x5197_0b5e_c4e1_2a7d;

/// A key that may have signed a token that is still good.
#[derive(FromRow)]
pub struct StoredKey {
    /// The row, to which the private half is sealed.
    pub signing_key_id: Uuid,
    /// The key's id.
    pub kid: String,
    /// The public half.
    pub public_jwk: Value,
    /// The private half.
    pub sealed_private_key: Vec<u8>,
    /// Seconds until it signs; none or fewer once it does.
    pub signs_in: f64,
}

/// A key to be published now and to sign soon.
pub struct NewKey<'a> {
    /// The row, to which the private half is sealed.
    pub signing_key_id: Uuid,
    /// The key's id.
    pub kid: &'a str,
    /// The name of its algorithm.
    pub algorithm: &'static str,
    /// The public half.
    pub public_jwk: &'a Value,
    /// The private half.
    pub sealed_private_key: &'a [u8],
    /// Keys that cannot sign, because they were sealed with another secret.
    pub unusable: &'a [String],
    /// Between being published and signing, unless no other key can sign.
    pub lead: Duration,
    /// For how long its predecessors check tokens after it has begun to sign.
    pub outlive: Duration,
    /// How old its predecessor must be. `None`: any age will do.
    pub predecessor_age: Option<Duration>,
}

impl Store {
    /// The keys of an algorithm that are not expired, the next to sign first.
    pub async fn signing_keys(&self, algorithm: &'static str) -> Result<Vec<StoredKey>, Error> {
        Ok(sqlx::query_as(
            "SELECT signing_key_id, kid, public_jwk, sealed_private_key,
                    extract(epoch FROM signs_from - now())::float8 AS signs_in
             FROM signing_key
             WHERE algorithm = $1 AND (expires_at IS NULL OR now() < expires_at)
             ORDER BY signs_from DESC, kid",
        )
        .bind(algorithm)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Adds a key and says when its predecessors expire. False where there is a younger key than asked
    /// for, which another replica may just have added.
    pub async fn add_signing_key(&self, new: NewKey<'_>) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(ROTATION_LOCK)
            .execute(&mut *transaction)
            .await?;
        let added = sqlx::query(
            "WITH predecessor AS (
                 SELECT created_at FROM signing_key
                 WHERE algorithm = $2 AND NOT kid = ANY ($5) AND (expires_at IS NULL OR now() < expires_at))
             INSERT INTO signing_key (kid, algorithm, public_jwk, sealed_private_key, signing_key_id, signs_from)
             SELECT $1, $2, $3, $4, $8,
                    now() + CASE WHEN EXISTS (SELECT FROM predecessor) THEN make_interval(secs => $6)
                                 ELSE interval '0' END
             WHERE $7::float8 IS NULL
                OR NOT EXISTS (SELECT FROM predecessor WHERE created_at > now() - make_interval(secs => $7))",
        )
        .bind(new.kid)
        .bind(new.algorithm)
        .bind(new.public_jwk)
        .bind(new.sealed_private_key)
        .bind(new.unusable)
        .bind(new.lead.as_secs_f64())
        .bind(new.predecessor_age.map(|age| age.as_secs_f64()))
        .bind(new.signing_key_id)
        .execute(&mut *transaction)
        .await?;
        if added.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE signing_key SET expires_at = successor.signs_from + make_interval(secs => $3)
             FROM signing_key successor
             WHERE successor.kid = $1 AND signing_key.kid <> $1
               AND signing_key.algorithm = $2 AND signing_key.expires_at IS NULL",
        )
        .bind(new.kid)
        .bind(new.algorithm)
        .bind(new.outlive.as_secs_f64())
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM signing_key WHERE expires_at < now() - interval '1 day'")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}
