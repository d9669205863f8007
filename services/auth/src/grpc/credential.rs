//! `elenchus.auth.v1.CredentialService`: requests in, responses out.

use std::sync::Arc;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::credential_service_server::CredentialService;
use elenchus_rpc::Caller;
use elenchus_rpc::status::from_error;
use secrecy::SecretString;
use tonic::{Request, Response, Status};

use super::{origin, session_of};
use crate::credentials::Credentials;
use crate::domain::EmailAddress;
use crate::opaque_token::OpaqueToken;

/// Serves the acts on credentials.
pub(crate) struct CredentialRpc {
    /// The acts.
    pub(crate) credentials: Arc<Credentials>,
}

#[tonic::async_trait]
impl CredentialService for CredentialRpc {
    #[tracing::instrument(name = "auth.verify_email", skip_all)]
    async fn verify_email(
        &self,
        request: Request<pb::VerifyEmailRequest>,
    ) -> Result<Response<pb::VerifyEmailResponse>, Status> {
        let origin = origin::of(&request);
        let token = OpaqueToken::presented(request.into_inner().token);
        self.credentials.verify_email(token, &origin).await.map_err(from_error)?;
        let message = "The email address is confirmed".to_owned();
        Ok(Response::new(pb::VerifyEmailResponse { message }))
    }

    #[tracing::instrument(name = "auth.send_email_verification", skip_all)]
    async fn send_email_verification(
        &self,
        request: Request<pb::SendEmailVerificationRequest>,
    ) -> Result<Response<pb::SendEmailVerificationResponse>, Status> {
        let user_id = Caller::of(&request)?.user_id;
        let is_sent = self.credentials.send_verification(user_id).await.map_err(from_error)?;
        let message = if is_sent {
            "A mail with a link is on its way"
        } else {
            "The email address is confirmed already"
        };
        Ok(Response::new(pb::SendEmailVerificationResponse { message: message.to_owned() }))
    }

    #[tracing::instrument(name = "auth.change_password", skip_all)]
    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::ChangePasswordResponse>, Status> {
        let (user_id, session) = (Caller::of(&request)?.user_id, session_of(&request)?);
        let origin = origin::of(&request);
        let pb::ChangePasswordRequest { current_password, new_password } = request.into_inner();
        let (current, new) =
            (SecretString::from(current_password), SecretString::from(new_password));
        self.credentials
            .change_password(user_id, session, current, new, &origin)
            .await
            .map_err(from_error)?;
        let message = "The password is changed, and every other session has ended".to_owned();
        Ok(Response::new(pb::ChangePasswordResponse { message }))
    }

    #[tracing::instrument(name = "auth.forgot_password", skip_all)]
    async fn forgot_password(
        &self,
        request: Request<pb::ForgotPasswordRequest>,
    ) -> Result<Response<pb::ForgotPasswordResponse>, Status> {
        let origin = origin::of(&request);
        let email = EmailAddress::parse(&request.get_ref().email).map_err(from_error)?;
        self.credentials.forgot_password(&email, &origin).await.map_err(from_error)?;
        let message = "If the address has an account, a mail with a link is on its way".to_owned();
        Ok(Response::new(pb::ForgotPasswordResponse { message }))
    }

    #[tracing::instrument(name = "auth.reset_password", skip_all)]
    async fn reset_password(
        &self,
        request: Request<pb::ResetPasswordRequest>,
    ) -> Result<Response<pb::ResetPasswordResponse>, Status> {
        let origin = origin::of(&request);
        let pb::ResetPasswordRequest { token, new_password } = request.into_inner();
        let (token, new) = (OpaqueToken::presented(token), SecretString::from(new_password));
        self.credentials.reset_password(token, new, &origin).await.map_err(from_error)?;
        let message = "The password is set, and every session has ended; sign in".to_owned();
        Ok(Response::new(pb::ResetPasswordResponse { message }))
    }
}
