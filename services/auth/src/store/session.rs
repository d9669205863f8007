//! Sessions: opened by a password and what else is demanded, carried on by refresh tokens, ended by a log-out, by theft or by
//! time.

use std::time::Duration;

use elenchus_outbox as outbox;
use elenchus_proto::pb::analytics::v1 as analytics;
use elenchus_rpc::UserId;
use elenchus_rpc::session::Authority;
use sqlx::{FromRow, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::account::{UserRow, user_columns};
use super::one_time::{Purpose, keep, owner_of, spend};
use super::second_factor::{Verdict, is_second_factor_demanded};
use super::{Store, audit};
use crate::domain::audit::{Act, Event};
use crate::domain::{Error, Origin, SessionId, User};
use crate::mail::{Letter, Matter};
use crate::opaque_token::TokenHash;

/// A sign-in whose password was right.
pub struct NewSession<'a> {
    /// Who signed in.
    pub user_id: UserId,
    /// The hash against which the password was right.
    pub verified: &'a str,
    /// The hash that replaces it, where it was outdated.
    pub fresh: Option<&'a str>,
    /// The session's first refresh token.
    pub token: TokenHash,
    /// What is shown with a code of the second factor, where one is demanded.
    pub challenge: TokenHash,
    /// From where.
    pub origin: &'a Origin,
}

/// What came of a sign-in whose password was right.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// The session is open.
    Session(User, SessionId),
    /// The account demands a second factor: the challenge holds for a few minutes.
    Challenge(User),
}

/// Why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The user logged out.
    Logout,
    /// A refresh token was used that had been traded before.
    TokenReuse,
    /// The account was deactivated.
    Deactivated,
    /// The password was changed or reset.
    PasswordChanged,
    /// The owner ended it from elsewhere.
    Revoked,
    /// The account was closed for good.
    Closed,
}

/// What came of a refresh token that was presented.
#[derive(Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The new token holds from now on.
    Rotated(User, SessionId),
    /// The token is unknown, or its session is over.
    Refused,
    /// The token had been traded before. The session has been ended.
    Reused(SessionId),
}

#[derive(FromRow)]
struct SessionRow {
    session_id: Uuid,
    token_hash: Vec<u8>,
    spent_token_hash: Option<Vec<u8>>,
    is_alive: bool,
    #[sqlx(flatten)]
    user: UserRow,
}

impl SessionRow {
    /// The token to trade, or the one that it was traded for: then the answer was lost, and the
    /// token in it has not been used.
    fn accepts(&self, presented: TokenHash) -> bool {
        let presented = presented.as_ref();
        self.token_hash == presented || self.spent_token_hash.as_deref() == Some(presented)
    }
}

impl EndReason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::TokenReuse => "token_reuse",
            Self::Deactivated => "deactivated",
            Self::PasswordChanged => "password_changed",
            Self::Revoked => "revoked",
            Self::Closed => "closed",
        }
    }
}

impl Store {
    /// Opens a session, or asks for the second factor. None where the account was closed or its
    /// password changed since it was checked.
    pub async fn open_session(&self, new: NewSession<'_>) -> Result<Option<Opened>, Error> {
        let mut transaction = self.pool.begin().await?;
        let user: Option<UserRow> = sqlx::query_as(concat!(
            "UPDATE account SET password_hash = coalesce($3, password_hash)
             WHERE user_id = $1 AND password_hash = $2 AND is_active
             RETURNING ",
            user_columns!()
        ))
        .bind(new.user_id.0)
        .bind(new.verified)
        .bind(new.fresh)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(user) = user else { return Ok(None) };
        let admitted = self.admit(transaction, user.into(), new.token, new.challenge, new.origin);
        admitted.await.map(Some)
    }

    /// Lets somebody in who is who they say, as far as the account demands.
    pub(super) async fn admit(
        &self,
        mut transaction: Transaction<'_, Postgres>,
        user: User,
        token: TokenHash,
        challenge: TokenHash,
        origin: &Origin,
    ) -> Result<Opened, Error> {
        let opened = if is_second_factor_demanded(&mut transaction, user.user_id).await? {
            if !keep(&mut transaction, Purpose::SecondFactor, user.user_id, challenge).await? {
                let retry_after = Duration::from_secs(60);
                return Err(Error::TooManyAttempts { retry_after });
            }
            Opened::Challenge(user)
        } else {
            let (user, session) =
                self.begin_session(&mut transaction, user.user_id, token, origin).await?;
            Opened::Session(user, session)
        };
        transaction.commit().await?;
        Ok(opened)
    }

    /// Opens the session of a sign-in to which only the second factor was wanting.
    pub(crate) async fn complete_session(
        &self,
        challenge: TokenHash,
        code: &str,
        token: TokenHash,
        origin: &Origin,
    ) -> Result<(User, SessionId), Error> {
        let mut transaction = self.pool.begin().await?;
        let owner = owner_of(&mut transaction, Purpose::SecondFactor, challenge).await?;
        let user_id = owner.ok_or(Error::ChallengeRefused)?.user_id;
        let verdict = self.check_code(&mut transaction, user_id, code, origin).await?;
        let refusal = match verdict.ok_or(Error::ChallengeRefused)? {
            Verdict::Right | Verdict::Recovered(_) => {
                let spent = spend(&mut transaction, Purpose::SecondFactor, challenge).await?;
                spent.ok_or(Error::ChallengeRefused)?;
                let session = self.begin_session(&mut transaction, user_id, token, origin).await?;
                transaction.commit().await?;
                return Ok(session);
            }
            Verdict::Wrong => Error::SecondFactorWrong,
            Verdict::Locked(retry_after) => Error::TooManyAttempts { retry_after },
        };
        // What was counted stays counted.
        transaction.commit().await?;
        Err(refusal)
    }

    async fn begin_session(
        &self,
        transaction: &mut PgConnection,
        user_id: UserId,
        token: TokenHash,
        origin: &Origin,
    ) -> Result<(User, SessionId), Error> {
        let user: UserRow = sqlx::query_as(concat!(
            "UPDATE account SET last_login_at = now() WHERE user_id = $1 RETURNING ",
            user_columns!()
        ))
        .bind(user_id.0)
        .fetch_one(&mut *transaction)
        .await?;
        let session = SessionId(Uuid::now_v7());
        sqlx::query(
            "INSERT INTO session (session_id, user_id, token_hash, expires_at, address, user_agent)
             VALUES ($1, $2, $3, now() + make_interval(secs => $4), $5, $6)",
        )
        .bind(session.0)
        .bind(user_id.0)
        .bind(token.as_ref())
        .bind(self.lifetime.absolute.as_secs_f64())
        .bind(origin.address_text())
        .bind(&origin.user_agent)
        .execute(&mut *transaction)
        .await?;
        remember_token(transaction, session, token).await?;
        let signed_in = analytics::SignedIn { session_id: session.to_string() };
        let event = outbox::event(user_id, analytics::event::What::SignedIn(signed_in));
        outbox::record(transaction, &event).await?;
        let event = Event::by_owner(Act::OpenSession, user_id).subject(session.0);
        audit::record(transaction, &event, origin).await?;
        Ok((user.into(), session))
    }

    /// Trades a token for its successor. The lock on the session's row puts those who present its
    /// tokens at once in a line.
    pub async fn rotate(
        &self,
        presented: TokenHash,
        successor: TokenHash,
        origin: &Origin,
    ) -> Result<Rotation, Error> {
        let mut transaction = self.pool.begin().await?;
        let Some(session) = self.lock_session(&mut transaction, presented).await? else {
            return Ok(Rotation::Refused);
        };
        let session_id = SessionId(session.session_id);
        if !session.is_alive || !session.user.is_active {
            return Ok(Rotation::Refused);
        }
        if !session.accepts(presented) {
            end(&mut transaction, session_id, EndReason::TokenReuse).await?;
            let owner = User::from(session.user);
            let event = Event::refused(Act::RefreshSession, "REFRESH_TOKEN_REUSED")
                .about(owner.user_id)
                .subject(session.session_id);
            audit::record(&mut transaction, &event, origin).await?;
            self.mails.put(&mut transaction, &Letter::to(&owner, Matter::SessionStolen)).await?;
            transaction.commit().await?;
            return Ok(Rotation::Reused(session_id));
        }
        sqlx::query(
            "UPDATE session SET token_hash = $2, spent_token_hash = $3, last_used_at = now(),
                    address = $4, user_agent = $5
             WHERE session_id = $1",
        )
        .bind(session.session_id)
        .bind(successor.as_ref())
        .bind(presented.as_ref())
        .bind(origin.address_text())
        .bind(&origin.user_agent)
        .execute(&mut *transaction)
        .await?;
        remember_token(&mut transaction, session_id, successor).await?;
        transaction.commit().await?;
        Ok(Rotation::Rotated(session.user.into(), session_id))
    }

    async fn lock_session(
        &self,
        transaction: &mut Transaction<'_, Postgres>,
        presented: TokenHash,
    ) -> Result<Option<SessionRow>, Error> {
        let session = sqlx::query_as(concat!(
            "SELECT session_id, token_hash, spent_token_hash,
                    ended_at IS NULL
                        AND clock_timestamp() < session.expires_at
                        AND clock_timestamp() < session.last_used_at + make_interval(secs => $2) AS is_alive, ",
            user_columns!(),
            " FROM session JOIN account USING (user_id)
             WHERE session_id = (SELECT session_id FROM refresh_token WHERE token_hash = $1)
             FOR UPDATE OF session"
        ))
        .bind(presented.as_ref())
        .bind(self.lifetime.idle.as_secs_f64())
        .fetch_optional(&mut **transaction)
        .await?;
        Ok(session)
    }

    /// Ends a session. One that has ended keeps its first reason.
    pub async fn end_session(
        &self,
        session: SessionId,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        if let Some(owner) = end(&mut transaction, session, reason).await? {
            let event = Event::by_owner(Act::EndSession, owner)
                .subject(session.0)
                .with("reason", reason.as_str());
            audit::record(&mut transaction, &event, origin).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// What the owner of a session may do. `None` unless the session is alive and its owner may use
    /// it.
    pub async fn authority(&self, session: SessionId) -> Result<Option<Authority>, Error> {
        let row: Option<(Uuid, bool, Vec<String>)> = sqlx::query_as(
            "SELECT account.user_id, is_superuser,
                    ARRAY (SELECT account_role.role FROM account_role
                           WHERE account_role.user_id = account.user_id ORDER BY account_role.role)
             FROM session JOIN account USING (user_id)
             WHERE session_id = $1 AND ended_at IS NULL AND is_active
               AND now() < expires_at
               AND now() < last_used_at + make_interval(secs => $2)",
        )
        .bind(session.0)
        .bind(self.lifetime.idle.as_secs_f64())
        .fetch_optional(&self.checks)
        .await?;
        Ok(row.map(|(user_id, is_superuser, roles)| Authority {
            is_superuser,
            roles: roles.into(),
            ..Authority::of_user(UserId(user_id))
        }))
    }

    /// Deletes sessions, with their tokens, that nobody could have used for a month; at most `most`.
    pub async fn delete_old_sessions(&self, most: i64) -> Result<u64, Error> {
        let done = sqlx::query(
            "DELETE FROM session WHERE session_id IN (
                 SELECT session_id FROM session
                 WHERE expires_at < now() - interval '30 days'
                 ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)",
        )
        .bind(most)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}

async fn remember_token(
    connection: &mut PgConnection,
    session: SessionId,
    token: TokenHash,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO refresh_token (token_hash, session_id) VALUES ($1, $2)")
        .bind(token.as_ref())
        .bind(session.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends a session that has not ended, and returns whose it was.
async fn end(
    connection: &mut PgConnection,
    session: SessionId,
    reason: EndReason,
) -> Result<Option<UserId>, sqlx::Error> {
    let owner = sqlx::query_scalar(
        "UPDATE session SET ended_at = now(), ended_reason = $2
         WHERE session_id = $1 AND ended_at IS NULL
         RETURNING user_id",
    )
    .bind(session.0)
    .bind(reason.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(owner.map(UserId))
}

/// Ends every session of an account but the one to keep, and tells which.
pub(super) async fn end_all(
    connection: &mut PgConnection,
    user_id: UserId,
    keep: Option<SessionId>,
    reason: EndReason,
) -> Result<Vec<SessionId>, sqlx::Error> {
    let ended: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE session SET ended_at = now(), ended_reason = $3
         WHERE user_id = $1 AND ended_at IS NULL AND session_id IS DISTINCT FROM $2
         RETURNING session_id",
    )
    .bind(user_id.0)
    .bind(keep.map(|session| session.0))
    .bind(reason.as_str())
    .fetch_all(connection)
    .await?;
    Ok(ended.into_iter().map(SessionId).collect())
}
