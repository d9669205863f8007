//! Accounts: made once for each address, found by address or id.

use chrono::{DateTime, Utc};
use elenchus_postgres::constraint;
use elenchus_rpc::UserId;
use sqlx::FromRow;
use uuid::Uuid;

use super::one_time::{Purpose, keep};
use super::{Store, audit};
use crate::domain::audit::{Act, Actor, Event};
use crate::domain::{EmailAddress, Error, Origin, Profile, User};
use crate::mail::{Letter, Matter};
use crate::opaque_token::OpaqueToken;

/// The columns of a [`UserRow`], named so that a later migration changes no prepared statement.
macro_rules! user_columns {
    () => {
        "account.user_id, account.email, account.full_name, account.organization, account.role,
         account.is_active, account.is_superuser, account.created_at, account.updated_at,
         account.last_login_at, account.email_verified_at IS NOT NULL AS email_verified,
         ARRAY (SELECT account_role.role FROM account_role
                WHERE account_role.user_id = account.user_id
                ORDER BY account_role.role) AS roles"
    };
}
pub(super) use user_columns;

/// An account that is to be made.
pub struct NewAccount<'a> {
    /// The address to sign in with.
    pub email: &'a EmailAddress,
    /// A PHC string.
    pub password_hash: &'a str,
    /// Free text about the person.
    pub profile: &'a Profile,
    /// What the link that proves the address carries.
    pub verification: &'a OpaqueToken,
    /// Whether it administers the installation.
    pub is_superuser: bool,
    /// Who makes it, if not its owner.
    pub actor: Option<Actor>,
}

/// An account with what proves its password.
pub struct Account {
    /// The account.
    pub user: User,
    /// A PHC string.
    pub password_hash: String,
}

#[derive(FromRow)]
pub(super) struct UserRow {
    user_id: Uuid,
    email: String,
    full_name: String,
    organization: String,
    role: String,
    pub(super) is_active: bool,
    is_superuser: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_login_at: Option<DateTime<Utc>>,
    roles: Vec<String>,
    email_verified: bool,
}

#[derive(FromRow)]
pub(super) struct AccountRow {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: String,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            user_id: UserId(row.user_id),
            email: row.email,
            profile: Profile {
                full_name: row.full_name,
                organization: row.organization,
                role: row.role,
            },
            is_active: row.is_active,
            is_superuser: row.is_superuser,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login_at: row.last_login_at,
            roles: row.roles,
            email_verified: row.email_verified,
        }
    }
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self { user: row.user.into(), password_hash: row.password_hash }
    }
}

impl Store {
    /// Makes an account, and sends the link that proves its address. The unique index decides
    /// between two who want one address at once.
    pub async fn insert_account(
        &self,
        new: NewAccount<'_>,
        origin: &Origin,
    ) -> Result<User, Error> {
        let NewAccount { email, profile, verification, .. } = new;
        let mut transaction = self.pool.begin().await?;
        let inserted: Result<UserRow, _> = sqlx::query_as(concat!(
            "INSERT INTO account (user_id, email, email_folded, password_hash, full_name, organization, role,
                                  is_superuser)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             RETURNING ",
            user_columns!()
        ))
        .bind(Uuid::now_v7())
        .bind(email.as_typed())
        .bind(email.folded())
        .bind(new.password_hash)
        .bind(&profile.full_name)
        .bind(&profile.organization)
        .bind(&profile.role)
        .bind(new.is_superuser)
        .fetch_one(&mut *transaction)
        .await;
        let user = match inserted {
            Ok(row) => User::from(row),
            Err(error) if constraint(&error) == Some("account_email_folded") => {
                return Err(Error::EmailTaken);
            }
            Err(error) => return Err(error.into()),
        };
        keep(&mut transaction, Purpose::VerifyEmail, user.user_id, verification.hash()).await?;
        let matter = Matter::VerifyEmail { token: verification.expose().to_owned() };
        self.mails.put(&mut transaction, &Letter::to(&user, matter)).await?;
        let actor = new.actor.unwrap_or(Actor::User(user.user_id));
        let acts = [Some(Act::Register), new.is_superuser.then_some(Act::MakeSuperuser)];
        for act in acts.into_iter().flatten() {
            let event = Event::by(actor, act).about(user.user_id);
            audit::record(&mut transaction, &event, origin).await?;
        }
        transaction.commit().await?;
        Ok(user)
    }

    /// The account of an address, however it is spelt.
    pub async fn find_account(&self, email: &EmailAddress) -> Result<Option<Account>, Error> {
        let row: Option<AccountRow> = sqlx::query_as(concat!(
            "SELECT password_hash, ",
            user_columns!(),
            " FROM account WHERE email_folded = $1"
        ))
        .bind(email.folded())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Account::from))
    }

    /// The account with an id.
    pub async fn find_user(&self, user_id: UserId) -> Result<Option<User>, Error> {
        let row: Option<UserRow> =
            sqlx::query_as(concat!("SELECT ", user_columns!(), " FROM account WHERE user_id = $1"))
                .bind(user_id.0)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(User::from))
    }

    /// Opens or closes an account. A closed one's sessions are not alive while it is closed.
    pub async fn set_active(&self, user_id: UserId, is_active: bool) -> Result<bool, Error> {
        let done =
            sqlx::query("UPDATE account SET is_active = $2, updated_at = now() WHERE user_id = $1")
                .bind(user_id.0)
                .bind(is_active)
                .execute(&self.pool)
                .await?;
        Ok(done.rows_affected() == 1)
    }
}
