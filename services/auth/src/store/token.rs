//! API tokens and grants, found by the hash of what is presented.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use elenchus_rpc::session::Authority;
use elenchus_rpc::token::{OpaqueToken, TokenHash};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, audit};
use crate::domain::audit::{Event, Origin};
use crate::domain::{ApiToken, Error, NewApiToken, Scopes};

/// Tokens that one user may have at once.
const MOST_TOKENS: i64 = 100;

#[derive(FromRow)]
struct TokenRow {
    token_id: Uuid,
    name: String,
    prefix: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

impl From<TokenRow> for ApiToken {
    fn from(row: TokenRow) -> Self {
        Self {
            token_id: row.token_id,
            name: row.name,
            prefix: row.prefix,
            scopes: row.scopes,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

#[derive(FromRow)]
struct AuthorityRow {
    user_id: Uuid,
    is_superuser: bool,
    roles: Vec<String>,
    scopes: Vec<String>,
    actor: Option<String>,
    is_use_to_be_noted: bool,
}

impl Store {
    /// Keeps a token for a program of the user.
    pub async fn insert_api_token(
        &self,
        user_id: UserId,
        new: &NewApiToken,
        token: &OpaqueToken,
        origin: &Origin,
    ) -> Result<ApiToken, Error> {
        let mut transaction = self.pool.begin().await?;
        // Tokens of one user are made one after another, so that their number is right.
        sqlx::query("SELECT FROM account WHERE user_id = $1 FOR UPDATE")
            .bind(user_id.0)
            .execute(&mut *transaction)
            .await?;
        let had: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM api_token WHERE user_id = $1 AND now() < expires_at",
        )
        .bind(user_id.0)
        .fetch_one(&mut *transaction)
        .await?;
        if had >= MOST_TOKENS {
            return Err(Error::TooManyTokens { most: MOST_TOKENS });
        }
        let row: TokenRow = sqlx::query_as(
            "INSERT INTO api_token (token_id, user_id, token_hash, name, prefix, scopes, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
             RETURNING token_id, name, prefix, scopes, created_at, expires_at, last_used_at",
        )
        .bind(Uuid::now_v7())
        .bind(user_id.0)
        .bind(token.hash())
        .bind(&new.name)
        .bind(token.shown())
        .bind(new.scopes.as_slice())
        .bind(new.lifetime.as_secs_f64())
        .fetch_one(&mut *transaction)
        .await?;
        let event = Event::created_token(user_id, row.token_id);
        audit::record(&mut transaction, &event, origin).await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// The tokens of a user that still open something, newest first.
    pub async fn api_tokens(&self, user_id: UserId) -> Result<Vec<ApiToken>, Error> {
        let rows: Vec<TokenRow> = sqlx::query_as(
            "SELECT token_id, name, prefix, scopes, created_at, expires_at, last_used_at
             FROM api_token WHERE user_id = $1 AND now() < expires_at ORDER BY token_id DESC",
        )
        .bind(user_id.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(ApiToken::from).collect())
    }

    /// Ends a token of a user, and gives the hash by which it was known. `None` where the user has no
    /// such token.
    pub async fn revoke_api_token(
        &self,
        user_id: UserId,
        token_id: Uuid,
        origin: &Origin,
    ) -> Result<Option<TokenHash>, Error> {
        let mut transaction = self.pool.begin().await?;
        let hash: Option<TokenHash> = sqlx::query_scalar(
            "DELETE FROM api_token WHERE token_id = $1 AND user_id = $2 RETURNING token_hash",
        )
        .bind(token_id)
        .bind(user_id.0)
        .fetch_optional(&mut *transaction)
        .await?;
        if hash.is_some() {
            let event = Event::revoked_token(user_id, token_id);
            audit::record(&mut transaction, &event, origin).await?;
        }
        transaction.commit().await?;
        Ok(hash)
    }

    /// Keeps a grant for a service. Says when it ends.
    pub async fn insert_grant(
        &self,
        user_id: UserId,
        actor: &str,
        scopes: &Scopes,
        lifetime: Duration,
        token: &OpaqueToken,
    ) -> Result<DateTime<Utc>, Error> {
        Ok(sqlx::query_scalar(
            "INSERT INTO user_grant (grant_id, user_id, token_hash, actor, scopes, expires_at)
             VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
             RETURNING expires_at",
        )
        .bind(Uuid::now_v7())
        .bind(user_id.0)
        .bind(token.hash())
        .bind(actor)
        .bind(scopes.as_slice())
        .bind(lifetime.as_secs_f64())
        .fetch_one(&self.pool)
        .await?)
    }

    /// What a token or a grant opens. `None` unless it is alive and its owner may use it. That a token
    /// is used is noted once a minute at most.
    pub async fn token_authority(&self, hash: TokenHash) -> Result<Option<Authority>, Error> {
        let row: Option<AuthorityRow> = sqlx::query_as(
            "SELECT account.user_id, is_superuser, scopes, actor, is_use_to_be_noted,
                    ARRAY (SELECT account_role.role FROM account_role
                           WHERE account_role.user_id = account.user_id ORDER BY account_role.role) AS roles
             FROM (SELECT user_id, scopes, NULL AS actor,
                          coalesce(last_used_at < now() - interval '1 minute', true) AS is_use_to_be_noted
                   FROM api_token WHERE token_hash = $1 AND now() < expires_at
                   UNION ALL
                   SELECT user_id, scopes, actor, false
                   FROM user_grant WHERE token_hash = $1 AND now() < expires_at) AS token
             JOIN account USING (user_id)
             WHERE is_active",
        )
        .bind(hash)
        .fetch_optional(&self.checks)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.is_use_to_be_noted {
            sqlx::query("UPDATE api_token SET last_used_at = now() WHERE token_hash = $1")
                .bind(hash)
                .execute(&self.checks)
                .await?;
        }
        Ok(Some(Authority {
            user_id: UserId(row.user_id),
            is_superuser: row.is_superuser,
            roles: row.roles.into(),
            scopes: Some(Arc::from(row.scopes)),
            actor: row.actor,
        }))
    }

    /// Deletes tokens and grants that have ended.
    pub async fn delete_ended_tokens(&self) -> Result<(), Error> {
        for table in ["api_token", "user_grant"] {
            let query = format!("DELETE FROM {table} WHERE expires_at < now()");
            sqlx::query(sqlx::AssertSqlSafe(query)).execute(&self.pool).await?;
        }
        Ok(())
    }
}
