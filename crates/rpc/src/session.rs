//! What a credential lets its user do, as the auth service says it: a log-out, a deactivation, a lost
//! role or a revoked token holds at every service within a second.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use elenchus_proto::pb::auth::v1::token_service_client::TokenServiceClient;
use tonic::Status;
use uuid::Uuid;

use crate::caller::{UserId, as_service};
use crate::token::TokenHash;
use crate::transport::Transport;

/// How long an answer of the auth service is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
const REMEMBERED: u64 = 100_000;
const BUDGET: Duration = Duration::from_secs(2);

/// What is alive or not, whatever its text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// The session of an access token.
    Session(Uuid),
    /// An API token or a grant.
    Token(TokenHash),
}

/// Who somebody is and what they may do now. Tokens say nothing of it, so that it can be taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The user.
    pub user_id: UserId,
    /// Whether the user administers the installation.
    pub is_superuser: bool,
    /// The named roles that the user has.
    pub roles: Arc<[String]>,
    /// What the credential is limited to. `None`: all that the user may do.
    pub scopes: Option<Arc<[String]>>,
    /// The one service that may present the credential.
    pub actor: Option<String>,
}

impl Authority {
    /// That of a user who may use their own data and nothing more.
    pub fn of_user(user_id: UserId) -> Self {
        Self { user_id, is_superuser: false, roles: Arc::default(), scopes: None, actor: None }
    }

    /// Whether the user has a named role. Superusers have every one.
    pub fn has_role(&self, role: &str) -> bool {
        self.is_superuser || self.roles.iter().any(|had| had == role)
    }

    /// Whether the credential opens what has this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|had| had == scope))
    }
}

/// Knows which credentials are alive, and what their users may do.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// `None` once the credential has ended, or where it never was.
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status>;
}

/// Asks the auth service, at most once a second for each credential.
pub struct RemoteSessions {
    auth: Transport,
    answers: moka::future::Cache<Credential, Option<Authority>>,
}

impl RemoteSessions {
    /// Asks over a transport that signs as this service.
    pub fn new(auth: Transport) -> Self {
        let answers = moka::future::Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(BELIEVED_FOR)
            .build();
        Self { auth, answers }
    }
}

#[async_trait]
impl Sessions for RemoteSessions {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        let ask = ask(self.auth.clone(), credential);
        // Callers who ask for the same credential at once wait for one answer.
        self.answers.try_get_with(credential, ask).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), "the auth service did not say whether a session is alive");
            Status::unavailable("the session cannot be checked right now")
        })
    }
}

async fn ask(auth: Transport, credential: Credential) -> Result<Option<Authority>, Status> {
    match credential {
        Credential::Session(session) => {
            let message = pb::CheckSessionRequest { session_id: session.to_string() };
            let request = as_service(BUDGET, message);
            let answer = AuthServiceClient::new(auth).check_session(request).await?.into_inner();
            if !answer.is_active {
                return Ok(None);
            }
            Ok(Some(Authority {
                is_superuser: answer.is_superuser,
                roles: answer.roles.into(),
                ..Authority::of_user(named(&answer.user_id)?)
            }))
        }
        Credential::Token(hash) => {
            let request = as_service(BUDGET, pb::CheckTokenRequest { token_hash: hash.to_vec() });
            let answer = TokenServiceClient::new(auth).check_token(request).await?.into_inner();
            if !answer.is_active {
                return Ok(None);
            }
            Ok(Some(Authority {
                user_id: named(&answer.user_id)?,
                is_superuser: answer.is_superuser,
                roles: answer.roles.into(),
                scopes: Some(answer.scopes.into()),
                actor: Some(answer.actor).filter(|actor| !actor.is_empty()),
            }))
        }
    }
}

fn named(user_id: &str) -> Result<UserId, Status> {
    let user_id = Uuid::try_parse(user_id);
    user_id.map(UserId).map_err(|_| Status::internal("the auth service named no user"))
}

/// The sessions that a service's layers ask for.
pub type SharedSessions = Arc<dyn Sessions>;
