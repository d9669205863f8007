//! The auth service, played: it lets the workflow service act for users until it takes that back.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::token_service_server::TokenService;
use elenchus_rpc::session::{Authority, Credential, Sessions};
use elenchus_rpc::token::{OpaqueKind, OpaqueToken, TokenHash};
use elenchus_rpc::{Caller, UserId};
use tonic::{Request, Response, Status};

/// Nobody signs out here, and sessions are named after their users.
#[derive(Default)]
pub(crate) struct Auth {
    grants: Mutex<HashMap<TokenHash, Authority>>,
}

impl Auth {
    /// Leave for the workflow service to act for a user, in any of its ways.
    pub(crate) fn grant(&self, user: UserId) -> String {
        let scopes = ["assistant.use".to_owned(), "documents.read".to_owned()];
        self.give(Authority {
            scopes: Some(scopes.into()),
            actor: Some("workflow".to_owned()),
            ..Authority::of_user(user)
        })
    }

    fn give(&self, authority: Authority) -> String {
        let token = OpaqueToken::draw(OpaqueKind::Grant);
        self.grants.lock().unwrap().insert(token.hash(), authority);
        token.expose().to_owned()
    }

    /// Takes back what was granted, as when an account is deactivated.
    pub(crate) fn take_back(&self) {
        self.grants.lock().unwrap().clear();
    }
}

#[async_trait]
impl Sessions for Auth {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        Ok(match credential {
            Credential::Session(session) => Some(Authority::of_user(UserId(session))),
            Credential::Token(hash) => self.grants.lock().unwrap().get(&hash).cloned(),
        })
    }
}

#[tonic::async_trait]
impl TokenService for Auth {
    async fn issue_grant(
        &self,
        request: Request<pb::IssueGrantRequest>,
    ) -> Result<Response<pb::IssueGrantResponse>, Status> {
        let caller = Caller::of(&request)?;
        let authority = Authority {
            scopes: Some(request.into_inner().scopes.into()),
            actor: caller.service,
            ..Authority::of_user(caller.user_id)
        };
        let grant = self.give(authority);
        Ok(Response::new(pb::IssueGrantResponse { grant, expires_at: None }))
    }

    async fn create_token(
        &self,
        _: Request<pb::CreateTokenRequest>,
    ) -> Result<Response<pb::CreateTokenResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn list_tokens(
        &self,
        _: Request<pb::ListTokensRequest>,
    ) -> Result<Response<pb::ListTokensResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn revoke_token(
        &self,
        _: Request<pb::RevokeTokenRequest>,
    ) -> Result<Response<pb::RevokeTokenResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn check_token(
        &self,
        _: Request<pb::CheckTokenRequest>,
    ) -> Result<Response<pb::CheckTokenResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }
}
