//! A peer that fails, hangs up, or is not there: what is asked twice, how often, and who finds out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use elenchus_proto::pb::analytics::v1 as pb;
use elenchus_proto::pb::analytics::v1::analytics_service_client::AnalyticsServiceClient;
use elenchus_proto::pb::analytics::v1::analytics_service_server::{
    AnalyticsService, AnalyticsServiceServer,
};
use elenchus_rpc::transport::remote;
use elenchus_rpc::{Shutdown, Transport};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

const PATIENCE: Duration = Duration::from_secs(20);

/// Fails so many of its next calls, and counts them all.
#[derive(Clone, Default)]
struct Flaky {
    failures_left: Arc<AtomicUsize>,
    asks_for_peace: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl Flaky {
    fn fail_next(&self, failures: usize) {
        self.failures_left.store(failures, Ordering::SeqCst);
        self.calls.store(0, Ordering::SeqCst);
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn answer<T: Default>(&self) -> Result<Response<T>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let left = self
            .failures_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_err() {
            return Ok(Response::new(T::default()));
        }
        let mut details = ErrorDetails::new();
        if self.asks_for_peace.load(Ordering::SeqCst) {
            details.set_retry_info(Some(Duration::from_secs(1)));
        }
        Err(Status::with_error_details(Code::Unavailable, "not now", details))
    }
}

#[async_trait]
impl AnalyticsService for Flaky {
    async fn record_events(
        &self,
        _: Request<pb::RecordEventsRequest>,
    ) -> Result<Response<pb::RecordEventsResponse>, Status> {
        self.answer()
    }

    async fn get_usage(
        &self,
        _: Request<pb::GetUsageRequest>,
    ) -> Result<Response<pb::GetUsageResponse>, Status> {
        self.answer()
    }

    async fn list_token_usage(
        &self,
        _: Request<pb::ListTokenUsageRequest>,
    ) -> Result<Response<pb::ListTokenUsageResponse>, Status> {
        self.answer()
    }

    async fn list_activity(
        &self,
        _: Request<pb::ListActivityRequest>,
    ) -> Result<Response<pb::ListActivityResponse>, Status> {
        self.answer()
    }

    async fn get_workflow_stats(
        &self,
        _: Request<pb::GetWorkflowStatsRequest>,
    ) -> Result<Response<pb::GetWorkflowStatsResponse>, Status> {
        self.answer()
    }

    async fn refresh_analytics(
        &self,
        _: Request<pb::RefreshAnalyticsRequest>,
    ) -> Result<Response<pb::RefreshAnalyticsResponse>, Status> {
        self.answer()
    }
}

fn serve(listener: TcpListener, service: Flaky, shutdown: &Shutdown) {
    let server =
        tonic::transport::Server::builder().add_service(AnalyticsServiceServer::new(service));
    shutdown
        .spawn(server.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
}

/// A way to the address, and its client.
fn client(address: SocketAddr, shutdown: &Shutdown) -> AnalyticsServiceClient<Transport> {
    let address = format!("http://{address}").parse().unwrap();
    AnalyticsServiceClient::new(remote(&address, shutdown).unwrap())
}

async fn flaky() -> (Flaky, AnalyticsServiceClient<Transport>, Shutdown) {
    let (service, shutdown) = (Flaky::default(), Shutdown::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = client(listener.local_addr().unwrap(), &shutdown);
    serve(listener, service.clone(), &shutdown);
    until_answered(&mut client).await;
    // Answers earn what the first tries may have cost.
    for _ in 0..30 {
        client.get_usage(pb::GetUsageRequest::default()).await.unwrap();
    }
    (service, client, shutdown)
}

async fn until_answered(client: &mut AnalyticsServiceClient<Transport>) {
    let began = Instant::now();
    while client.get_usage(pb::GetUsageRequest::default()).await.is_err() {
        assert!(began.elapsed() < PATIENCE, "the peer is never reached");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_does_no_harm_is_asked_once_more_and_nothing_else_is() {
    let (service, mut client, _shutdown) = flaky().await;
    service.fail_next(1);
    client.get_usage(pb::GetUsageRequest::default()).await.unwrap();
    assert_eq!(service.calls(), 2, "a read");
    service.fail_next(1);
    client.record_events(pb::RecordEventsRequest::default()).await.unwrap();
    assert_eq!(service.calls(), 2, "a write that says that it is idempotent");
    service.fail_next(1);
    let refused = client.refresh_analytics(pb::RefreshAnalyticsRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unavailable);
    assert_eq!(service.calls(), 1, "a write that does not");
    service.fail_next(2);
    let refused = client.get_usage(pb::GetUsageRequest::default()).await;
    assert_eq!(refused.unwrap_err().message(), "not now");
    assert_eq!(service.calls(), 2, "once more, not twice");
}

#[tokio::test]
async fn a_peer_that_says_when_to_come_again_is_not_asked_at_once() {
    let (service, mut client, _shutdown) = flaky().await;
    service.asks_for_peace.store(true, Ordering::SeqCst);
    service.fail_next(1);
    client.get_usage(pb::GetUsageRequest::default()).await.unwrap_err();
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn a_peer_that_fails_every_call_gets_hardly_more_of_them() {
    const CALLS: usize = 200;
    let (service, mut client, _shutdown) = flaky().await;
    service.fail_next(usize::MAX);
    for _ in 0..CALLS {
        client.get_usage(pb::GetUsageRequest::default()).await.unwrap_err();
    }
    let asked = service.calls();
    assert!((CALLS + 1..=CALLS + CALLS / 10).contains(&asked), "asked {asked} times");
    service.fail_next(0);
    for _ in 0..CALLS {
        client.get_usage(pb::GetUsageRequest::default()).await.unwrap();
    }
    assert_eq!(service.calls(), CALLS, "full traffic as soon as it heals");
}

#[tokio::test]
async fn a_peer_that_is_gone_is_left_alone_and_found_again() {
    let shutdown = Shutdown::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let knocks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&knocks);
    // Takes every connection and hangs up.
    let door = shutdown.spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut client = client(address, &shutdown);
    let (began, mut refused_at_once) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        let refusal = client.get_usage(pb::GetUsageRequest::default()).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unavailable);
        let is_told_when = refusal.get_details_retry_info().is_some();
        refused_at_once += usize::from(is_told_when && asked.elapsed() < Duration::from_millis(50));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (knocks, seconds) = (knocks.load(Ordering::SeqCst), began.elapsed().as_secs_f64());
    // Five failures open the circuit; then there is one probe in 0.8 to 1.2 seconds. Some calls are
    // repeated, and each may have knocked twice.
    assert!((knocks as f64) <= 2.0 * (5.0 + 3.0 + seconds / 0.8), "{knocks} knocks");
    assert!(refused_at_once > 20, "{refused_at_once}");

    door.abort();
    let _ = door.await;
    let listener = TcpListener::bind(address).await.unwrap();
    serve(listener, Flaky::default(), &shutdown);
    until_answered(&mut client).await;
    for _ in 0..100 {
        client.get_usage(pb::GetUsageRequest::default()).await.unwrap();
    }
}
