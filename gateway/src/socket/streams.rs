//! The calls that a socket makes, each a task that passes on what comes.

use std::time::Duration;

use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use elenchus_proto::pb::conversation::v1::conversation_service_client::ConversationServiceClient;
use elenchus_rpc::Transport;
use elenchus_rpc::layer::idempotency::IDEMPOTENCY_KEY;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::{Code, Request, Status, Streaming};

use super::Authorization;
use crate::context::Context;

/// How often it is looked whether the session and the conversation are still there.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// Before a stream that broke off is opened again, and how often that is tried in a row.
const RETRY_AFTER: Duration = Duration::from_millis(500);
const ATTEMPTS: u32 = 20;

/// Which task of a socket something comes from.
pub(super) type Tag = u64;

/// Tells which answers begin.
pub(super) type Starts = Streaming<pb::WatchConversationResponse>;

/// What the tasks of a socket have to say.
pub(super) enum Said {
    /// An event of an answer.
    Event(Tag, Box<pb::ChatEvent>),
    /// Nothing more comes, and why where it is not a good end.
    Ended(Tag, Option<Status>),
    /// An answer begins, or is being made, in the conversation.
    Started(String),
    /// A stop was refused.
    NotStopped(String, Status),
    /// The socket may not be used any more.
    Over(Status),
}

/// Makes the calls of one socket.
#[derive(Clone)]
pub(super) struct Calls {
    pub(super) client: ConversationServiceClient<Transport>,
    pub(super) context: Context,
    pub(super) authorization: Authorization,
    pub(super) conversation_id: String,
    /// The most that a call may take that answers once, and one that streams.
    pub(super) budgets: (Duration, Duration),
    pub(super) said: mpsc::Sender<Said>,
}

/// A call with what is known of the request that opened the socket.
pub(super) fn request<T>(
    context: &Context,
    authorization: Option<&Authorization>,
    budget: Duration,
    message: T,
) -> Request<T> {
    let mut request = Request::new(message);
    let mut metadata = context.metadata(&HeaderMap::new());
    if let Some(Authorization(value)) = authorization {
        metadata.insert(AUTHORIZATION, value.clone());
    }
    *request.metadata_mut() = MetadataMap::from_headers(metadata);
    request.set_timeout(budget);
    request
}

impl Calls {
    fn unary<T>(&self, message: T) -> Request<T> {
        request(&self.context, Some(&self.authorization), self.budgets.0, message)
    }

    fn stream<T>(&self, message: T) -> Request<T> {
        request(&self.context, Some(&self.authorization), self.budgets.1, message)
    }

    /// Whether the socket may be used.
    pub(super) async fn check(&self) -> Result<(), Status> {
        let conversation_id = self.conversation_id.clone();
        let message = pb::GetConversationRequest { conversation_id };
        self.client.clone().get_conversation(self.unary(message)).await.map(drop)
    }

    /// Looks again and again, and says so once it may not.
    pub(super) async fn keep_checking(self) {
        loop {
            sleep(CHECK_EVERY).await;
            if let Err(status) = self.check().await
                && !is_passing(&status)
            {
                let _ = self.said.send(Said::Over(status)).await;
                return;
            }
        }
    }

    /// Asks a question. Dropping the task stops the answer, unless the question says otherwise or has a key.
    pub(super) async fn ask(
        self,
        tag: Tag,
        question: pb::StreamChatRequest,
        key: Option<AsciiMetadataValue>,
    ) {
        let (mut seen, mut request) = (Seen::default(), self.stream(question));
        if let Some(key) = key {
            request.metadata_mut().insert(IDEMPOTENCY_KEY, key);
        }
        let end = match self.client.clone().stream_chat(request).await {
            Err(status) => Err(status),
            Ok(answer) => {
                let mut events = answer.into_inner();
                loop {
                    match events.message().await {
                        Ok(Some(message)) => self.pass_on(tag, message.event, &mut seen).await,
                        Ok(None) => break Ok(()),
                        Err(status) => break Err(status),
                    }
                }
            }
        };
        match end {
            // Another process ends what this one could not.
            Err(status) if is_passing(&status) && !seen.id.is_empty() => {
                self.watch(tag, seen.id, seen.seq).await;
            }
            end => self.ended(tag, end.err()).await,
        }
    }

    /// Passes on the events of an answer after this one, to its end.
    pub(super) async fn watch(self, tag: Tag, generation_id: String, after_seq: i32) {
        let mut seen = Seen { id: generation_id, seq: after_seq };
        let mut attempts = 0;
        let end = loop {
            let before = seen.seq;
            match self.watch_once(tag, &mut seen).await {
                Err(status) if is_passing(&status) && attempts < ATTEMPTS => {
                    attempts = if seen.seq > before { 0 } else { attempts + 1 };
                    sleep(RETRY_AFTER).await;
                }
                end => break end,
            }
        };
        self.ended(tag, end.err()).await;
    }

    async fn watch_once(&self, tag: Tag, seen: &mut Seen) -> Result<(), Status> {
        let message =
            pb::WatchGenerationRequest { generation_id: seen.id.clone(), after_seq: seen.seq };
        let answer = self.client.clone().watch_generation(self.stream(message)).await?;
        let mut events = answer.into_inner();
        while let Some(message) = events.message().await? {
            self.pass_on(tag, message.event, seen).await;
        }
        Ok(())
    }

    /// The answers that begin from now on, or after a place.
    pub(super) async fn starts(&self, after_seq: i32) -> Result<Starts, Status> {
        let conversation_id = self.conversation_id.clone();
        let message = pb::WatchConversationRequest { conversation_id, after_seq };
        let answer = self.client.clone().watch_conversation(self.stream(message)).await?;
        Ok(answer.into_inner())
    }

    /// Says which answers begin, for as long as the socket lives.
    pub(super) async fn hear(self, mut opened: Result<Starts, Status>) {
        let mut after_seq = 0;
        loop {
            if let Ok(mut starts) = opened {
                while let Ok(Some(start)) = starts.message().await {
                    after_seq = start.seq;
                    let _ = self.said.send(Said::Started(start.generation_id)).await;
                }
            }
            sleep(RETRY_AFTER).await;
            opened = self.starts(after_seq).await;
        }
    }

    /// Stops an answer. What came of it, its own stream says.
    pub(super) async fn stop(self, message: pb::StopGenerationRequest) {
        let id = message.generation_id.clone();
        if let Err(status) = self.client.clone().stop_generation(self.unary(message)).await {
            let _ = self.said.send(Said::NotStopped(id, status)).await;
        }
    }

    async fn pass_on(&self, tag: Tag, event: Option<pb::ChatEvent>, seen: &mut Seen) {
        let Some(event) = event else { return };
        seen.seq = event.seq;
        if seen.id.is_empty() {
            seen.id.clone_from(&event.generation_id);
        }
        let _ = self.said.send(Said::Event(tag, Box::new(event))).await;
    }

    async fn ended(&self, tag: Tag, status: Option<Status>) {
        let _ = self.said.send(Said::Ended(tag, status)).await;
    }
}

/// How far an answer was seen.
#[derive(Default)]
struct Seen {
    id: String,
    seq: i32,
}

/// Whether an event ends its answer.
pub(super) fn is_last(event: &pb::ChatEvent) -> bool {
    matches!(event.payload, Some(Payload::Completed(_) | Payload::Error(_)))
}

/// Whether trying again may help.
fn is_passing(status: &Status) -> bool {
    !matches!(
        status.code(),
        Code::Unauthenticated
            | Code::PermissionDenied
            | Code::NotFound
            | Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::Unimplemented
            | Code::Internal
    )
}
