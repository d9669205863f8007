//! What a session lets its user do, as the auth service says it: a log-out, a deactivation or a
//! lost role holds at every service within a second.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use tonic::Status;
use uuid::Uuid;

use crate::caller::{UserId, as_service};
use crate::transport::Transport;

/// How long an answer of the auth service is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
const REMEMBERED: u64 = 100_000;
const BUDGET: Duration = Duration::from_secs(2);

/// Who somebody is and what they may do now. Tokens say nothing of it, so that it can be taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The user.
    pub user_id: UserId,
    /// Whether the user administers the installation.
    pub is_superuser: bool,
    /// The named roles that the user has.
    pub roles: Arc<[String]>,
}

impl Authority {
    /// That of a user who may use their own data and nothing more.
    pub fn of_user(user_id: UserId) -> Self {
        Self { user_id, is_superuser: false, roles: Arc::default() }
    }

    /// Whether the user has a named role. Superusers have every one.
    pub fn has_role(&self, role: &str) -> bool {
        self.is_superuser || self.roles.iter().any(|had| had == role)
    }
}

/// Knows which sessions are alive, and what their users may do.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// `None` once the session has ended, or where it never was.
    async fn authority(&self, session: Uuid) -> Result<Option<Authority>, Status>;
}

/// Asks the auth service, at most once a second for each session.
pub struct RemoteSessions {
    auth: AuthServiceClient<Transport>,
    answers: moka::future::Cache<Uuid, Option<Authority>>,
}

impl RemoteSessions {
    /// Asks over a transport that signs as this service.
    pub fn new(auth: Transport) -> Self {
        let answers = moka::future::Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(BELIEVED_FOR)
            .build();
        Self { auth: AuthServiceClient::new(auth), answers }
    }
}

#[async_trait]
impl Sessions for RemoteSessions {
    async fn authority(&self, session: Uuid) -> Result<Option<Authority>, Status> {
        let ask = ask(self.auth.clone(), session);
        // Callers who ask for the same session at once wait for one answer.
        self.answers.try_get_with(session, ask).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), "the auth service did not say whether a session is alive");
            Status::unavailable("the session cannot be checked right now")
        })
    }
}

async fn ask(
    mut auth: AuthServiceClient<Transport>,
    session: Uuid,
) -> Result<Option<Authority>, Status> {
    let message = pb::CheckSessionRequest { session_id: session.to_string() };
    let answer = auth.check_session(as_service(BUDGET, message)).await?.into_inner();
    if !answer.is_active {
        return Ok(None);
    }
    let user_id = Uuid::try_parse(&answer.user_id)
        .map_err(|_| Status::internal("the auth service named no user"))?;
    Ok(Some(Authority {
        user_id: UserId(user_id),
        is_superuser: answer.is_superuser,
        roles: answer.roles.into(),
    }))
}

/// The sessions that a service's layers ask for.
pub type SharedSessions = Arc<dyn Sessions>;
