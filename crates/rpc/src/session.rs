//! Whether the session of a token is still alive: a log-out holds at every service within a second.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use tonic::Status;
use uuid::Uuid;

use crate::caller::as_service;
use crate::transport::Transport;

/// How long an answer of the auth service is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
const REMEMBERED: u64 = 100_000;
const BUDGET: Duration = Duration::from_secs(2);

/// Knows which sessions are alive.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// False once the session has ended, or never was.
    async fn is_active(&self, session: Uuid) -> Result<bool, Status>;
}

/// Asks the auth service, at most once a second for each session.
pub struct RemoteSessions {
    auth: AuthServiceClient<Transport>,
    answers: moka::future::Cache<Uuid, bool>,
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
    async fn is_active(&self, session: Uuid) -> Result<bool, Status> {
        let ask = ask(self.auth.clone(), session);
        // Callers who ask for the same session at once wait for one answer.
        self.answers.try_get_with(session, ask).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), "the auth service did not say whether a session is alive");
            Status::unavailable("the session cannot be checked right now")
        })
    }
}

async fn ask(mut auth: AuthServiceClient<Transport>, session: Uuid) -> Result<bool, Status> {
    let message = pb::CheckSessionRequest { session_id: session.to_string() };
    let answer = auth.check_session(as_service(BUDGET, message)).await?;
    Ok(answer.into_inner().is_active)
}

/// The sessions that a service's layers ask for.
pub type SharedSessions = Arc<dyn Sessions>;
