//! What callers of the service see, on a real PostgreSQL.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use elenchus_analytics::store::MIGRATOR;
use elenchus_proto::pb::analytics::v1 as pb;
use elenchus_proto::pb::analytics::v1::analytics_service_client::AnalyticsServiceClient;
use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_rpc::caller::as_service;
use elenchus_rpc::token::Keys;
use elenchus_rpc::transport::{Identity, Transport};
use elenchus_rpc::{Server, Shutdown, UserId};
use elenchus_testkit::caller::{self, AllAlive, request_of};
use elenchus_testkit::postgres::{TestDatabase, database};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

const BUDGET: Duration = Duration::from_secs(20);

/// The service, and who calls it.
struct Analytics {
    _database: TestDatabase,
    server: Server,
    keys: Keys,
}

impl Analytics {
    async fn start() -> Self {
        let (database, pool) = database("analytics", &MIGRATOR).await;
        let keys = caller::keys();
        let server =
            elenchus_analytics::build(pool, keys.clone(), Arc::new(AllAlive), &Shutdown::new())
                .unwrap();
        Self { _database: database, server, keys }
    }

    /// As a service of the mesh calls.
    fn called_by(&self, service: &'static str) -> AnalyticsServiceClient<Transport> {
        let identity = Identity::new(service, self.keys.clone());
        AnalyticsServiceClient::new(identity.to("analytics", self.server.transport()))
    }

    fn of<T>(&self, user: Uuid, message: T) -> Request<T> {
        request_of(&self.keys, UserId(user), BUDGET, message)
    }

    async fn record(&self, events: Vec<pb::Event>) -> Result<i32, Status> {
        let request = as_service(BUDGET, pb::RecordEventsRequest { events });
        let answer = self.called_by("conversation").record_events(request).await?;
        Ok(answer.into_inner().recorded)
    }

    async fn usage(&self, user: Uuid) -> pb::GetUsageResponse {
        let request = self.of(user, pb::GetUsageRequest { days: None });
        self.called_by("gateway").get_usage(request).await.unwrap().into_inner()
    }
}

fn event(user: Uuid, what: What) -> pb::Event {
    pb::Event {
        id: Uuid::now_v7().to_string(),
        user_id: user.to_string(),
        occurred_at: Some(SystemTime::now().into()),
        what: Some(what),
    }
}

fn a_busy_day(user: Uuid) -> Vec<pb::Event> {
    let (conversation_id, message_id) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let question = pb::QuestionAsked {
        conversation_id: conversation_id.clone(),
        message_id: message_id.clone(),
    };
    let answer = pb::AnswerEnded {
        conversation_id,
        message_id,
        model: "extractive".to_owned(),
        status: "complete".to_owned(),
        prompt_tokens: 1_000,
        completion_tokens: 200,
        cost_microusd: 2_500,
        duration_seconds: 1.5,
    };
    let started = pb::WorkflowStarted {
        execution_id: "review".to_owned(),
        template_name: "contract_review".to_owned(),
    };
    let ended = pb::WorkflowEnded {
        execution_id: "review".to_owned(),
        template_name: "contract_review".to_owned(),
        status: "completed".to_owned(),
        duration_seconds: 4.0,
        ..Default::default()
    };
    vec![
        event(user, What::QuestionAsked(question)),
        event(user, What::AnswerEnded(answer)),
        event(user, What::WorkflowStarted(started)),
        event(user, What::WorkflowEnded(ended)),
    ]
}

#[tokio::test]
async fn what_a_service_tells_is_its_users_to_see_once_and_nobody_elses() {
    let analytics = Analytics::start().await;
    let (user, stranger) = (Uuid::now_v7(), Uuid::now_v7());
    let events = a_busy_day(user);
    assert_eq!(analytics.record(events.clone()).await.unwrap(), 4);
    assert_eq!(analytics.record(events).await.unwrap(), 0, "told again, nothing is new");

    let usage = analytics.usage(user).await;
    assert_eq!((usage.total_queries, usage.total_tokens, usage.workflows_executed), (1, 1_200, 1));
    assert!((usage.avg_response_time - 1.5).abs() < 1e-6 && usage.period_days == 7, "{usage:?}");
    assert!((usage.estimated_cost - 0.0025).abs() < 1e-9, "{usage:?}");

    let mut client = analytics.called_by("gateway");
    let request = analytics.of(user, pb::GetWorkflowStatsRequest { days: None });
    let runs = client.get_workflow_stats(request).await.unwrap().into_inner();
    assert_eq!((runs.total_executions, runs.completed_executions), (1, 1));
    assert!((runs.success_rate - 100.0).abs() < 1e-9, "{runs:?}");
    let request = analytics.of(user, pb::ListTokenUsageRequest { days: None });
    assert_eq!(client.list_token_usage(request).await.unwrap().into_inner().days.len(), 1);
    let request = analytics.of(user, pb::ListActivityRequest { limit: Some(2) });
    assert_eq!(client.list_activity(request).await.unwrap().into_inner().activities.len(), 2);

    let request = analytics.of(user, pb::RefreshAnalyticsRequest {});
    client.refresh_analytics(request).await.unwrap();
    assert_eq!(analytics.usage(user).await, usage, "computed anew, the sums are the same");

    let theirs = analytics.usage(stranger).await;
    assert_eq!((theirs.total_queries, theirs.total_tokens, theirs.workflows_executed), (0, 0, 0));
    let request = analytics.of(stranger, pb::ListActivityRequest { limit: None });
    let answer = client.list_activity(request).await.unwrap().into_inner();
    assert_eq!(answer.activities, []);
}

#[tokio::test]
async fn users_tell_no_events() {
    let analytics = Analytics::start().await;
    let user = Uuid::now_v7();
    let request = analytics.of(user, pb::RecordEventsRequest { events: a_busy_day(user) });
    let mut outside = AnalyticsServiceClient::new(analytics.server.transport());
    assert_eq!(outside.record_events(request).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(analytics.usage(user).await.total_queries, 0);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let analytics = Analytics::start().await;
    let user = Uuid::now_v7();
    let mut client = analytics.called_by("gateway");
    let days = |days| analytics.of(user, pb::GetUsageRequest { days: Some(days) });
    for refused in [0, 91, -1, i32::MAX] {
        named("days", &client.get_usage(days(refused)).await.unwrap_err());
    }
    let request = analytics.of(user, pb::ListActivityRequest { limit: Some(201) });
    named("limit", &client.list_activity(request).await.unwrap_err());

    let [question, ..] = &a_busy_day(user)[..] else { unreachable!() };
    let nameless = pb::Event { id: "none".to_owned(), ..question.clone() };
    let timeless = pb::Event { occurred_at: None, ..question.clone() };
    let empty = pb::Event { what: None, ..question.clone() };
    for (field, event) in [("id", nameless), ("occurred_at", timeless), ("what", empty)] {
        let refusal = analytics.record(vec![question.clone(), event]).await.unwrap_err();
        named(&format!("events[1].{field}"), &refusal);
    }
    assert_eq!(analytics.usage(user).await.total_queries, 0, "of a bad batch nothing is kept");
    let many = vec![question.clone(); 1_001];
    named("events", &analytics.record(many).await.unwrap_err());
}

fn named(field: &str, refusal: &Status) {
    assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal:?}");
    let details = refusal.get_details_bad_request().expect("the refusal names a field");
    assert_eq!(details.field_violations[0].field, field);
}
