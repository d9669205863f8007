//! What every call passes, near and far alike.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use elenchus_proto::pb::analytics::v1 as pb;
use elenchus_proto::pb::analytics::v1::analytics_service_client::AnalyticsServiceClient;
use elenchus_proto::pb::analytics::v1::analytics_service_server::{
    AnalyticsService, AnalyticsServiceServer,
};
use elenchus_rpc::caller::{Grant, UserId, as_service, on_behalf_of};
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::session::{Authority, Credential, Sessions};
use elenchus_rpc::token::{Keys, OpaqueKind, OpaqueToken};
use elenchus_rpc::transport::{Identity, Late, remote};
use elenchus_rpc::{Caller, Server, Shutdown, Transport};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use uuid::Uuid;

/// Answers with what it learnt of the call, so that the tests can see it.
struct Probe;

#[async_trait]
impl AnalyticsService for Probe {
    async fn record_events(
        &self,
        _: Request<pb::RecordEventsRequest>,
    ) -> Result<Response<pb::RecordEventsResponse>, Status> {
        Ok(Response::new(pb::RecordEventsResponse { recorded: 1 }))
    }

    async fn get_usage(
        &self,
        request: Request<pb::GetUsageRequest>,
    ) -> Result<Response<pb::GetUsageResponse>, Status> {
        let left = Caller::of(&request)?.deadline.remaining();
        Ok(Response::new(pb::GetUsageResponse {
            avg_response_time: left.as_secs_f64(),
            ..Default::default()
        }))
    }

    async fn list_token_usage(
        &self,
        _: Request<pb::ListTokenUsageRequest>,
    ) -> Result<Response<pb::ListTokenUsageResponse>, Status> {
        std::future::pending().await
    }

    async fn list_activity(
        &self,
        request: Request<pb::ListActivityRequest>,
    ) -> Result<Response<pb::ListActivityResponse>, Status> {
        let id = Caller::of(&request)?.user_id.to_string();
        let client = request.metadata().get("x-forwarded-for");
        let action = client.map(|client| client.to_str().unwrap().to_owned()).unwrap_or_default();
        let activity = pb::Activity { id, action, ..Default::default() };
        Ok(Response::new(pb::ListActivityResponse { activities: vec![activity] }))
    }

    async fn get_workflow_stats(
        &self,
        _: Request<pb::GetWorkflowStatsRequest>,
    ) -> Result<Response<pb::GetWorkflowStatsResponse>, Status> {
        panic!("a bug with a secret in it")
    }

    async fn refresh_analytics(
        &self,
        _: Request<pb::RefreshAnalyticsRequest>,
    ) -> Result<Response<pb::RefreshAnalyticsResponse>, Status> {
        Err(Status::not_found("nothing"))
    }
}

/// Every session but one is alive, and its user has the same id. One grant was given, to workflow.
struct AllBut(Uuid, OpaqueToken);

#[async_trait]
impl Sessions for AllBut {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        Ok(match credential {
            Credential::Session(session) => {
                (session != self.0).then(|| Authority::of_user(UserId(session)))
            }
            Credential::Token(hash) => (hash == self.1.hash()).then(|| Authority {
                scopes: Some(["analytics.read".to_owned()].into()),
                actor: Some("workflow".to_owned()),
                ..Authority::of_user(UserId(self.0))
            }),
        })
    }
}

struct Mesh {
    keys: Keys,
    ended: Uuid,
    grant: OpaqueToken,
    ways: [(&'static str, Transport); 2],
    shutdown: Shutdown,
}

async fn mesh() -> Mesh {
    let keys = Keys::from_secret(&SecretString::from("9f86d081884c7d659a2feaa0c55ad015")).unwrap();
    let (ended, shutdown) = (Uuid::now_v7(), Shutdown::new());
    let grant = OpaqueToken::draw(OpaqueKind::Grant);
    let sessions = Arc::new(AllBut(ended, grant.clone()));
    let guard = Guard { service: "analytics", keys: keys.clone(), sessions };
    let server = Server::builder(guard)
        .service(AnalyticsServiceServer::new(Probe))
        .build(&shutdown)
        .unwrap();
    let near = server.transport();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    shutdown.spawn(server.serve(listener, shutdown.clone()));
    let far = remote(&address, &shutdown).unwrap();
    let mesh = Mesh { keys, ended, grant, ways: [("near", near), ("far", far)], shutdown };
    mesh.until_reachable().await;
    mesh
}

impl Mesh {
    async fn until_reachable(&self) {
        let mut health = HealthClient::new(self.ways[1].1.clone());
        let patience = Instant::now() + Duration::from_secs(10);
        while health.check(HealthCheckRequest::default()).await.is_err() {
            assert!(Instant::now() < patience, "the server does not answer");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn clients(&self) -> impl Iterator<Item = (&'static str, AnalyticsServiceClient<Transport>)> {
        self.ways.iter().map(|(name, way)| (*name, AnalyticsServiceClient::new(way.clone())))
    }

    fn signed<T>(&self, session: Uuid, message: T) -> Request<T> {
        let token = self.keys.issue_access(session, session, Duration::from_secs(60)).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }
}

#[tokio::test]
async fn without_a_living_session_a_user_is_not_let_in() {
    let mesh = mesh().await;
    for (way, mut client) in mesh.clients() {
        let nobody = client.list_activity(pb::ListActivityRequest::default()).await.unwrap_err();
        assert_eq!(nobody.code(), Code::Unauthenticated, "{way}");
        let ended = mesh.signed(mesh.ended, pb::ListActivityRequest::default());
        assert_eq!(
            client.list_activity(ended).await.unwrap_err().code(),
            Code::Unauthenticated,
            "{way}"
        );
        let mut forged = Request::new(pb::ListActivityRequest::default());
        forged.metadata_mut().insert("authorization", "Bearer a.b.c".parse().unwrap());
        assert_eq!(
            client.list_activity(forged).await.unwrap_err().code(),
            Code::Unauthenticated,
            "{way}"
        );
        let alive = mesh.signed(Uuid::now_v7(), pb::ListActivityRequest::default());
        assert!(client.list_activity(alive).await.is_ok(), "{way}");
    }
}

#[tokio::test]
async fn only_a_service_may_call_what_is_between_services() {
    let mesh = mesh().await;
    for (way, transport) in &mesh.ways {
        let user = mesh.signed(Uuid::now_v7(), pb::RecordEventsRequest::default());
        let refusal =
            AnalyticsServiceClient::new(transport.clone()).record_events(user).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated, "{way}");

        let document = Identity::new("document", mesh.keys.clone());
        let event = || as_service(Duration::from_secs(5), pb::RecordEventsRequest::default());
        let mut to_another = AnalyticsServiceClient::new(document.to("auth", transport.clone()));
        assert_eq!(
            to_another.record_events(event()).await.unwrap_err().code(),
            Code::Unauthenticated,
            "{way}"
        );
        let mut to_this = AnalyticsServiceClient::new(document.to("analytics", transport.clone()));
        assert!(to_this.record_events(event()).await.is_ok(), "{way}");
    }
}

#[tokio::test]
async fn a_service_acts_for_a_user_by_leave_given_to_it_for_what_it_names() {
    let mesh = mesh().await;
    let grant = Grant::parse(mesh.grant.expose()).unwrap();
    let budget = Duration::from_secs(5);
    for (way, transport) in &mesh.ways {
        let client = |name| {
            let identity = Identity::new(name, mesh.keys.clone());
            AnalyticsServiceClient::new(identity.to("analytics", transport.clone()))
        };
        let ask = || on_behalf_of(&grant, budget, pb::ListActivityRequest::default());
        let seen = client("workflow").list_activity(ask()).await.unwrap().into_inner();
        assert_eq!(seen.activities[0].id, mesh.ended.to_string(), "{way}");

        let beyond = on_behalf_of(&grant, budget, pb::RefreshAnalyticsRequest::default());
        let refusal = client("workflow").refresh_analytics(beyond).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied, "{way}");
        let never_given = OpaqueToken::draw(OpaqueKind::Grant);
        let never_given = Grant::parse(never_given.expose()).unwrap();
        let never_given = on_behalf_of(&never_given, budget, pb::ListActivityRequest::default());
        let nobody = as_service(budget, pb::ListActivityRequest::default());
        for (who, request) in [
            ("document", ask()),
            ("gateway", ask()),
            ("workflow", never_given),
            ("workflow", nobody),
        ] {
            let refusal = client(who).list_activity(request).await.unwrap_err();
            assert_eq!(refusal.code(), Code::Unauthenticated, "{way} {who}");
        }
        let alone = AnalyticsServiceClient::new(transport.clone()).list_activity(ask()).await;
        assert_eq!(alone.unwrap_err().code(), Code::Unauthenticated, "{way}");
    }
}

#[tokio::test]
async fn where_the_client_is_only_the_gateway_knows() {
    let mesh = mesh().await;
    for (way, transport) in &mesh.ways {
        for (who, believed) in [("gateway", "192.0.2.7"), ("document", "")] {
            let identity = Identity::new(who, mesh.keys.clone());
            let mut client =
                AnalyticsServiceClient::new(identity.to("analytics", transport.clone()));
            let mut request = mesh.signed(Uuid::now_v7(), pb::ListActivityRequest::default());
            request.metadata_mut().insert("x-forwarded-for", "192.0.2.7".parse().unwrap());
            let seen = client.list_activity(request).await.unwrap().into_inner();
            assert_eq!(seen.activities[0].action, believed, "{way} {who}");
        }
    }
}

#[tokio::test]
async fn one_who_does_not_prove_which_service_it_is_gets_nowhere() {
    let mesh = mesh().await;
    let user = mesh.keys.issue_access(mesh.ended, mesh.ended, Duration::from_secs(60)).unwrap();
    let to_another = mesh.keys.issue_service("workflow", "document").unwrap();
    for (way, mut client) in mesh.clients() {
        for forged in ["x", user.as_str(), to_another.as_str()] {
            let mut request = mesh.signed(Uuid::now_v7(), pb::ListActivityRequest::default());
            request.metadata_mut().insert("x-elenchus-service", forged.parse().unwrap());
            let refusal = client.list_activity(request).await.unwrap_err();
            assert_eq!(refusal.code(), Code::Unauthenticated, "{way}");
        }
        // Nor is the gateway one of those who talk among themselves.
        let mut request = as_service(Duration::from_secs(5), pb::RecordEventsRequest::default());
        let token = mesh.keys.issue_service("gateway", "analytics").unwrap();
        request.metadata_mut().insert("x-elenchus-service", token.parse().unwrap());
        let refusal = client.record_events(request).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated, "{way}");
    }
}

#[tokio::test]
async fn a_deadline_is_inherited_and_ends_the_call() {
    let mesh = mesh().await;
    for (way, mut client) in mesh.clients() {
        let mut request = mesh.signed(Uuid::now_v7(), pb::GetUsageRequest::default());
        request.set_timeout(Duration::from_secs(3));
        let left = client.get_usage(request).await.unwrap().into_inner().avg_response_time;
        assert!(left > 0.0 && left <= 3.0, "{way}: {left}");

        let mut endless = mesh.signed(Uuid::now_v7(), pb::ListTokenUsageRequest::default());
        endless.set_timeout(Duration::from_millis(50));
        let late = client.list_token_usage(endless).await.unwrap_err();
        assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{way}: {late:?}");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_tells_nothing() {
    let mesh = mesh().await;
    for (way, mut client) in mesh.clients() {
        let request = mesh.signed(Uuid::now_v7(), pb::GetWorkflowStatsRequest::default());
        let status = client.get_workflow_stats(request).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"), "{way}");
    }
}

#[tokio::test]
async fn health_needs_no_caller_and_says_when_a_stop_has_begun() {
    let mesh = mesh().await;
    let mut health = HealthClient::new(mesh.ways[0].1.clone());
    let service = "elenchus.analytics.v1.AnalyticsService".to_owned();
    let serving = tonic_health::pb::health_check_response::ServingStatus::Serving as i32;
    let ask = || HealthCheckRequest { service: service.clone() };
    assert_eq!(health.check(ask()).await.unwrap().into_inner().status, serving);

    mesh.shutdown.stop();
    let patience = Instant::now() + Duration::from_secs(10);
    while health.check(ask()).await.unwrap().into_inner().status == serving {
        assert!(Instant::now() < patience, "health does not notice the stop");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_unavailable_at_once() {
    let shutdown = Shutdown::new();
    let nobody = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap()).parse().unwrap();
    drop(nobody);
    for way in [remote(&address, &shutdown).unwrap(), Late::default().transport()] {
        let began = Instant::now();
        let status = HealthClient::new(way).check(HealthCheckRequest::default()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
