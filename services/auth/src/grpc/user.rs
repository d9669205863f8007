//! Accounts as things to look after: one's own, and for superusers everybody's.

use std::sync::Arc;

use elenchus_proto::json;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::user_service_server::UserService;
use elenchus_rpc::page::{Page, respond};
use elenchus_rpc::session::Credential;
use elenchus_rpc::status::{from_error, invalid};
use elenchus_rpc::{Caller, UserId};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::origin;
use crate::domain::audit::Actor;
use crate::domain::{AccountChange, Error, Preferences, ProfileChange, Roles, User};
use crate::sessions::StoredSessions;
use crate::store::{Store, UserFilter};

const DEFAULT_USERS: i32 = 50;

/// `elenchus.auth.v1.UserService`.
pub(crate) struct UserRpc {
    /// What holds the accounts.
    pub(crate) store: Store,
    /// What every process is told by of rights that change.
    pub(crate) sessions: Arc<StoredSessions>,
}

#[tonic::async_trait]
impl UserService for UserRpc {
    #[tracing::instrument(name = "auth.get_my_account", skip_all)]
    async fn get_my_account(
        &self,
        request: Request<pb::GetMyAccountRequest>,
    ) -> Result<Response<pb::GetMyAccountResponse>, Status> {
        let user_id = Caller::of(&request)?.user_id;
        let user = found(self.store.find_user(user_id).await)?;
        Ok(Response::new(pb::GetMyAccountResponse { user }))
    }

    #[tracing::instrument(name = "auth.update_my_account", skip_all)]
    async fn update_my_account(
        &self,
        request: Request<pb::UpdateMyAccountRequest>,
    ) -> Result<Response<pb::UpdateMyAccountResponse>, Status> {
        let user_id = Caller::of(&request)?.user_id;
        let origin = origin::of(&request);
        let pb::UpdateMyAccountRequest { full_name, organization, role } = request.into_inner();
        let change =
            ProfileChange::parse(full_name.as_deref(), organization.as_deref(), role.as_deref())
                .map_err(from_error)?;
        let user = found(self.store.update_profile(user_id, &change, &origin).await)?;
        Ok(Response::new(pb::UpdateMyAccountResponse { user }))
    }

    #[tracing::instrument(name = "auth.get_my_preferences", skip_all)]
    async fn get_my_preferences(
        &self,
        request: Request<pb::GetMyPreferencesRequest>,
    ) -> Result<Response<pb::GetMyPreferencesResponse>, Status> {
        let user_id = Caller::of(&request)?.user_id;
        let preferences = self.store.preferences(user_id).await.map_err(from_error)?;
        let preferences = preferences.ok_or_else(|| from_error(Error::NoAccount))?;
        let preferences = json::to_struct(Value::Object(preferences.into_map()));
        Ok(Response::new(pb::GetMyPreferencesResponse { preferences }))
    }

    #[tracing::instrument(name = "auth.set_my_preferences", skip_all)]
    async fn set_my_preferences(
        &self,
        request: Request<pb::SetMyPreferencesRequest>,
    ) -> Result<Response<pb::SetMyPreferencesResponse>, Status> {
        let user_id = Caller::of(&request)?.user_id;
        let object = json::from_struct(request.into_inner().preferences.unwrap_or_default());
        let preferences = Preferences::parse(object).map_err(from_error)?;
        if !self.store.set_preferences(user_id, &preferences).await.map_err(from_error)? {
            return Err(from_error(Error::NoAccount));
        }
        let preferences = json::to_struct(Value::Object(preferences.into_map()));
        Ok(Response::new(pb::SetMyPreferencesResponse { preferences }))
    }

    #[tracing::instrument(name = "auth.list_users", skip_all)]
    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let request = request.into_inner();
        let page = Page::parse(request.skip, request.limit, DEFAULT_USERS, &request.page_token)?;
        let filter = UserFilter {
            text: without_nul("q", request.q)?.trim().to_owned(),
            is_active: request.is_active,
            is_superuser: request.is_superuser,
            role: without_nul("has_role", request.has_role)?,
        };
        let found = self.store.list_users(&filter, &page).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(|last| last.user_id.0);
        let users = found.into_iter().map(Into::into).collect();
        respond(pb::ListUsersResponse { users }, next)
    }

    #[tracing::instrument(name = "auth.get_user", skip_all)]
    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let user_id = user_id(&request.get_ref().user_id)?;
        let user = found(self.store.find_user(user_id).await)?;
        Ok(Response::new(pb::GetUserResponse { user }))
    }

    #[tracing::instrument(name = "auth.update_user", skip_all)]
    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::UpdateUserResponse>, Status> {
        let actor = Actor::User(Caller::of(&request)?.user_id);
        let origin = origin::of(&request);
        let request = request.into_inner();
        let user_id = user_id(&request.user_id)?;
        let change = AccountChange::try_from(request).map_err(from_error)?;
        let user =
            self.told(self.store.update_user(actor, user_id, &change, &origin).await).await?;
        Ok(Response::new(pb::UpdateUserResponse { user }))
    }

    #[tracing::instrument(name = "auth.set_user_roles", skip_all)]
    async fn set_user_roles(
        &self,
        request: Request<pb::SetUserRolesRequest>,
    ) -> Result<Response<pb::SetUserRolesResponse>, Status> {
        let actor = Actor::User(Caller::of(&request)?.user_id);
        let origin = origin::of(&request);
        let request = request.into_inner();
        let user_id = user_id(&request.user_id)?;
        let roles = Roles::parse(request.roles).map_err(from_error)?;
        let user = self.told(self.store.set_roles(actor, user_id, &roles, &origin).await).await?;
        Ok(Response::new(pb::SetUserRolesResponse { user }))
    }
}

impl UserRpc {
    /// The account that was changed, once every process has been told that its rights did.
    async fn told(
        &self,
        changed: Result<Option<(User, Vec<Credential>)>, Error>,
    ) -> Result<Option<pb::User>, Status> {
        let changed = changed.and_then(|changed| changed.ok_or(Error::NoAccount));
        let (user, credentials) = changed.map_err(from_error)?;
        self.sessions.change(credentials).await;
        Ok(Some(user.into()))
    }
}

/// The account that was looked up or changed.
fn found(user: Result<Option<User>, Error>) -> Result<Option<pb::User>, Status> {
    let user = user.and_then(|user| user.ok_or(Error::NoAccount)).map_err(from_error)?;
    Ok(Some(user.into()))
}

/// PostgreSQL takes no NUL.
fn without_nul(field: &str, text: String) -> Result<String, Status> {
    if text.contains('\0') {
        return Err(invalid(field, "must not hold the character NUL"));
    }
    Ok(text)
}

/// What is no id names no account.
pub(super) fn user_id(raw: &str) -> Result<UserId, Status> {
    Uuid::try_parse(raw).map(UserId).map_err(|_| from_error(Error::NoAccount))
}

impl TryFrom<pb::UpdateUserRequest> for AccountChange {
    type Error = Error;

    fn try_from(request: pb::UpdateUserRequest) -> Result<Self, Error> {
        let pb::UpdateUserRequest {
            full_name, organization, role, is_active, is_superuser, ..
        } = request;
        let profile =
            ProfileChange::parse(full_name.as_deref(), organization.as_deref(), role.as_deref())?;
        Ok(Self { profile, is_active, is_superuser })
    }
}
