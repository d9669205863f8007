//! Requests in, answers out.

use std::time::Duration;

use chrono::Utc;
use elenchus_proto::pb::analytics::v1 as pb;
use elenchus_proto::pb::analytics::v1::analytics_service_server::AnalyticsService;
use elenchus_rpc::Caller;
use elenchus_rpc::status::{Classify, from_error, invalid};
use prost_types::Timestamp;
use tonic::{Code, Request, Response, Status};

use crate::domain::{Activity, DayTokens, Error, Limit, Period};
use crate::event;
use crate::store::Store;

const MAX_EVENTS: usize = 1_000;
const DEFAULT_DAYS: i32 = 7;
const DEFAULT_WORKFLOW_DAYS: i32 = 30;
const DEFAULT_ACTIVITIES: i32 = 50;

impl Classify for Error {
    fn code(&self) -> Code {
        match self {
            Self::Days(_) | Self::Limit(_) | Self::Event { .. } => Code::InvalidArgument,
            Self::Store(failure) => failure.code(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Days(_) | Self::Limit(_) | Self::Event { .. } => "INVALID_FIELD",
            Self::Store(failure) => failure.reason(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Store(failure) = self { failure.retry_after() } else { None }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Days(_) => Some("days"),
            Self::Limit(_) => Some("limit"),
            Self::Event { field, .. } => Some(field),
            Self::Store(_) => None,
        }
    }
}

/// The service behind the protos.
pub(crate) struct AnalyticsRpc {
    pub(crate) store: Store,
}

fn period(days: Option<i32>, default: i32) -> Result<Period, Status> {
    Period::of_last(days.unwrap_or(default), Utc::now().date_naive()).map_err(from_error)
}

#[tonic::async_trait]
impl AnalyticsService for AnalyticsRpc {
    async fn record_events(
        &self,
        request: Request<pb::RecordEventsRequest>,
    ) -> Result<Response<pb::RecordEventsResponse>, Status> {
        let events = request.into_inner().events;
        if events.len() > MAX_EVENTS {
            return Err(invalid(
                "events",
                format!("must be at most {MAX_EVENTS}, not {}", events.len()),
            ));
        }
        let events = events
            .into_iter()
            .enumerate()
            .map(|(index, event)| event::parse(index, event))
            .collect::<Result<Vec<_>, _>>()
            .map_err(from_error)?;
        let recorded = self.store.record(&events).await.map_err(from_error)?;
        Ok(Response::new(pb::RecordEventsResponse { recorded: narrow(recorded) }))
    }

    async fn get_usage(
        &self,
        request: Request<pb::GetUsageRequest>,
    ) -> Result<Response<pb::GetUsageResponse>, Status> {
        let user = Caller::of(&request)?.user_id;
        let period = period(request.get_ref().days, DEFAULT_DAYS)?;
        let usage = self.store.usage(user, period).await.map_err(from_error)?;
        Ok(Response::new(pb::GetUsageResponse {
            total_queries: narrow(usage.total_queries),
            total_tokens: narrow(usage.prompt_tokens + usage.completion_tokens),
            documents_analyzed: narrow(usage.documents_analyzed),
            avg_response_time: seconds(usage.response_time_us) / usage.responses.max(1) as f64,
            workflows_executed: narrow(usage.workflows_executed),
            estimated_cost: dollars(usage.cost_microusd),
            period_days: period.days,
        }))
    }

    async fn list_token_usage(
        &self,
        request: Request<pb::ListTokenUsageRequest>,
    ) -> Result<Response<pb::ListTokenUsageResponse>, Status> {
        let user = Caller::of(&request)?.user_id;
        let period = period(request.get_ref().days, DEFAULT_DAYS)?;
        let days = self.store.tokens(user, period).await.map_err(from_error)?;
        let days = days.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListTokenUsageResponse { days }))
    }

    async fn list_activity(
        &self,
        request: Request<pb::ListActivityRequest>,
    ) -> Result<Response<pb::ListActivityResponse>, Status> {
        let user = Caller::of(&request)?.user_id;
        let limit = Limit::parse(request.get_ref().limit.unwrap_or(DEFAULT_ACTIVITIES))
            .map_err(from_error)?;
        let activities = self.store.activity(user, limit).await.map_err(from_error)?;
        let activities = activities.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListActivityResponse { activities }))
    }

    async fn get_workflow_stats(
        &self,
        request: Request<pb::GetWorkflowStatsRequest>,
    ) -> Result<Response<pb::GetWorkflowStatsResponse>, Status> {
        let user = Caller::of(&request)?.user_id;
        let period = period(request.get_ref().days, DEFAULT_WORKFLOW_DAYS)?;
        let runs = self.store.runs(user, period).await.map_err(from_error)?;
        Ok(Response::new(pb::GetWorkflowStatsResponse {
            total_executions: narrow(runs.total),
            completed_executions: narrow(runs.completed),
            failed_executions: narrow(runs.failed),
            avg_duration_seconds: runs.mean_duration_us / 1e6,
            success_rate: percent(runs.completed, runs.total),
            settled_success_rate: percent(runs.completed, runs.completed + runs.failed),
            period_days: period.days,
        }))
    }

    async fn refresh_analytics(
        &self,
        request: Request<pb::RefreshAnalyticsRequest>,
    ) -> Result<Response<pb::RefreshAnalyticsResponse>, Status> {
        let user = Caller::of(&request)?.user_id;
        self.store.refresh(user).await.map_err(from_error)?;
        let message = "Analytics refreshed successfully".to_owned();
        Ok(Response::new(pb::RefreshAnalyticsResponse { message }))
    }
}

impl From<DayTokens> for pb::TokenUsage {
    fn from(day: DayTokens) -> Self {
        let midnight = day.date.and_time(chrono::NaiveTime::MIN).and_utc();
        Self {
            date: Some(Timestamp { seconds: midnight.timestamp(), nanos: 0 }),
            total_tokens: narrow(day.prompt_tokens + day.completion_tokens),
            prompt_tokens: narrow(day.prompt_tokens),
            completion_tokens: narrow(day.completion_tokens),
            estimated_cost: dollars(day.cost_microusd),
        }
    }
}

impl From<Activity> for pb::Activity {
    fn from(activity: Activity) -> Self {
        let is_document = activity.kind.starts_with("document_");
        let action = match activity.kind.as_str() {
            "question_asked" => "AI Query".to_owned(),
            "answer_ended" => "AI Response".to_owned(),
            "document_uploaded" => "Document Upload".to_owned(),
            "document_processed" => "Document Analysis".to_owned(),
            "workflow_started" => {
                format!("Workflow: {}", activity.name.as_deref().unwrap_or_default())
            }
            _ => "Sign-in".to_owned(),
        };
        Self {
            id: activity.event_id.to_string(),
            timestamp: Some(Timestamp {
                seconds: activity.occurred_at.timestamp(),
                nanos: activity.occurred_at.timestamp_subsec_nanos().cast_signed(),
            }),
            action,
            document: activity.name.filter(|_| is_document),
            tokens: narrow(activity.tokens),
            response_time: activity.duration_us.map(seconds),
            status: activity.status,
        }
    }
}

/// Counts are `int32` on the wire, because JSON turns `int64` into strings.
fn narrow(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

fn dollars(micros: i64) -> f64 {
    micros as f64 / 1e6
}

fn percent(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}
