//! `elenchus.auth.v1.OidcService`: requests in, responses out.

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::oidc_service_server::OidcService;
use elenchus_rpc::status::from_error;
use tonic::{Request, Response, Status};

use super::{Issuer, origin};
use crate::oidc::{Oidc, Returned};

/// Serves sign-in by an issuer's word.
pub(crate) struct OidcRpc {
    /// The acts.
    pub(crate) oidc: Oidc,
    /// What the session's tokens are made by.
    pub(crate) issuer: Issuer,
}

#[tonic::async_trait]
impl OidcService for OidcRpc {
    #[tracing::instrument(name = "auth.begin_oidc_login", skip_all)]
    async fn begin_oidc_login(
        &self,
        request: Request<pb::BeginOidcLoginRequest>,
    ) -> Result<Response<pb::BeginOidcLoginResponse>, Status> {
        let begun = self.oidc.begin(&origin::of(&request)).await.map_err(from_error)?;
        Ok(Response::new(pb::BeginOidcLoginResponse {
            authorization_url: begun.authorization_url,
            browser_token: begun.browser_token,
        }))
    }

    #[tracing::instrument(name = "auth.complete_oidc_login", skip_all, fields(user.id))]
    async fn complete_oidc_login(
        &self,
        request: Request<pb::CompleteOidcLoginRequest>,
    ) -> Result<Response<pb::CompleteOidcLoginResponse>, Status> {
        let origin = origin::of(&request);
        let pb::CompleteOidcLoginRequest { code, state, error, browser_token } =
            request.into_inner();
        let returned = Returned { code, state, error, browser_token };
        let admission = self.oidc.complete(returned, &origin).await.map_err(from_error)?;
        Ok(Response::new(self.issuer.answer(admission).await.map_err(from_error)?))
    }
}
