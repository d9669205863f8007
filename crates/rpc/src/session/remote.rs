//! What the auth service says of credentials, and what is remembered of it for as long as it cannot say.

use std::time::Duration;

use async_trait::async_trait;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use elenchus_proto::pb::auth::v1::token_service_client::TokenServiceClient;
use moka::future::Cache;
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use uuid::Uuid;

use super::answers::{Answers, REMEMBERED};
use super::ended::Memory;
use super::silence::Silence;
use super::{Authority, Credential, Sessions};
use crate::caller::{UserId, as_service};
use crate::status::DOMAIN;
use crate::transport::Transport;

/// How long what was alive is taken for alive while the auth service cannot say.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);
/// With what follows, whoever cannot be let in is told so within two seconds.
const BUDGET: Duration = Duration::from_millis(1500);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Asks the auth service, at most once a second for each credential. While it cannot say, credentials
/// that were alive in the last minutes are alive.
pub struct RemoteSessions {
    auth: Transport,
    answers: Answers,
    /// Those that were alive. Never consulted while the auth service answers.
    seen: Cache<Credential, Authority>,
    silence: Silence,
}

impl RemoteSessions {
    /// Asks over a transport that signs as this service.
    pub fn new(auth: Transport) -> Self {
        Self {
            auth,
            answers: Answers::default(),
            seen: Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build(),
            silence: Silence::default(),
        }
    }

    async fn learn(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        let late = |_| Err(Status::deadline_exceeded("the auth service does not answer"));
        let answer = timeout(BUDGET, ask(self.auth.clone(), credential)).await.unwrap_or_else(late);
        match &answer {
            Ok(Some(authority)) => self.seen.insert(credential, authority.clone()).await,
            Ok(None) => self.seen.invalidate(&credential).await,
            Err(status) if is_silence(status) => self.silence.begin(),
            Err(_) => {}
        }
        if answer.is_ok() {
            self.silence.end();
        }
        answer
    }

    /// What was last known of a credential that cannot be asked about.
    async fn remembered(&self, credential: Credential) -> Option<Authority> {
        let authority = self.seen.get(&credential).await?;
        metrics::counter!("rpc_sessions_remembered_total").increment(1);
        Some(authority)
    }
}

#[async_trait]
impl Memory for RemoteSessions {
    async fn forget(&self, credential: Credential) {
        self.answers.forget(credential).await;
        self.seen.invalidate(&credential).await;
    }

    fn doubt(&self) {
        // What stands in while auth is silent stays: losing Redis must not close doors as well.
        self.answers.doubt();
    }
}

#[async_trait]
impl Sessions for RemoteSessions {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        if self.silence.lasts()
            && let Some(authority) = self.remembered(credential).await
        {
            return Ok(Some(authority));
        }
        let status = match self.answers.get(credential, self.learn(credential)).await {
            Ok(authority) => return Ok(authority),
            Err(status) => status,
        };
        tracing::warn!(code = ?status.code(), "the auth service did not say whether a session is alive");
        if is_silence(&status)
            && let Some(authority) = self.remembered(credential).await
        {
            return Ok(Some(authority));
        }
        let mut details = ErrorDetails::with_error_info("SESSION_UNCHECKED", DOMAIN, []);
        details.set_retry_info(Some(RETRY_AFTER));
        let message = "the session cannot be checked right now";
        Err(Status::with_error_details(Code::Unavailable, message, details))
    }
}

/// Whether the auth service, or its database, is not there. A refusal is an answer.
fn is_silence(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
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
