//! A conversation service that remembers which documents it was told to forget.

use std::sync::{Arc, Mutex};

use elenchus_proto::pb::conversation::v1::ForgetDocumentRequest;
use elenchus_rpc::Transport;
use http_body_util::BodyExt;
use prost::Message;
use tonic::Status;
use tonic::body::Body;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

const FORGET: &str = "/elenchus.conversation.v1.ConversationService/ForgetDocument";
/// One empty message.
const EMPTY_FRAME: [u8; 5] = [0; 5];

#[derive(Clone, Default)]
pub(crate) struct Conversations {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_away: bool,
    forgotten: Vec<ForgetDocumentRequest>,
}

impl Conversations {
    /// Whether it is out of reach.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.state.lock().unwrap().is_away = is_away;
    }

    /// What it was told.
    pub(crate) fn forgotten(&self) -> Vec<ForgetDocumentRequest> {
        self.state.lock().unwrap().forgotten.clone()
    }

    pub(crate) fn transport(&self) -> Transport {
        let this = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Body>| {
            let this = this.clone();
            async move {
                assert_eq!(request.uri().path(), FORGET);
                let frame = request.into_body().collect().await?.to_bytes();
                this.forget(&frame[EMPTY_FRAME.len()..])
            }
        }))
    }

    fn forget(&self, message: &[u8]) -> Result<http::Response<Body>, Status> {
        let mut state = self.state.lock().unwrap();
        if state.is_away {
            return Err(Status::unavailable("away"));
        }
        state.forgotten.push(ForgetDocumentRequest::decode(message).unwrap());
        let body = http_body_util::Full::from(&EMPTY_FRAME[..]).map_err(|never| match never {});
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let body = body.with_trailers(async { Some(Ok(trailers)) });
        let mut response = http::Response::new(Body::new(body));
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        Ok(response)
    }
}
