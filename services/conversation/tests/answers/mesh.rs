//! Several processes of the service on one database.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use elenchus_conversation::answer::Pace;
use elenchus_conversation::store::MIGRATOR;
use elenchus_conversation::{Checks, Lookups, NAME, Peers, Scores, Settings};
use elenchus_llm::Models;
use elenchus_postgres::Database;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::assistant_service_client::AssistantServiceClient;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use elenchus_proto::pb::conversation::v1::conversation_service_client::ConversationServiceClient;
use elenchus_proto::pb::conversation::v1::message_service_client::MessageServiceClient;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::token::Keys;
use elenchus_rpc::transport::{Identity, Late, remote};
use elenchus_rpc::{Shutdown, Transport, UserId};
use elenchus_testkit::caller::{self, AllAlive, request_of};
use elenchus_testkit::postgres::{TestDatabase, empty_database};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};
use tonic::{Request, Streaming};
use uuid::Uuid;

use crate::model::{Shared, Talker};

const BUDGET: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(30);

/// A database, a model, and as many processes of the service as a test starts.
pub(crate) struct Mesh {
    database: TestDatabase,
    pub(crate) talker: Arc<Talker>,
    models: Models,
    pub(crate) lookups: Lookups,
    lease: Duration,
    keys: Keys,
    user: UserId,
}

/// One process of the service, on a runtime of its own that can be killed.
pub(crate) struct Node {
    runtime: Option<Runtime>,
    transport: Transport,
    /// The way that a service takes which acts for the user.
    from_workflow: Transport,
    keys: Keys,
    user: UserId,
}

impl Mesh {
    /// With a model that has so many words to say.
    pub(crate) async fn with_words(words: usize) -> Self {
        let talker = Talker::of(words);
        let models = Models::new(Arc::new(Shared(Arc::clone(&talker))), Vec::new());
        Self { talker, ..Self::with_models(models).await }
    }

    /// With these models.
    pub(crate) async fn with_models(models: Models) -> Self {
        let keys = caller::keys();
        let database = empty_database().await;
        let (talker, lookups) = (Talker::of(0), Lookups::off());
        // Nobody is believed dead because the machine is slow.
        let lease = Duration::from_secs(3600);
        Self { database, talker, models, lookups, lease, keys, user: UserId(Uuid::now_v7()) }
    }

    /// The same, whose processes are believed dead soon after they were heard of last.
    pub(crate) fn of_mortals(self) -> Self {
        Self { lease: Duration::from_secs(3), ..self }
    }

    /// Starts a process.
    pub(crate) async fn node(&self) -> Node {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let guard = Guard { service: NAME, keys: self.keys.clone(), sessions: Arc::new(AllAlive) };
        let models = self.models.clone();
        let checks = Checks { lookups: self.lookups.clone(), scores: Scores::default() };
        let settings = self.database.settings();
        let pace = Pace {
            lease: self.lease,
            sign_every: Duration::from_millis(500),
            sweep_every: Duration::from_millis(200),
        };
        let build = async move {
            let pool = Database::open(&settings, NAME, &MIGRATOR).await.unwrap();
            let nobody = Late::default();
            let peers = Peers { documents: nobody.transport(), analytics: nobody.transport() };
            let settings = Settings { models, checks, sealer: caller::sealer(), pace };
            elenchus_conversation::build(settings, pool, peers, guard, &Shutdown::new())
                .await
                .unwrap()
        };
        let server = runtime.spawn(build).await.unwrap();
        // Over a socket: calls in this process would run on the test's own runtime.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let listener = listener.into_std().unwrap();
        runtime.spawn(async move {
            server.serve(TcpListener::from_std(listener).unwrap(), Shutdown::new()).await
        });
        let far = remote(&address, &Shutdown::new()).unwrap();
        let from = |name| Identity::new(name, self.keys.clone()).to(NAME, far.clone());
        let node = Node {
            runtime: Some(runtime),
            transport: from("gateway"),
            from_workflow: from("workflow"),
            keys: self.keys.clone(),
            user: self.user,
        };
        let is_reached = async || {
            let request = node.of_user(pb::ListConversationsRequest::default());
            node.client().list_conversations(request).await.is_ok()
        };
        until("the process is reached", is_reached).await;
        node
    }

    /// Waits until nobody listens to the model.
    pub(crate) async fn until_left(&self) {
        until("the model is left", async || self.talker.open.load(Ordering::SeqCst) == 0).await;
    }
}

impl Node {
    pub(crate) fn client(&self) -> ConversationServiceClient<Transport> {
        ConversationServiceClient::new(self.transport.clone())
    }

    pub(crate) fn of_messages(&self) -> MessageServiceClient<Transport> {
        MessageServiceClient::new(self.transport.clone())
    }

    pub(crate) fn assistant(&self) -> AssistantServiceClient<Transport> {
        AssistantServiceClient::new(self.transport.clone())
    }

    pub(crate) fn assistant_of_services(&self) -> AssistantServiceClient<Transport> {
        AssistantServiceClient::new(self.from_workflow.clone())
    }

    /// A request of the test's user.
    pub(crate) fn of_user<T>(&self, message: T) -> Request<T> {
        self.of(self.user, message)
    }

    /// A request of a stranger.
    pub(crate) fn of_stranger<T>(&self, message: T) -> Request<T> {
        self.of(UserId(Uuid::now_v7()), message)
    }

    fn of<T>(&self, user: UserId, message: T) -> Request<T> {
        request_of(&self.keys, user, BUDGET, message)
    }

    /// Asks, and reads until the model was told to begin: the stream, and the events so far.
    pub(crate) async fn ask(&self, conversation_id: &str, detach: bool) -> Reading {
        let mut reading = self.begin(conversation_id, detach).await;
        reading.until(|event| matches!(event.payload, Some(Payload::Retrieval(_)))).await;
        reading
    }

    /// Asks, and reads the first event.
    pub(crate) async fn begin(&self, conversation_id: &str, detach: bool) -> Reading {
        let question = pb::StreamChatRequest {
            content: "What does the contract say?".to_owned(),
            conversation_id: conversation_id.to_owned(),
            sources: vec!["The tenant pays the rent on the first day.".to_owned()],
            detach,
            ..pb::StreamChatRequest::default()
        };
        self.put(question).await
    }

    /// Puts a question, and reads the first event.
    pub(crate) async fn put(&self, question: pb::StreamChatRequest) -> Reading {
        self.begun(self.of_user(question)).await
    }

    /// Makes a request, and reads the first event.
    pub(crate) async fn begun(&self, request: Request<pb::StreamChatRequest>) -> Reading {
        let stream = self.client().stream_chat(request).await.unwrap().into_inner();
        let mut reading = Reading { stream, events: Vec::new() };
        reading.until(|event| matches!(event.payload, Some(Payload::Started(_)))).await;
        reading
    }

    /// The events of an answer after this one, to its end.
    pub(crate) async fn watched(&self, id: &str, after_seq: i32) -> Vec<pb::ChatEvent> {
        let request = pb::WatchGenerationRequest { generation_id: id.to_owned(), after_seq };
        let stream = self.client().watch_generation(self.of_user(request)).await.unwrap();
        let (mut stream, mut events) = (stream.into_inner(), Vec::new());
        while let Some(message) = stream.message().await.unwrap() {
            events.push(message.event.unwrap());
        }
        events
    }

    pub(crate) async fn stop(&self, id: &str) -> pb::Message {
        let request = pb::StopGenerationRequest { generation_id: id.to_owned() };
        let answer = self.client().stop_generation(self.of_user(request)).await.unwrap();
        answer.into_inner().message.unwrap()
    }

    /// The messages of a conversation, as they are stored.
    pub(crate) async fn messages(&self, conversation_id: &str) -> Vec<pb::Message> {
        let request = pb::ListMessagesRequest {
            conversation_id: conversation_id.to_owned(),
            ..pb::ListMessagesRequest::default()
        };
        let answer = self.client().list_messages(self.of_user(request)).await.unwrap();
        answer.into_inner().messages
    }

    /// The answer once it has ended.
    pub(crate) async fn ended(&self, conversation_id: &str) -> pb::Message {
        let answer = async || self.messages(conversation_id).await.pop().unwrap();
        until("the answer ends", async || answer().await.status != "generating").await;
        answer().await
    }

    /// Ends the process as kill -9 would: nothing is handed back or said.
    pub(crate) fn crash(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A streamed answer, and what was read of it.
pub(crate) struct Reading {
    stream: Streaming<pb::StreamChatResponse>,
    pub(crate) events: Vec<pb::ChatEvent>,
}

impl Reading {
    pub(crate) fn started(&self) -> &pb::MessageStarted {
        match &self.events[0].payload {
            Some(Payload::Started(started)) => started,
            other => panic!("the first event is {other:?}"),
        }
    }

    pub(crate) fn generation_id(&self) -> &str {
        &self.events[0].generation_id
    }

    /// Reads until an event is as wanted.
    pub(crate) async fn until(&mut self, is_wanted: impl Fn(&pb::ChatEvent) -> bool) {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.message()).await;
            let event = message.expect("it comes").unwrap().expect("it is not the end").event;
            self.events.push(event.unwrap());
            if self.events.last().is_some_and(&is_wanted) {
                return;
            }
        }
    }

    /// Reads until this was said.
    pub(crate) async fn until_said(&mut self, words: &str) {
        while !text(&self.events).contains(words) {
            self.until(|event| matches!(event.payload, Some(Payload::Delta(_)))).await;
        }
    }

    /// Reads to the end.
    pub(crate) async fn rest(mut self) -> Vec<pb::ChatEvent> {
        while let Some(message) = self.stream.message().await.unwrap() {
            self.events.push(message.event.unwrap());
        }
        self.events
    }
}

/// What the events say.
pub(crate) fn text(events: &[pb::ChatEvent]) -> String {
    let deltas = events.iter().filter_map(|event| match &event.payload {
        Some(Payload::Delta(delta)) => Some(delta.text.as_str()),
        _ => None,
    });
    deltas.collect()
}

/// The types of the events, texts counted as one.
pub(crate) fn types(events: &[pb::ChatEvent]) -> Vec<&str> {
    let mut types: Vec<&str> = events.iter().map(|event| event.r#type.as_str()).collect();
    types.dedup();
    types
}

/// Waits until something is true, and fails when it takes too long.
pub(crate) async fn until(what: &str, is_true: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_true().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
