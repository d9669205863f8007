//! `elenchus.auth.v1.OidcService`: requests in, responses out.

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::oidc_service_server::OidcService;
use elenchus_rpc::status::from_error;
use tonic::{Request, Response, Status};

use super::{Issuer, TOKEN_TYPE, challenge, origin, record_user};
use crate::accounts::Admission;
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
        let signed_in = match self.oidc.complete(returned, &origin).await.map_err(from_error)? {
            Admission::Session(signed_in) => signed_in,
            Admission::Challenge(token) => {
                let second_factor_required = Some(challenge(&token));
                return Ok(Response::new(pb::CompleteOidcLoginResponse {
                    second_factor_required,
                    ..Default::default()
                }));
            }
        };
        record_user(&signed_in.user);
        let access_token = self.issuer.access_token(&signed_in).await.map_err(from_error)?;
        Ok(Response::new(pb::CompleteOidcLoginResponse {
            access_token,
            refresh_token: signed_in.refresh_token.expose().to_owned(),
            token_type: TOKEN_TYPE.to_owned(),
            expires_in: self.issuer.expires_in(),
            user: Some(signed_in.user.into()),
            second_factor_required: None,
        }))
    }
}
