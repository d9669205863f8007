//! Accounts as things to look after: found by what is known of them, and changed with a record of who
//! did it.

use elenchus_rpc::UserId;
use elenchus_rpc::page::Page;
use elenchus_rpc::session::Credential;
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::account::{UserRow, user_columns};
use super::alive::credentials_of;
use super::session::end_all;
use super::{EndReason, Store, audit};
use crate::domain::audit::{Act, Actor, Event};
use crate::domain::{AccountChange, Error, Origin, Preferences, ProfileChange, Roles, User};

/// Which accounts are wanted.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Part of the address or of the name.
    pub text: String,
    /// Whether they may sign in.
    pub is_active: Option<bool>,
    /// Whether they administer the installation.
    pub is_superuser: Option<bool>,
    /// A named role that they have.
    pub role: String,
}

impl Store {
    /// Accounts, the newest first: ids are UUIDv7, so the id is the order.
    pub async fn list_users(
        &self,
        filter: &UserFilter,
        page: &Page<Uuid>,
    ) -> Result<Vec<User>, Error> {
        let mut query =
            QueryBuilder::new(concat!("SELECT ", user_columns!(), " FROM account WHERE true"));
        narrow(&mut query, filter);
        if let Some(after) = page.after {
            query.push(" AND user_id < ").push_bind(after);
        }
        query.push(" ORDER BY user_id DESC LIMIT ").push_bind(page.limit);
        query.push(" OFFSET ").push_bind(page.skip);
        let rows: Vec<UserRow> = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// Changes the profile of somebody's own account.
    pub async fn update_profile(
        &self,
        user_id: UserId,
        change: &ProfileChange,
        origin: &Origin,
    ) -> Result<Option<User>, Error> {
        let mut transaction = self.pool.begin().await?;
        let change = AccountChange { profile: change.clone(), ..AccountChange::default() };
        let Some(user) = update(&mut transaction, user_id, &change).await? else {
            return Ok(None);
        };
        record(&mut transaction, Actor::User(user_id), user_id, &change, origin).await?;
        transaction.commit().await?;
        Ok(Some(user))
    }

    /// Changes an account for somebody else. There is always one active superuser. Tells whose
    /// credentials open something else from now on.
    pub async fn update_user(
        &self,
        actor: Actor,
        user_id: UserId,
        change: &AccountChange,
        origin: &Origin,
    ) -> Result<Option<(User, Vec<Credential>)>, Error> {
        if change.is_active == Some(false) && actor == Actor::User(user_id) {
            return Err(Error::OwnAccount);
        }
        let mut transaction = self.pool.begin().await?;
        lock_superusers(&mut transaction).await?;
        let Some(before) = lock_user(&mut transaction, user_id).await? else { return Ok(None) };
        let Some(user) = update(&mut transaction, user_id, change).await? else { return Ok(None) };
        let was_in_charge = before.is_superuser && before.is_active;
        if was_in_charge
            && !(user.is_superuser && user.is_active)
            && !has_superuser(&mut transaction).await?
        {
            return Err(Error::LastSuperuser);
        }
        let has_other_rights =
            before.is_active != user.is_active || before.is_superuser != user.is_superuser;
        let changed = match has_other_rights {
            true => credentials_of(&mut transaction, user_id).await?,
            false => Vec::new(),
        };
        if before.is_active && !user.is_active {
            end_all(&mut transaction, user_id, None, EndReason::Deactivated).await?;
        }
        let change = AccountChange {
            profile: change.profile.clone(),
            is_active: change.is_active.filter(|is_active| *is_active != before.is_active),
            is_superuser: change.is_superuser.filter(|is_one| *is_one != before.is_superuser),
        };
        record(&mut transaction, actor, user_id, &change, origin).await?;
        transaction.commit().await?;
        Ok(Some((user, changed)))
    }

    /// Replaces the named roles of an account. Tells whose credentials open something else from now on.
    pub async fn set_roles(
        &self,
        actor: Actor,
        user_id: UserId,
        roles: &Roles,
        origin: &Origin,
    ) -> Result<Option<(User, Vec<Credential>)>, Error> {
        let mut transaction = self.pool.begin().await?;
        if lock_user(&mut transaction, user_id).await?.is_none() {
            return Ok(None);
        }
        sqlx::query("DELETE FROM account_role WHERE user_id = $1 AND role <> ALL ($2)")
            .bind(user_id.0)
            .bind(roles.names())
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO account_role (user_id, role) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
        )
        .bind(user_id.0)
        .bind(roles.names())
        .execute(&mut *transaction)
        .await?;
        let user = update(&mut transaction, user_id, &AccountChange::default()).await?;
        let changed = credentials_of(&mut transaction, user_id).await?;
        let event = Event::by(actor, Act::SetRoles).about(user_id).with("roles", roles.names());
        audit::record(&mut transaction, &event, origin).await?;
        transaction.commit().await?;
        Ok(user.map(|user| (user, changed)))
    }

    /// What the account's programs keep with it.
    pub async fn preferences(&self, user_id: UserId) -> Result<Option<Preferences>, Error> {
        let found: Option<Json<Map<String, Value>>> =
            sqlx::query_scalar("SELECT preferences FROM account WHERE user_id = $1")
                .bind(user_id.0)
                .fetch_optional(&self.pool)
                .await?;
        Ok(found.map(|Json(object)| Preferences::stored(object)))
    }

    /// Replaces what the account's programs keep with it. False where there is no account.
    pub async fn set_preferences(
        &self,
        user_id: UserId,
        preferences: &Preferences,
    ) -> Result<bool, Error> {
        let done = sqlx::query("UPDATE account SET preferences = $2 WHERE user_id = $1")
            .bind(user_id.0)
            .bind(Json(preferences.as_map()))
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &UserFilter) {
    if !filter.text.is_empty() {
        let text = filter.text.to_lowercase();
        query.push(" AND (strpos(email_folded, ").push_bind(text.clone());
        query.push(") > 0 OR strpos(lower(full_name), ").push_bind(text).push(") > 0)");
    }
    if let Some(is_active) = filter.is_active {
        query.push(" AND is_active = ").push_bind(is_active);
    }
    if let Some(is_superuser) = filter.is_superuser {
        query.push(" AND is_superuser = ").push_bind(is_superuser);
    }
    if !filter.role.is_empty() {
        query.push(" AND user_id IN (SELECT user_id FROM account_role WHERE role = ");
        query.push_bind(filter.role.clone()).push(")");
    }
}

/// Puts those who change who is in charge in a line, always in the same order.
pub(super) async fn lock_superusers(transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT FROM account WHERE is_superuser AND is_active ORDER BY user_id FOR NO KEY UPDATE",
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Whether somebody is in charge.
pub(super) async fn has_superuser(transaction: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM account WHERE is_superuser AND is_active)")
        .fetch_one(transaction)
        .await
}

/// An account that is not on its way out, which nobody else changes before this transaction ends.
pub(super) async fn lock_user(
    transaction: &mut PgConnection,
    user_id: UserId,
) -> Result<Option<User>, sqlx::Error> {
    let row: Option<UserRow> = sqlx::query_as(concat!(
        "SELECT ",
        user_columns!(),
        " FROM account WHERE user_id = $1 AND closed_at IS NULL FOR NO KEY UPDATE"
    ))
    .bind(user_id.0)
    .fetch_optional(transaction)
    .await?;
    Ok(row.map(User::from))
}

async fn update(
    transaction: &mut PgConnection,
    user_id: UserId,
    change: &AccountChange,
) -> Result<Option<User>, sqlx::Error> {
    let row: Option<UserRow> = sqlx::query_as(concat!(
        "UPDATE account
         SET full_name = coalesce($2, full_name), organization = coalesce($3, organization),
             role = coalesce($4, role), is_active = coalesce($5, is_active),
             is_superuser = coalesce($6, is_superuser), updated_at = now()
         WHERE user_id = $1 AND closed_at IS NULL
         RETURNING ",
        user_columns!()
    ))
    .bind(user_id.0)
    .bind(&change.profile.full_name)
    .bind(&change.profile.organization)
    .bind(&change.profile.role)
    .bind(change.is_active)
    .bind(change.is_superuser)
    .fetch_optional(transaction)
    .await?;
    Ok(row.map(User::from))
}

/// One event for each kind of change.
async fn record(
    transaction: &mut PgConnection,
    actor: Actor,
    user_id: UserId,
    change: &AccountChange,
    origin: &Origin,
) -> Result<(), sqlx::Error> {
    let fields = change.profile.fields();
    if !fields.is_empty() {
        let event = Event::by(actor, Act::UpdateProfile).about(user_id).with("fields", fields);
        audit::record(transaction, &event, origin).await?;
    }
    let is_active = change.is_active.map(|yes| if yes { Act::Activate } else { Act::Deactivate });
    let is_superuser =
        change.is_superuser.map(|yes| if yes { Act::MakeSuperuser } else { Act::UnmakeSuperuser });
    for act in [is_active, is_superuser].into_iter().flatten() {
        audit::record(transaction, &Event::by(actor, act).about(user_id), origin).await?;
    }
    Ok(())
}
