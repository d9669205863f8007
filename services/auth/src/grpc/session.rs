//! `elenchus.auth.v1.SessionService`: requests in, responses out.

use std::sync::Arc;
use std::time::SystemTime;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::session_service_server::SessionService;
use elenchus_rpc::Caller;
use elenchus_rpc::status::{from_error, invalid};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{origin, session_of};
use crate::domain::{Error, Session, SessionId};
use crate::sessions::StoredSessions;
use crate::store::Store;

/// Serves where an account is signed in.
pub(crate) struct SessionRpc {
    /// The sessions.
    pub(crate) store: Store,
    /// Which of them are believed to be alive.
    pub(crate) sessions: Arc<StoredSessions>,
}

#[tonic::async_trait]
impl SessionService for SessionRpc {
    #[tracing::instrument(name = "auth.list_sessions", skip_all)]
    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let current = caller.session_id.map(SessionId);
        let sessions = self.store.list_sessions(caller.user_id).await.map_err(from_error)?;
        let sessions = sessions.into_iter().map(|session| shown(session, current)).collect();
        Ok(Response::new(pb::ListSessionsResponse { sessions }))
    }

    #[tracing::instrument(name = "auth.revoke_session", skip_all)]
    async fn revoke_session(
        &self,
        request: Request<pb::RevokeSessionRequest>,
    ) -> Result<Response<pb::RevokeSessionResponse>, Status> {
        let (user_id, origin) = (Caller::of(&request)?.user_id, origin::of(&request));
        let session = Uuid::try_parse(&request.get_ref().session_id)
            .map_err(|_| invalid("session_id", "is not a UUID"))?;
        let session = SessionId(session);
        let was_alive =
            self.store.revoke_session(user_id, session, &origin).await.map_err(from_error)?;
        if !was_alive {
            return Err(from_error(Error::UnknownSession));
        }
        self.sessions.end(session).await;
        Ok(Response::new(pb::RevokeSessionResponse { message: "The session has ended".to_owned() }))
    }

    #[tracing::instrument(name = "auth.revoke_sessions", skip_all)]
    async fn revoke_sessions(
        &self,
        request: Request<pb::RevokeSessionsRequest>,
    ) -> Result<Response<pb::RevokeSessionsResponse>, Status> {
        let (user_id, current) = (Caller::of(&request)?.user_id, session_of(&request)?);
        let keep = (!request.get_ref().include_current).then_some(current);
        let origin = origin::of(&request);
        let ended = self.store.revoke_sessions(user_id, keep, &origin).await.map_err(from_error)?;
        for session in &ended {
            self.sessions.end(*session).await;
        }
        let ended = i32::try_from(ended.len()).unwrap_or(i32::MAX);
        Ok(Response::new(pb::RevokeSessionsResponse { ended }))
    }
}

fn shown(session: Session, current: Option<SessionId>) -> pb::Session {
    let timestamp = |moment| Some(SystemTime::from(moment).into());
    pb::Session {
        id: session.session_id.to_string(),
        user_agent: session.user_agent,
        address: session.address,
        created_at: timestamp(session.created_at),
        last_used_at: timestamp(session.last_used_at),
        expires_at: timestamp(session.expires_at),
        is_current: current == Some(session.session_id),
    }
}
