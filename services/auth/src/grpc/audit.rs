//! The audit record, as its readers see it.

use std::time::SystemTime;

use elenchus_proto::json;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::audit_service_server::AuditService;
use elenchus_rpc::page::{Page, respond};
use elenchus_rpc::status::from_error;
use elenchus_rpc::{Caller, UserId};
use serde_json::Value;
use tonic::{Request, Response, Status};

use crate::domain::audit::Recorded;
use crate::store::Store;

const DEFAULT_EVENTS: i32 = 50;

/// `elenchus.auth.v1.AuditService`.
pub(crate) struct AuditRpc {
    /// What holds the record.
    pub(crate) store: Store,
}

#[tonic::async_trait]
impl AuditService for AuditRpc {
    #[tracing::instrument(name = "auth.list_my_audit_events", skip_all)]
    async fn list_my_audit_events(
        &self,
        request: Request<pb::ListMyAuditEventsRequest>,
    ) -> Result<Response<pb::ListMyAuditEventsResponse>, Status> {
        let user_id = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let page = Page::parse(request.skip, request.limit, DEFAULT_EVENTS, &request.page_token)?;
        let found = self.store.list_audit_of(user_id, &page).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(Recorded::key);
        let events = found.into_iter().map(|event| event.for_owner().into()).collect();
        respond(pb::ListMyAuditEventsResponse { events }, next)
    }
}

impl From<Recorded> for pb::AuditEvent {
    fn from(event: Recorded) -> Self {
        let id = |id: Option<UserId>| id.map(|id| id.to_string()).unwrap_or_default();
        Self {
            id: event.audit_event_id.to_string(),
            occurred_at: Some(SystemTime::from(event.occurred_at).into()),
            act: event.act,
            outcome: event.outcome,
            actor_kind: event.actor_kind,
            actor_id: id(event.actor_id),
            user_id: id(event.user_id),
            subject_id: event.subject_id.map(|id| id.to_string()).unwrap_or_default(),
            address: event.address,
            user_agent: event.user_agent,
            request_id: event.request_id,
            details: json::to_struct(Value::Object(event.details)),
        }
    }
}
