//! Whether the gateway lives, and whether the services that it needs do.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use elenchus_rpc::Transport;
use futures_util::future::join_all;
use futures_util::{Stream, stream};
use http::{Response, StatusCode};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tonic::body::Body;
use tonic::{Request, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::Peers;
use crate::respond;

/// The time that a peer has to say how it is.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a watched peer is asked.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Asks the peers how they are.
#[derive(Clone)]
pub(crate) struct Vitals {
    app_name: String,
    /// By the name that people use, such as `auth`: one service of the peer, and the way to it.
    dependencies: BTreeMap<String, (String, Transport)>,
    peers: Peers,
}

impl Vitals {
    pub(crate) fn new(app_name: String, peers: Peers) -> Self {
        let mut dependencies = BTreeMap::new();
        for (service, transport) in peers.iter() {
            // `elenchus.auth.v1.AuthService` is part of `auth`.
            let name = service.split('.').rev().nth(2).unwrap_or(service).to_owned();
            dependencies.entry(name).or_insert_with(|| (service.to_owned(), transport.clone()));
        }
        Self { app_name, dependencies, peers }
    }

    /// Says that the process answers, and asks nobody else.
    pub(crate) fn live(&self) -> Response<Body> {
        respond::json(StatusCode::OK, json!({"status": "ok", "service": self.app_name}).to_string())
    }

    /// Asks every peer, and says what each answered.
    pub(crate) async fn ready(&self) -> Response<Body> {
        let ask = |(name, (service, transport)): (&String, &(String, Transport))| {
            let (name, service, transport) = (name.clone(), service.clone(), transport.clone());
            async move { (name, ask(transport, &service).await) }
        };
        let answers = join_all(self.dependencies.iter().map(ask)).await;
        let is_ready = answers.iter().all(|(_, status)| *status == ServingStatus::Serving);
        let word = |status: &ServingStatus| match status {
            ServingStatus::Serving => "serving",
            ServingStatus::NotServing => "not_serving",
            ServingStatus::Unknown | ServingStatus::ServiceUnknown => "unreachable",
        };
        let dependencies: BTreeMap<&str, &str> =
            answers.iter().map(|(name, status)| (name.as_str(), word(status))).collect();
        let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let body = json!({
            "status": if is_ready { "ok" } else { "unavailable" },
            "service": self.app_name,
            "dependencies": dependencies,
        });
        respond::json(status, body.to_string())
    }

    /// The gateway itself is the service without a name; the others are asked.
    async fn status(&self, service: &str) -> Result<ServingStatus, Status> {
        if service.is_empty() {
            return Ok(ServingStatus::Serving);
        }
        let transport =
            self.peers.get(service).ok_or_else(|| Status::not_found("there is no such service"))?;
        Ok(ask(transport.clone(), service).await)
    }
}

async fn ask(transport: Transport, service: &str) -> ServingStatus {
    let mut client = HealthClient::new(transport);
    let mut request = Request::new(HealthCheckRequest { service: service.to_owned() });
    request.set_timeout(PATIENCE);
    match timeout(PATIENCE, client.check(request)).await {
        Ok(Ok(answer)) => answer.get_ref().status(),
        Ok(Err(_)) | Err(_) => ServingStatus::Unknown,
    }
}

#[tonic::async_trait]
impl Health for Vitals {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        let status = self.status(&request.get_ref().service).await?.into();
        Ok(tonic::Response::new(HealthCheckResponse { status }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let state = (self.clone(), request.into_inner().service, None);
        let changes = stream::unfold(state, |(vitals, service, last)| async move {
            loop {
                let status = vitals.status(&service).await.unwrap_or(ServingStatus::ServiceUnknown);
                if last != Some(status) {
                    let answer = HealthCheckResponse { status: status.into() };
                    return Some((Ok(answer), (vitals, service, Some(status))));
                }
                sleep(ASK_EVERY).await;
            }
        });
        Ok(tonic::Response::new(Box::pin(changes)))
    }
}
