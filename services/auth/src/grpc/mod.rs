//! Requests in, responses out, and what a caller may know of an error.

mod audit;
mod credential;
mod oidc;
mod origin;
mod personal_data;
mod second_factor;
mod session;
mod signed_in;
mod ticket;
mod token;
mod user;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use elenchus_proto::google::api::HttpBody;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_server::AuthService;
use elenchus_rpc::status::{Classify, from_error, invalid};
use elenchus_rpc::token::{KeySet, KeySource, Keys};
use elenchus_rpc::{Caller, UserId};
use secrecy::SecretString;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

pub(crate) use self::credential::CredentialRpc;

use crate::accounts::Accounts;
use crate::domain::{EmailAddress, Error, PasswordRules, Profile, Registration, SessionId, User};
use crate::opaque_token::OpaqueToken;
use crate::signing_keys::SigningKeys;
use crate::store::Store;

pub(crate) use self::audit::AuditRpc;
pub(crate) use self::oidc::OidcRpc;
pub(crate) use self::personal_data::PersonalDataRpc;
pub(crate) use self::second_factor::SecondFactorRpc;
pub(crate) use self::session::SessionRpc;
pub(crate) use self::ticket::TicketRpc;
pub(crate) use self::token::TokenRpc;
pub(crate) use self::user::UserRpc;

/// `elenchus.auth.v1.AuthService`.
pub(crate) struct AuthRpc {
    /// What needs more than the store.
    pub(crate) accounts: Arc<Accounts>,
    /// The rest.
    pub(crate) store: Store,
    /// Which passwords are taken.
    pub(crate) rules: PasswordRules,
    /// What access tokens are made by.
    pub(crate) issuer: Issuer,
}

/// Makes the access tokens of sessions.
#[derive(Clone)]
pub(crate) struct Issuer {
    /// What access tokens are signed with, where it is `SECRET_KEY`.
    pub(crate) keys: Keys,
    /// What they are signed with otherwise.
    pub(crate) signing_keys: Option<SigningKeys>,
    /// How long an access token is good.
    pub(crate) access_token_lifetime: Duration,
}

#[tonic::async_trait]
impl AuthService for AuthRpc {
    #[tracing::instrument(name = "auth.register", skip_all, fields(user.id))]
    async fn register(
        &self,
        request: Request<pb::RegisterRequest>,
    ) -> Result<Response<pb::RegisterResponse>, Status> {
        let origin = origin::of(&request);
        let registration = registration(request.into_inner(), self.rules).map_err(from_error)?;
        let user = self.accounts.register(registration, &origin).await.map_err(from_error)?;
        record_user(&user);
        Ok(Response::new(pb::RegisterResponse { user: Some(user.into()) }))
    }

    #[tracing::instrument(name = "auth.log_in", skip_all, fields(user.id))]
    async fn login(
        &self,
        request: Request<pb::LoginRequest>,
    ) -> Result<Response<pb::LoginResponse>, Status> {
        let origin = origin::of(&request);
        let pb::LoginRequest { username, password } = request.into_inner();
        let password = SecretString::from(password);
        let admission =
            self.accounts.log_in(&username, password, &origin).await.map_err(from_error)?;
        Ok(Response::new(self.issuer.answer(admission).await.map_err(from_error)?))
    }

    #[tracing::instrument(name = "auth.refresh", skip_all, fields(user.id))]
    async fn refresh(
        &self,
        request: Request<pb::RefreshRequest>,
    ) -> Result<Response<pb::RefreshResponse>, Status> {
        let origin = origin::of(&request);
        let presented = OpaqueToken::presented(request.into_inner().refresh_token);
        let signed_in = self.accounts.refresh(presented, &origin).await.map_err(from_error)?;
        let tokens = self.issuer.tokens(signed_in).await.map_err(from_error)?;
        Ok(Response::new(tokens.into()))
    }

    #[tracing::instrument(name = "auth.log_out", skip_all)]
    async fn logout(
        &self,
        request: Request<pb::LogoutRequest>,
    ) -> Result<Response<pb::LogoutResponse>, Status> {
        let session = session_of(&request)?;
        self.accounts.log_out(session, &origin::of(&request)).await.map_err(from_error)?;
        Ok(Response::new(pb::LogoutResponse { message: "Successfully logged out".to_owned() }))
    }

    #[tracing::instrument(name = "auth.get_me", skip_all)]
    async fn get_me(
        &self,
        request: Request<pb::GetMeRequest>,
    ) -> Result<Response<pb::GetMeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let found = self.store.find_user(caller.user_id).await.map_err(from_error)?;
        let user = found.ok_or(Error::NoAccount).map_err(from_error)?;
        Ok(Response::new(pb::GetMeResponse { user: Some(user.into()) }))
    }

    #[tracing::instrument(name = "auth.get_key_set", skip_all)]
    async fn get_key_set(
        &self,
        _: Request<pb::GetKeySetRequest>,
    ) -> Result<Response<pb::GetKeySetResponse>, Status> {
        let keys = match &self.issuer.signing_keys {
            Some(keys) => keys.fetch().await?,
            None => KeySet { keys: Vec::new() },
        };
        let data = serde_json::to_vec(&keys).map_err(Error::internal).map_err(from_error)?;
        let content_type = "application/json".to_owned();
        let key_set = Some(HttpBody { content_type, data, extensions: Vec::new() });
        Ok(Response::new(pb::GetKeySetResponse { key_set }))
    }

    #[tracing::instrument(name = "auth.check_session", skip_all)]
    async fn check_session(
        &self,
        request: Request<pb::CheckSessionRequest>,
    ) -> Result<Response<pb::CheckSessionResponse>, Status> {
        let session = Uuid::try_parse(&request.get_ref().session_id)
            .map_err(|_| invalid("session_id", "is not a UUID"))?;
        let authority = self.store.authority(SessionId(session)).await.map_err(from_error)?;
        Ok(Response::new(authority.map_or_else(Default::default, |authority| {
            pb::CheckSessionResponse {
                is_active: true,
                user_id: authority.user_id.to_string(),
                is_superuser: authority.is_superuser,
                roles: authority.roles.to_vec(),
            }
        })))
    }
}

impl Issuer {
    async fn token_of(&self, user: UserId, session: SessionId) -> Result<String, Error> {
        let (user, session) = (user.0, session.0);
        let lifetime = self.access_token_lifetime;
        let token = match &self.signing_keys {
            Some(keys) => keys.signing().await?.issue_access(user, session, lifetime),
            None => self.keys.issue_access(user, session, lifetime),
        };
        token.map_err(Error::internal)
    }

    fn expires_in(&self) -> i32 {
        i32::try_from(self.access_token_lifetime.as_secs()).unwrap_or(i32::MAX)
    }
}

fn record_user(user: &User) {
    tracing::Span::current().record("user.id", tracing::field::display(user.user_id));
}

/// The session of the caller's own token.
fn session_of<T>(request: &Request<T>) -> Result<SessionId, Status> {
    let session = Caller::of(request)?.session_id.map(SessionId);
    session.ok_or(Error::NoSession).map_err(from_error)
}

fn registration(request: pb::RegisterRequest, rules: PasswordRules) -> Result<Registration, Error> {
    let pb::RegisterRequest { email, password, full_name, organization, role } = request;
    let email = EmailAddress::parse(&email)?;
    let password = rules.accept("password", SecretString::from(password), &email)?;
    let profile = Profile::parse(&full_name, &organization, &role)?;
    Ok(Registration { email, password, profile })
}

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        let timestamp = |moment| SystemTime::from(moment).into();
        Self {
            id: user.user_id.to_string(),
            email: user.email,
            full_name: user.profile.full_name,
            organization: user.profile.organization,
            role: user.profile.role,
            is_active: user.is_active,
            is_superuser: user.is_superuser,
            created_at: Some(timestamp(user.created_at)),
            updated_at: Some(timestamp(user.updated_at)),
            last_login: user.last_login_at.map(timestamp),
            roles: user.roles,
            email_verified: user.email_verified,
        }
    }
}

impl Classify for Error {
    fn code(&self) -> Code {
        match self {
            Self::Field { .. } | Self::EmailTaken | Self::LinkRefused => Code::InvalidArgument,
            Self::WrongCredentials
            | Self::ChallengeRefused
            | Self::SecondFactorWrong
            | Self::OidcRefused
            | Self::OidcNoEmail
            | Self::RefreshRefused
            | Self::RefreshReused
            | Self::TicketRefused => Code::Unauthenticated,
            Self::Inactive
            | Self::LastSuperuser
            | Self::OwnAccount
            | Self::TooManyTokens { .. }
            | Self::SecondFactorEnabled
            | Self::NoSecondFactor
            | Self::SecondFactorUnreadable
            | Self::EmailNotVerified => Code::FailedPrecondition,
            Self::OidcNotConfigured => Code::Unimplemented,
            Self::TooManyAttempts { .. } => Code::ResourceExhausted,
            Self::Busy | Self::OidcUnavailable(_) => Code::Unavailable,
            Self::Store(failure) => failure.code(),
            Self::NoSession | Self::NotConfirmed { .. } => Code::PermissionDenied,
            Self::NoAccount | Self::NoErasure | Self::UnknownSession => Code::NotFound,
            Self::Internal(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Field { .. } => "INVALID_FIELD",
            Self::EmailTaken => "EMAIL_ALREADY_REGISTERED",
            Self::LinkRefused => "LINK_INVALID",
            Self::ChallengeRefused => "CHALLENGE_INVALID",
            Self::SecondFactorWrong => "SECOND_FACTOR_WRONG",
            Self::OidcNotConfigured => "OIDC_NOT_CONFIGURED",
            Self::OidcRefused => "OIDC_REFUSED",
            Self::OidcNoEmail => "OIDC_EMAIL_NOT_VERIFIED",
            Self::OidcUnavailable(_) => "OIDC_UNAVAILABLE",
            Self::EmailNotVerified => "EMAIL_NOT_VERIFIED",
            Self::SecondFactorUnreadable => "SECOND_FACTOR_UNREADABLE",
            Self::SecondFactorEnabled => "SECOND_FACTOR_ENABLED",
            Self::NoSecondFactor => "SECOND_FACTOR_NOT_ENABLED",
            Self::UnknownSession => "NOT_FOUND",
            Self::WrongCredentials => "WRONG_CREDENTIALS",
            Self::Inactive => "USER_INACTIVE",
            Self::RefreshRefused => "REFRESH_TOKEN_INVALID",
            Self::RefreshReused => "REFRESH_TOKEN_REUSED",
            Self::TooManyAttempts { .. } => "TOO_MANY_ATTEMPTS",
            Self::Busy => "OVERLOADED",
            Self::TicketRefused => "TICKET_REFUSED",
            Self::NoSession => "NO_SESSION",
            Self::NoAccount | Self::NoErasure => "NOT_FOUND",
            Self::NotConfirmed { .. } => "CONFIRMATION_REQUIRED",
            Self::LastSuperuser => "LAST_SUPERUSER",
            Self::TooManyTokens { .. } => "TOO_MANY_TOKENS",
            Self::OwnAccount => "OWN_ACCOUNT",
            Self::Store(failure) => failure.reason(),
            Self::Internal(_) => "INTERNAL",
        }
    }

    fn field(&self) -> Option<&str> {
        if let Self::Field { field, .. } = self { Some(field) } else { None }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts { retry_after } => Some(*retry_after),
            Self::Busy | Self::OidcUnavailable(_) => Some(Duration::from_secs(1)),
            Self::Store(failure) => failure.retry_after(),
            Self::Field { .. }
            | Self::EmailTaken
            | Self::LinkRefused
            | Self::ChallengeRefused
            | Self::SecondFactorWrong
            | Self::SecondFactorEnabled
            | Self::SecondFactorUnreadable
            | Self::NoSecondFactor
            | Self::UnknownSession
            | Self::OidcNotConfigured
            | Self::OidcRefused
            | Self::OidcNoEmail
            | Self::EmailNotVerified
            | Self::WrongCredentials
            | Self::Inactive
            | Self::RefreshRefused
            | Self::RefreshReused
            | Self::TicketRefused
            | Self::NoSession
            | Self::NoAccount
            | Self::NoErasure
            | Self::NotConfirmed { .. }
            | Self::LastSuperuser
            | Self::OwnAccount
            | Self::TooManyTokens { .. }
            | Self::Internal(_) => None,
        }
    }
}
