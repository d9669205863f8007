//! Tokens that work once: what a mailed link proves. One is bound to its purpose, to the account and
//! to the address that the account had.

use std::time::Duration;

use elenchus_rpc::UserId;
use sqlx::PgConnection;

use super::Store;
use super::account::{UserRow, user_columns};
use crate::domain::{Error, User};
use crate::opaque_token::{OpaqueToken, TokenHash};

/// What a token proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// That the address is the account's.
    VerifyEmail,
    /// That whoever has it may set a new password.
    ResetPassword,
    /// That the password was right; the second factor is still wanting.
    SecondFactor,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::SecondFactor => "second_factor",
        }
    }

    /// How many an account gets within an hour. Whoever asks for more mails has some already.
    fn per_hour(self) -> i64 {
        match self {
            Self::VerifyEmail | Self::ResetPassword => 5,
            Self::SecondFactor => 120,
        }
    }

    fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail => Duration::from_secs(3 * 24 * 3600),
            Self::ResetPassword => Duration::from_secs(3600),
            Self::SecondFactor => Duration::from_secs(300),
        }
    }
}

impl Store {
    /// Whose token this is, without spending it.
    pub(crate) async fn owner_of(
        &self,
        purpose: Purpose,
        token: TokenHash,
    ) -> Result<Option<User>, Error> {
        Ok(owner_of(&mut *self.pool.acquire().await?, purpose, token).await?)
    }

    /// Keeps the token of a link that sets a new password, and tells whose account it is. None where
    /// nobody has the address, or the account has had its links for this hour. Keeping it again
    /// changes nothing: a spent one stays spent.
    pub(crate) async fn keep_reset_token(
        &self,
        email_folded: &str,
        token: &str,
    ) -> Result<Option<User>, Error> {
        let hash = OpaqueToken::presented(token.to_owned()).hash();
        let mut transaction = self.pool.begin().await?;
        let row: Option<UserRow> = sqlx::query_as(concat!(
            "SELECT ",
            user_columns!(),
            " FROM account WHERE email_folded = $1 AND is_active FOR UPDATE"
        ))
        .bind(email_folded)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(user) = row.map(User::from) else { return Ok(None) };
        let is_kept = keep(&mut transaction, Purpose::ResetPassword, user.user_id, hash).await?;
        transaction.commit().await?;
        Ok(is_kept.then_some(user))
    }
}

/// Whose token this is, without spending it.
pub(super) async fn owner_of(
    connection: &mut PgConnection,
    purpose: Purpose,
    token: TokenHash,
) -> Result<Option<User>, sqlx::Error> {
    let row: Option<UserRow> = sqlx::query_as(concat!(
        "SELECT ",
        user_columns!(),
        " FROM one_time_token JOIN account USING (user_id, email_folded)
         WHERE token_hash = $1 AND purpose = $2 AND spent_at IS NULL AND now() < expires_at
           AND is_active"
    ))
    .bind(token.as_ref())
    .bind(purpose.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(User::from))
}

/// Keeps a token for the account and its address of today. False where the account has had enough.
pub(super) async fn keep(
    connection: &mut PgConnection,
    purpose: Purpose,
    user_id: UserId,
    token: TokenHash,
) -> Result<bool, sqlx::Error> {
    let is_kept = sqlx::query_scalar(
        "WITH recent AS (
             SELECT count(*) AS links, coalesce(bool_or(token_hash = $1), false) AS is_known
             FROM one_time_token
             WHERE user_id = $3 AND purpose = $2 AND created_at > now() - interval '1 hour'),
         kept AS (
             INSERT INTO one_time_token (token_hash, purpose, user_id, email_folded, expires_at)
             SELECT $1, $2, user_id, email_folded, now() + make_interval(secs => $4)
             FROM account, recent WHERE user_id = $3 AND links < $5
             ON CONFLICT (token_hash) DO NOTHING RETURNING 1)
         SELECT is_known OR EXISTS (SELECT FROM kept) FROM recent",
    )
    .bind(token.as_ref())
    .bind(purpose.as_str())
    .bind(user_id.0)
    .bind(purpose.lifetime().as_secs_f64())
    .bind(purpose.per_hour())
    .fetch_one(connection)
    .await?;
    Ok(is_kept)
}

/// Spends a token, and tells whose it was. The row's lock decides between two who bring it at once.
pub(super) async fn spend(
    connection: &mut PgConnection,
    purpose: Purpose,
    token: TokenHash,
) -> Result<Option<User>, sqlx::Error> {
    let row: Option<UserRow> = sqlx::query_as(concat!(
        "UPDATE one_time_token SET spent_at = now()
         FROM account
         WHERE token_hash = $1 AND purpose = $2 AND spent_at IS NULL AND now() < expires_at
           AND account.user_id = one_time_token.user_id
           AND account.email_folded = one_time_token.email_folded AND is_active
         RETURNING ",
        user_columns!()
    ))
    .bind(token.as_ref())
    .bind(purpose.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(User::from))
}

/// Spends every token that an account has out.
pub(super) async fn spend_all(
    connection: &mut PgConnection,
    user_id: UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE one_time_token SET spent_at = now() WHERE user_id = $1 AND spent_at IS NULL",
    )
    .bind(user_id.0)
    .execute(connection)
    .await?;
    Ok(())
}
