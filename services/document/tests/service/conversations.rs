//! A conversation service that remembers which documents it was told to forget and asked to describe.

use std::sync::{Arc, Mutex};

use elenchus_proto::pb::conversation::v1::{
    DescribeDocumentRequest, DescribeDocumentResponse, DocumentTrait, ForgetDocumentRequest,
};
use elenchus_rpc::Transport;
use http_body_util::BodyExt;
use prost::Message;
use tonic::Status;
use tonic::body::Body;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

const FORGET: &str = "/elenchus.conversation.v1.ConversationService/ForgetDocument";
const DESCRIBE: &str = "/elenchus.conversation.v1.AssistantService/DescribeDocument";
/// What stands before a message: that it is not compressed, and its length.
const FRAME_HEAD: usize = 5;

#[derive(Clone, Default)]
pub(crate) struct Conversations {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_away: bool,
    is_silent: bool,
    says: Vec<DocumentTrait>,
    forgotten: Vec<ForgetDocumentRequest>,
    described: Vec<DescribeDocumentRequest>,
}

impl Conversations {
    /// Whether it is out of reach.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.state.lock().unwrap().is_away = is_away;
    }

    /// Whether it takes what it is asked to describe and never answers.
    pub(crate) fn set_silent(&self, is_silent: bool) {
        self.state.lock().unwrap().is_silent = is_silent;
    }

    /// What its model says of every document.
    pub(crate) fn say(&self, says: Vec<DocumentTrait>) {
        self.state.lock().unwrap().says = says;
    }

    /// What it was told.
    pub(crate) fn forgotten(&self) -> Vec<ForgetDocumentRequest> {
        self.state.lock().unwrap().forgotten.clone()
    }

    /// What it was asked.
    pub(crate) fn described(&self) -> Vec<DescribeDocumentRequest> {
        self.state.lock().unwrap().described.clone()
    }

    pub(crate) fn transport(&self) -> Transport {
        let this = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Body>| {
            let this = this.clone();
            async move {
                let path = request.uri().path().to_owned();
                let frame = request.into_body().collect().await?.to_bytes();
                let answer = this.answer(&path, &frame[FRAME_HEAD..])?;
                if this.state.lock().unwrap().is_silent && path == DESCRIBE {
                    std::future::pending::<()>().await;
                }
                Ok(framed(&answer))
            }
        }))
    }

    fn answer(&self, path: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
        let mut state = self.state.lock().unwrap();
        if state.is_away {
            return Err(Status::unavailable("away"));
        }
        match path {
            FORGET => {
                state.forgotten.push(ForgetDocumentRequest::decode(message).unwrap());
                Ok(Vec::new())
            }
            DESCRIBE => {
                state.described.push(DescribeDocumentRequest::decode(message).unwrap());
                let traits = state.says.clone();
                let model = if traits.is_empty() { "" } else { "a-model" }.to_owned();
                Ok(DescribeDocumentResponse { traits, model }.encode_to_vec())
            }
            _ => panic!("nobody asks for {path}"),
        }
    }
}

fn framed(message: &[u8]) -> http::Response<Body> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let frame = [&[0], &length[..], message].concat();
    let body = http_body_util::Full::from(frame).map_err(|never| match never {});
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let body = body.with_trailers(async { Some(Ok(trailers)) });
    let mut response = http::Response::new(Body::new(body));
    response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    response
}
