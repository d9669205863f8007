//! Tokens with limited rights, as users and services see them.

use std::sync::Arc;
use std::time::SystemTime;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::token_service_server::TokenService;
use elenchus_rpc::Caller;
use elenchus_rpc::status::{from_error, invalid, not_found, with_reason};
use elenchus_rpc::token::{OpaqueKind, OpaqueToken, TokenHash};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::origin;
use crate::domain::{ApiToken, NewApiToken, Scopes, grant_lifetime};
use crate::sessions::StoredSessions;
use crate::store::Store;

/// `elenchus.auth.v1.TokenService`.
pub(crate) struct TokenRpc {
    /// Where the tokens are.
    pub(crate) store: Store,
    /// What this replica believes of them.
    pub(crate) sessions: Arc<StoredSessions>,
}

#[tonic::async_trait]
impl TokenService for TokenRpc {
    #[tracing::instrument(name = "auth.create_token", skip_all)]
    async fn create_token(
        &self,
        request: Request<pb::CreateTokenRequest>,
    ) -> Result<Response<pb::CreateTokenResponse>, Status> {
        let (user_id, origin) = (Caller::of(&request)?.user_id, origin::of(&request));
        let pb::CreateTokenRequest { name, scopes, expires_in_days } = request.into_inner();
        let new = NewApiToken::parse(&name, scopes, expires_in_days).map_err(from_error)?;
        let token = OpaqueToken::draw(OpaqueKind::Api);
        let made = self.store.insert_api_token(user_id, &new, &token, &origin).await;
        let api_token = made.map_err(from_error)?.into();
        let token = token.expose().to_owned();
        Ok(Response::new(pb::CreateTokenResponse { token, api_token: Some(api_token) }))
    }

    #[tracing::instrument(name = "auth.list_tokens", skip_all)]
    async fn list_tokens(
        &self,
        request: Request<pb::ListTokensRequest>,
    ) -> Result<Response<pb::ListTokensResponse>, Status> {
        let user_id = Caller::of(&request)?.user_id;
        let tokens = self.store.api_tokens(user_id).await.map_err(from_error)?;
        let tokens = tokens.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListTokensResponse { tokens }))
    }

    #[tracing::instrument(name = "auth.revoke_token", skip_all)]
    async fn revoke_token(
        &self,
        request: Request<pb::RevokeTokenRequest>,
    ) -> Result<Response<pb::RevokeTokenResponse>, Status> {
        let (user_id, origin) = (Caller::of(&request)?.user_id, origin::of(&request));
        // What is no id is the id of no token.
        let token_id = Uuid::try_parse(&request.get_ref().token_id);
        let token_id = token_id.map_err(|_| not_found("token"))?;
        let revoked = self.store.revoke_api_token(user_id, token_id, &origin).await;
        let hash = revoked.map_err(from_error)?.ok_or_else(|| not_found("token"))?;
        self.sessions.end_token(hash).await;
        Ok(Response::new(pb::RevokeTokenResponse { message: "Token revoked".to_owned() }))
    }

    #[tracing::instrument(name = "auth.issue_grant", skip_all)]
    async fn issue_grant(
        &self,
        request: Request<pb::IssueGrantRequest>,
    ) -> Result<Response<pb::IssueGrantResponse>, Status> {
        let caller = Caller::of(&request)?;
        let pb::IssueGrantRequest { scopes, lifetime_seconds } = request.into_inner();
        let lifetime = grant_lifetime(lifetime_seconds).map_err(from_error)?;
        let scopes = Scopes::parse(scopes).map_err(from_error)?;
        let actor = may_be_granted(&caller, &scopes)?;
        let token = OpaqueToken::draw(OpaqueKind::Grant);
        let issued =
            self.store.insert_grant(caller.user_id, actor, &scopes, lifetime, &token).await;
        let expires_at = Some(SystemTime::from(issued.map_err(from_error)?).into());
        let grant = token.expose().to_owned();
        Ok(Response::new(pb::IssueGrantResponse { grant, expires_at }))
    }

    #[tracing::instrument(name = "auth.check_token", skip_all)]
    async fn check_token(
        &self,
        request: Request<pb::CheckTokenRequest>,
    ) -> Result<Response<pb::CheckTokenResponse>, Status> {
        let hash = TokenHash::try_from(request.into_inner().token_hash)
            .map_err(|_| invalid("token_hash", "is not a SHA-256"))?;
        let authority = self.store.token_authority(hash).await.map_err(from_error)?;
        let Some(authority) = authority else {
            return Ok(Response::new(pb::CheckTokenResponse::default()));
        };
        Ok(Response::new(pb::CheckTokenResponse {
            is_active: true,
            user_id: authority.user_id.to_string(),
            is_superuser: authority.is_superuser,
            roles: authority.roles.to_vec(),
            scopes: authority.scopes.map(|scopes| scopes.to_vec()).unwrap_or_default(),
            actor: authority.actor.unwrap_or_default(),
        }))
    }
}

/// The service that gets the grant, where the user's token lets it have all of these scopes.
fn may_be_granted<'a>(caller: &'a Caller, scopes: &Scopes) -> Result<&'a str, Status> {
    let denied = |message: String| with_reason(Code::PermissionDenied, "SCOPE_REQUIRED", message);
    if caller.authority.actor.is_some() {
        return Err(denied("a grant gives no further grants".to_owned()));
    }
    let mut scopes = scopes.as_slice().iter();
    if let Some(lacking) = scopes.find(|scope| !caller.authority.has_scope(scope)) {
        let message = format!("the token lacks the scope {lacking:?}; make one that has it");
        return Err(denied(message));
    }
    caller
        .service
        .as_deref()
        .ok_or_else(|| Status::unauthenticated("only services are granted anything"))
}

impl From<ApiToken> for pb::ApiToken {
    fn from(token: ApiToken) -> Self {
        let timestamp = |moment| SystemTime::from(moment).into();
        Self {
            id: token.token_id.to_string(),
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes,
            created_at: Some(timestamp(token.created_at)),
            expires_at: Some(timestamp(token.expires_at)),
            last_used_at: token.last_used_at.map(timestamp),
        }
    }
}
