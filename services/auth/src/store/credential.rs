//! What proves who somebody is: the password, and the address that was verified.

use elenchus_rpc::UserId;
use sqlx::PgConnection;

use super::account::{AccountRow, UserRow, user_columns};
use super::one_time::{Purpose, keep, spend, spend_all};
use super::session::end_all;
use super::{Account, EndReason, Store, audit};
use crate::domain::audit::{Act, Actor, Event};
use crate::domain::{Error, Origin, SessionId, User};
use crate::mail::{Letter, Matter};
use crate::opaque_token::{OpaqueToken, TokenHash};

/// A password that takes another's place.
pub(crate) struct NewPassword<'a> {
    /// Whose.
    pub(crate) user_id: UserId,
    /// The hash against which the old password was right.
    pub(crate) verified: &'a str,
    /// The hash of the new one.
    pub(crate) fresh: &'a str,
    /// The session that goes on.
    pub(crate) keep: Option<SessionId>,
}

impl Store {
    /// The account with an id, and what proves its password.
    pub(crate) async fn find_account_of(&self, user_id: UserId) -> Result<Option<Account>, Error> {
        let row: Option<AccountRow> = sqlx::query_as(concat!(
            "SELECT password_hash, ",
            user_columns!(),
            " FROM account WHERE user_id = $1"
        ))
        .bind(user_id.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Account::from))
    }

    /// Writes a mail that is about no account yet.
    pub(crate) async fn put_mail(&self, letter: &Letter) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        self.mails.put(&mut transaction, letter).await?;
        Ok(transaction.commit().await?)
    }

    /// Sends the link that proves the address. False where the account has had its links for now.
    pub(crate) async fn send_verification(
        &self,
        user: &User,
        token: &OpaqueToken,
    ) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        if !keep(&mut transaction, Purpose::VerifyEmail, user.user_id, token.hash()).await? {
            return Ok(false);
        }
        let matter = Matter::VerifyEmail { token: token.expose().to_owned() };
        self.mails.put(&mut transaction, &Letter::to(user, matter)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes the address for proved. None where the token proves nothing.
    pub(crate) async fn verify_email(
        &self,
        token: TokenHash,
        origin: &Origin,
    ) -> Result<Option<User>, Error> {
        let mut transaction = self.pool.begin().await?;
        let Some(user) = spend(&mut transaction, Purpose::VerifyEmail, token).await? else {
            return Ok(None);
        };
        let row: UserRow = sqlx::query_as(concat!(
            "UPDATE account
             SET email_verified_at = coalesce(email_verified_at, now()), updated_at = now()
             WHERE user_id = $1 RETURNING ",
            user_columns!()
        ))
        .bind(user.user_id.0)
        .fetch_one(&mut *transaction)
        .await?;
        let event = Event::by_owner(Act::VerifyEmail, user.user_id);
        audit::record(&mut transaction, &event, origin).await?;
        transaction.commit().await?;
        Ok(Some(row.into()))
    }

    /// Puts a password in another's place, ends every other session, and tells the owner. None where
    /// the old password was changed or the account was closed since the check.
    pub(crate) async fn change_password(
        &self,
        new: NewPassword<'_>,
        origin: &Origin,
    ) -> Result<Option<Vec<SessionId>>, Error> {
        let mut transaction = self.pool.begin().await?;
        let row: Option<UserRow> = sqlx::query_as(concat!(
            "UPDATE account SET password_hash = $3, updated_at = now()
             WHERE user_id = $1 AND password_hash = $2 AND is_active RETURNING ",
            user_columns!()
        ))
        .bind(new.user_id.0)
        .bind(new.verified)
        .bind(new.fresh)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(user) = row.map(User::from) else { return Ok(None) };
        spend_all(&mut transaction, user.user_id).await?;
        let ended =
            end_all(&mut transaction, user.user_id, new.keep, EndReason::PasswordChanged).await?;
        let event = Event::by_owner(Act::ChangePassword, user.user_id);
        audit::record(&mut transaction, &event, origin).await?;
        self.mails.put(&mut transaction, &Letter::to(&user, Matter::PasswordChanged)).await?;
        transaction.commit().await?;
        Ok(Some(ended))
    }

    /// Sets the password of whoever has the mailed token, and ends every session. Who reads the
    /// mail has the address, so it counts as proved. None where the token proves nothing.
    pub(crate) async fn reset_password(
        &self,
        token: TokenHash,
        fresh: &str,
        origin: &Origin,
    ) -> Result<Option<(User, Vec<SessionId>)>, Error> {
        let mut transaction = self.pool.begin().await?;
        let Some(user) = spend(&mut transaction, Purpose::ResetPassword, token).await? else {
            return Ok(None);
        };
        sqlx::query(
            "UPDATE account
             SET password_hash = $2, updated_at = now(),
                 email_verified_at = coalesce(email_verified_at, now())
             WHERE user_id = $1",
        )
        .bind(user.user_id.0)
        .bind(fresh)
        .execute(&mut *transaction)
        .await?;
        let event = Event::by_owner(Act::ResetPassword, user.user_id);
        let ended = self.settle_reset(&mut transaction, &user, &event, origin).await?;
        transaction.commit().await?;
        Ok(Some((user, ended)))
    }

    /// Sets the password of an account at the operator's word, and ends every session. False where
    /// the account is not there any more.
    pub(crate) async fn set_password(
        &self,
        user_id: UserId,
        fresh: &str,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        let row: Option<UserRow> = sqlx::query_as(concat!(
            "UPDATE account SET password_hash = $2, updated_at = now()
             WHERE user_id = $1 AND closed_at IS NULL RETURNING ",
            user_columns!()
        ))
        .bind(user_id.0)
        .bind(fresh)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(user) = row.map(User::from) else { return Ok(false) };
        let event = Event::by(Actor::Operator, Act::ResetPassword).about(user_id);
        self.settle_reset(&mut transaction, &user, &event, origin).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// What follows a password that was set anew: links and sessions end, and the owner is told.
    async fn settle_reset(
        &self,
        transaction: &mut PgConnection,
        user: &User,
        event: &Event,
        origin: &Origin,
    ) -> Result<Vec<SessionId>, Error> {
        spend_all(transaction, user.user_id).await?;
        let ended = end_all(transaction, user.user_id, None, EndReason::PasswordChanged).await?;
        audit::record(transaction, event, origin).await?;
        self.mails.put(transaction, &Letter::to(user, Matter::PasswordChanged)).await?;
        Ok(ended)
    }

    /// Deletes tokens that opened nothing for a day, and mails that were settled a month ago; at
    /// most `most` of each.
    pub(crate) async fn delete_old_mails(&self, most: i64) -> Result<u64, Error> {
        let tokens = sqlx::query(
            "DELETE FROM one_time_token WHERE token_hash IN (
                 SELECT token_hash FROM one_time_token
                 WHERE expires_at < now() - interval '1 day'
                 ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)",
        )
        .bind(most)
        .execute(&self.pool)
        .await?;
        let mails = sqlx::query(
            "DELETE FROM mail WHERE mail_id IN (
                 SELECT mail_id FROM mail
                 WHERE settled_at < now() - interval '30 days'
                    OR (outcome = 'dropped' AND settled_at < now() - interval '1 day')
                 ORDER BY settled_at LIMIT $1 FOR UPDATE SKIP LOCKED)",
        )
        .bind(most)
        .execute(&self.pool)
        .await?;
        Ok(tokens.rows_affected().max(mails.rows_affected()))
    }
}
