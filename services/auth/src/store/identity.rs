//! Accounts that are opened by an issuer's word. An account is found by whom the issuer means; only
//! once, when the two are linked, by an address that both sides proved.

use elenchus_rpc::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::account::{UserRow, user_columns};
use super::{Opened, Store, audit};
use crate::domain::audit::{Act, Event};
use crate::domain::{EmailAddress, Error, Identity, Origin, Profile, User};
use crate::mail::{Letter, Matter};
use crate::opaque_token::TokenHash;
use crate::password::NO_PASSWORD;

/// A sign-in by an issuer's word.
pub(crate) struct NewIdentity<'a> {
    /// The word.
    pub(crate) identity: &'a Identity,
    /// Its address.
    pub(crate) email: &'a EmailAddress,
    /// What a new account is told of its owner.
    pub(crate) profile: &'a Profile,
    /// The session's first refresh token.
    pub(crate) token: TokenHash,
    /// What is shown with a code of the second factor, where one is demanded.
    pub(crate) challenge: TokenHash,
    /// From where.
    pub(crate) origin: &'a Origin,
}

impl Store {
    /// Opens a session for whom the issuer vouches, in the account that is linked, can be linked, or
    /// is made now.
    pub(crate) async fn open_by_identity(&self, new: NewIdentity<'_>) -> Result<Opened, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = match linked(&mut transaction, new.identity).await? {
            Some(user) => user,
            None => self.link(&mut transaction, &new).await?,
        };
        if !user.is_active {
            return Err(Error::Inactive);
        }
        self.admit(transaction, user, new.token, new.challenge, new.origin).await
    }

    async fn link(
        &self,
        transaction: &mut PgConnection,
        new: &NewIdentity<'_>,
    ) -> Result<User, Error> {
        if !new.identity.is_email_verified {
            return Err(Error::OidcNoEmail);
        }
        let made = make(transaction, new).await?;
        let is_new = made.is_some();
        let user = match made {
            Some(user) => user,
            None => owner_of(transaction, new.email).await?.ok_or(Error::OidcRefused)?,
        };
        // Whoever opened the account first never proved the address: it may be a stranger, who
        // knows the password and waits for the owner to move in.
        if !user.email_verified {
            return Err(Error::EmailNotVerified);
        }
        keep(transaction, new.identity, user.user_id).await?;
        let act = if is_new { Act::Register } else { Act::LinkIdentity };
        audit::record(transaction, &Event::by_owner(act, user.user_id), new.origin).await?;
        if !is_new {
            self.mails.put(transaction, &Letter::to(&user, Matter::IdentityLinked)).await?;
        }
        Ok(user)
    }
}

async fn linked(
    connection: &mut PgConnection,
    identity: &Identity,
) -> Result<Option<User>, sqlx::Error> {
    let row: Option<UserRow> = sqlx::query_as(concat!(
        "SELECT ",
        user_columns!(),
        " FROM identity JOIN account USING (user_id) WHERE issuer = $1 AND subject = $2"
    ))
    .bind(&identity.issuer)
    .bind(&identity.subject)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(User::from))
}

/// Makes an account without a password. None where the address has one.
async fn make(
    connection: &mut PgConnection,
    new: &NewIdentity<'_>,
) -> Result<Option<User>, sqlx::Error> {
    let row: Option<UserRow> = sqlx::query_as(concat!(
        "INSERT INTO account (user_id, email, email_folded, password_hash, full_name, organization, role,
                              email_verified_at)
         VALUES ($1, $2, $3, $4, $5, '', '', now())
         ON CONFLICT (email_folded) DO NOTHING
         RETURNING ",
        user_columns!()
    ))
    .bind(Uuid::now_v7())
    .bind(new.email.as_typed())
    .bind(new.email.folded())
    .bind(NO_PASSWORD)
    .bind(&new.profile.full_name)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(User::from))
}

async fn owner_of(
    connection: &mut PgConnection,
    email: &EmailAddress,
) -> Result<Option<User>, sqlx::Error> {
    let row: Option<UserRow> = sqlx::query_as(concat!(
        "SELECT ",
        user_columns!(),
        " FROM account WHERE email_folded = $1 FOR UPDATE"
    ))
    .bind(email.folded())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(User::from))
}

async fn keep(
    connection: &mut PgConnection,
    identity: &Identity,
    user_id: UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO identity (issuer, subject, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(&identity.issuer)
    .bind(&identity.subject)
    .bind(user_id.0)
    .execute(connection)
    .await?;
    Ok(())
}
