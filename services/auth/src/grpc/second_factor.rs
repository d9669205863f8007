//! `elenchus.auth.v1.SecondFactorService`: requests in, responses out.

use std::sync::Arc;
use std::time::SystemTime;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::second_factor_service_server::SecondFactorService;
use elenchus_rpc::Caller;
use elenchus_rpc::status::from_error;
use secrecy::SecretString;
use tonic::{Request, Response, Status};

use super::{Issuer, origin};
use crate::accounts::Accounts;
use crate::opaque_token::OpaqueToken;
use crate::second_factor::SecondFactor;

/// Serves the second factor.
pub(crate) struct SecondFactorRpc {
    /// The sign-in that it completes.
    pub(crate) accounts: Arc<Accounts>,
    /// What the session's tokens are made by.
    pub(crate) issuer: Issuer,
    /// The acts on the factor itself.
    pub(crate) factor: SecondFactor,
}

#[tonic::async_trait]
impl SecondFactorService for SecondFactorRpc {
    #[tracing::instrument(name = "auth.complete_login", skip_all, fields(user.id))]
    async fn complete_login(
        &self,
        request: Request<pb::CompleteLoginRequest>,
    ) -> Result<Response<pb::CompleteLoginResponse>, Status> {
        let origin = origin::of(&request);
        let pb::CompleteLoginRequest { challenge_token, code } = request.into_inner();
        let challenge = OpaqueToken::presented(challenge_token);
        let signed_in =
            self.accounts.complete(challenge, &code, &origin).await.map_err(from_error)?;
        let tokens = self.issuer.tokens(signed_in).await.map_err(from_error)?;
        Ok(Response::new(tokens.into()))
    }

    #[tracing::instrument(name = "auth.get_second_factor", skip_all)]
    async fn get_second_factor(
        &self,
        request: Request<pb::GetSecondFactorRequest>,
    ) -> Result<Response<pb::GetSecondFactorResponse>, Status> {
        let user_id = Caller::of(&request)?.user_id;
        let state = self.factor.state(user_id).await.map_err(from_error)?;
        Ok(Response::new(pb::GetSecondFactorResponse {
            is_enabled: state.enabled_at.is_some(),
            enabled_at: state.enabled_at.map(|moment| SystemTime::from(moment).into()),
            recovery_codes_left: i32::try_from(state.recovery_codes_left).unwrap_or(i32::MAX),
        }))
    }

    #[tracing::instrument(name = "auth.enrol_totp", skip_all)]
    async fn enrol_totp(
        &self,
        request: Request<pb::EnrolTotpRequest>,
    ) -> Result<Response<pb::EnrolTotpResponse>, Status> {
        let (user_id, origin) = (Caller::of(&request)?.user_id, origin::of(&request));
        let password = SecretString::from(request.into_inner().password);
        let enrolment = self.factor.enrol(user_id, password, &origin).await.map_err(from_error)?;
        Ok(Response::new(pb::EnrolTotpResponse {
            secret: enrolment.secret,
            otpauth_uri: enrolment.uri,
        }))
    }

    #[tracing::instrument(name = "auth.confirm_totp", skip_all)]
    async fn confirm_totp(
        &self,
        request: Request<pb::ConfirmTotpRequest>,
    ) -> Result<Response<pb::ConfirmTotpResponse>, Status> {
        let (user_id, origin) = (Caller::of(&request)?.user_id, origin::of(&request));
        let code = &request.get_ref().code;
        let recovery_codes =
            self.factor.confirm(user_id, code, &origin).await.map_err(from_error)?;
        Ok(Response::new(pb::ConfirmTotpResponse { recovery_codes }))
    }

    #[tracing::instrument(name = "auth.disable_second_factor", skip_all)]
    async fn disable_second_factor(
        &self,
        request: Request<pb::DisableSecondFactorRequest>,
    ) -> Result<Response<pb::DisableSecondFactorResponse>, Status> {
        let (user_id, origin) = (Caller::of(&request)?.user_id, origin::of(&request));
        let pb::DisableSecondFactorRequest { password, code } = request.into_inner();
        let password = SecretString::from(password);
        self.factor.disable(user_id, password, &code, &origin).await.map_err(from_error)?;
        let message = "A second factor is not demanded any more".to_owned();
        Ok(Response::new(pb::DisableSecondFactorResponse { message }))
    }

    #[tracing::instrument(name = "auth.renew_recovery_codes", skip_all)]
    async fn renew_recovery_codes(
        &self,
        request: Request<pb::RenewRecoveryCodesRequest>,
    ) -> Result<Response<pb::RenewRecoveryCodesResponse>, Status> {
        let (user_id, origin) = (Caller::of(&request)?.user_id, origin::of(&request));
        let pb::RenewRecoveryCodesRequest { password, code } = request.into_inner();
        let password = SecretString::from(password);
        let recovery_codes = self
            .factor
            .renew_recovery_codes(user_id, password, &code, &origin)
            .await
            .map_err(from_error)?;
        Ok(Response::new(pb::RenewRecoveryCodesResponse { recovery_codes }))
    }
}
