//! A gateway on a free port, and a laboratory service that answers with what it got.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use elenchus_cache::Cache;
use elenchus_gateway::{Gateway, Peers, Settings};
use elenchus_proto::DESCRIPTORS;
use elenchus_rpc::{Shutdown, Transport};
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tonic::Status;
use tonic::body::Body;
use tower::{service_fn, util::BoxCloneSyncService};

/// Descriptors of the laboratory, compiled for the tests only.
pub(crate) static LAB: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compiler =
        protox::Compiler::new([here.join("tests/protos"), here.join("../proto")]).unwrap();
    compiler.include_imports(true).include_source_info(true).open_file("lab/v1/lab.proto").unwrap();
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
});

/// A gateway that listens.
pub(crate) struct Edge {
    pub(crate) address: SocketAddr,
    pub(crate) http: reqwest::Client,
    pub(crate) shutdown: Shutdown,
}

impl Edge {
    /// A gateway of the laboratory.
    pub(crate) async fn of_lab(settings: Settings, lab: &Lab) -> Self {
        let shutdown = Shutdown::new();
        let peers = Peers::default().with_service("lab.v1.LabService", lab.transport());
        let gateway =
            Gateway::of_descriptors(&LAB, settings, peers, Cache::in_process(), &shutdown).unwrap();
        Self::serve(gateway, shutdown).await
    }

    /// A gateway of our own services.
    pub(crate) async fn of_mesh(settings: Settings, peers: Peers) -> Self {
        let shutdown = Shutdown::new();
        let gateway = Gateway::build(settings, peers, Cache::in_process(), &shutdown).unwrap();
        Self::serve(gateway, shutdown).await
    }

    async fn serve(gateway: Gateway, shutdown: Shutdown) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        shutdown.spawn(gateway.serve(listener, shutdown.clone()));
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { address, http, shutdown }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str, json: &str) -> reqwest::RequestBuilder {
        self.http
            .post(self.url(path))
            .header("content-type", "application/json")
            .body(json.to_owned())
    }
}

/// Settings without a rate limit.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.rate.per_minute = 0;
    settings
}

type Script = dyn Fn(&Bytes) -> Result<Vec<Bytes>, Status> + Send + Sync;

/// A service that answers by a script and remembers its calls.
#[derive(Clone)]
pub(crate) struct Lab {
    calls: Arc<Mutex<Vec<Bytes>>>,
    script: Arc<Script>,
}

impl Lab {
    pub(crate) fn answering(
        script: impl Fn(&Bytes) -> Result<Vec<Bytes>, Status> + Send + Sync + 'static,
    ) -> Self {
        Self { calls: Arc::default(), script: Arc::new(script) }
    }

    /// Answers with the message that it got.
    pub(crate) fn echo() -> Self {
        Self::answering(|message| Ok(vec![message.clone()]))
    }

    /// The messages that it got.
    pub(crate) fn calls(&self) -> Vec<Bytes> {
        self.calls.lock().unwrap().clone()
    }

    /// The last message, read by the name of its type.
    pub(crate) fn last(&self, message: &str) -> DynamicMessage {
        let calls = self.calls();
        let descriptor = LAB.get_message_by_name(message).unwrap();
        DynamicMessage::decode(descriptor, calls.last().expect("there was a call").clone()).unwrap()
    }

    pub(crate) fn transport(&self) -> Transport {
        let lab = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Body>| {
            let lab = lab.clone();
            async move { lab.answer(request).await }
        }))
    }

    async fn answer(&self, request: http::Request<Body>) -> Result<Response<Body>, Status> {
        let framed = request.into_body().collect().await?.to_bytes();
        let message = if framed.len() >= 5 { framed.slice(5..) } else { Bytes::new() };
        self.calls.lock().unwrap().push(message.clone());
        let messages = match (self.script)(&message) {
            Ok(messages) => messages,
            Err(status) => return Ok(status.into_http()),
        };
        let frames = messages
            .into_iter()
            .map(|message| Ok::<_, Status>(Frame::data(framed_message(&message))));
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let frames =
            tokio_stream::iter(frames).chain(tokio_stream::once(Ok(Frame::trailers(trailers))));
        let mut response = Response::new(Body::new(StreamBody::new(frames)));
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        response.headers_mut().insert("x-next-page-token", "page-2".parse().unwrap());
        Ok(response)
    }
}

/// A message behind its flag and length.
pub(crate) fn framed_message(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.put_slice(message);
    frame.freeze()
}

/// A peer that cannot be reached.
pub(crate) fn nobody() -> Transport {
    BoxCloneSyncService::new(service_fn(async |_: http::Request<Body>| {
        Err::<Response<Body>, _>(Status::unavailable("a service could not be reached at 10.0.0.7"))
    }))
}

/// Ways to all of our services, the same for each.
pub(crate) fn everywhere(transport: &Transport) -> Peers {
    ["auth", "conversation", "document", "workflow", "analytics"]
        .into_iter()
        .fold(Peers::default(), |peers, name| {
            peers.with_package(&DESCRIPTORS, &format!("elenchus.{name}.v1"), transport)
        })
}

/// A problem: its status, and the fields that it names.
pub(crate) async fn problem(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json", "status {status}");
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["request_id"], request_id);
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    (status, problem)
}

pub(crate) fn fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
}
