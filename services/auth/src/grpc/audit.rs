//! The audit record, as its readers see it.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use elenchus_proto::json;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::audit_service_server::AuditService;
use elenchus_rpc::page::{Page, respond};
use elenchus_rpc::status::{from_error, invalid};
use elenchus_rpc::{Caller, UserId};
use prost_types::Timestamp;
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::domain::audit::{Filter, Recorded};
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
        let filter = Filter { user_id: Some(user_id), ..Filter::default() };
        let found = self.store.list_audit(&filter, &page).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(Recorded::key);
        let events = found.into_iter().map(|event| event.for_owner().into()).collect();
        respond(pb::ListMyAuditEventsResponse { events }, next)
    }

    #[tracing::instrument(name = "auth.list_audit_events", skip_all)]
    async fn list_audit_events(
        &self,
        request: Request<pb::ListAuditEventsRequest>,
    ) -> Result<Response<pb::ListAuditEventsResponse>, Status> {
        let request = request.into_inner();
        let page = Page::parse(request.skip, request.limit, DEFAULT_EVENTS, &request.page_token)?;
        let filter = filter(request)?;
        let found = self.store.list_audit(&filter, &page).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(Recorded::key);
        let events = found.into_iter().map(Into::into).collect();
        respond(pb::ListAuditEventsResponse { events }, next)
    }
}

fn filter(request: pb::ListAuditEventsRequest) -> Result<Filter, Status> {
    Ok(Filter {
        user_id: user("user_id", &request.user_id)?,
        actor_id: user("actor_id", &request.actor_id)?,
        act: word("act", request.act)?,
        outcome: word("outcome", request.outcome)?,
        since: request.since.map(|since| moment("since", since)).transpose()?,
        until: request.until.map(|until| moment("until", until)).transpose()?,
    })
}

fn user(field: &str, raw: &str) -> Result<Option<UserId>, Status> {
    let parse = |raw| Uuid::try_parse(raw).map_err(|_| invalid(field, "is not a UUID"));
    Ok((!raw.is_empty()).then(|| parse(raw)).transpose()?.map(UserId))
}

fn word(field: &str, raw: String) -> Result<Option<String>, Status> {
    let is_word = raw.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte));
    if !is_word {
        return Err(invalid(field, "must be lower-case letters, dots and underscores"));
    }
    Ok(Some(raw).filter(|word| !word.is_empty()))
}

fn moment(field: &str, time: Timestamp) -> Result<DateTime<Utc>, Status> {
    u32::try_from(time.nanos)
        .ok()
        .and_then(|nanos| DateTime::from_timestamp(time.seconds, nanos))
        .ok_or_else(|| invalid(field, "is no moment of time"))
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
