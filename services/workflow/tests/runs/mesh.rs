//! The service among its played peers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use elenchus_durable::Terms;
use elenchus_proto::pb::auth::v1::token_service_server::TokenServiceServer;
use elenchus_proto::pb::conversation::v1::assistant_service_server::AssistantServiceServer;
use elenchus_proto::pb::document::v1::document_service_server::DocumentServiceServer;
use elenchus_proto::pb::workflow::v1 as pb;
use elenchus_proto::pb::workflow::v1::workflow_service_client::WorkflowServiceClient;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::token::Keys;
use elenchus_rpc::transport::{Identity, Late};
use elenchus_rpc::{Server, Shutdown, Transport, UserId};
use elenchus_sealed::Sealer;
use elenchus_testkit::caller::{self, request_of};
use elenchus_testkit::postgres::{TestDatabase, empty_database};
use elenchus_workflow::{Peers, Retry, Settings};
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use sqlx::PgPool;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};
use tonic::Request;
use uuid::Uuid;

use crate::auth::Auth;
use crate::peers::{Assistant, Documents};

pub(crate) const DOCUMENT: &str = "01935a00-0000-7000-8000-000000000001";
const SECRET: &str = "9f86d081884c7d659a2feaa0c55ad015";
const BUDGET: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(15);

/// A database, the peers, and as many processes of the service as a test starts.
pub(crate) struct Mesh {
    pub(crate) database: TestDatabase,
    pub(crate) pool: PgPool,
    pub(crate) documents: Arc<Documents>,
    pub(crate) assistant: Arc<Assistant>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) user: UserId,
    keys: Keys,
    sealer: Sealer,
    shutdown: Shutdown,
}

/// One process of the service, on a runtime of its own that can be killed.
pub(crate) struct Node {
    runtime: Option<Runtime>,
    transport: Transport,
    keys: Keys,
    pub(crate) user: UserId,
}

impl Mesh {
    /// With an assistant that gives so many answers and then keeps its callers waiting.
    pub(crate) async fn with_answers(answers: usize) -> Self {
        let database = empty_database().await;
        let pool = elenchus_workflow::open(&database.settings()).await.unwrap();
        let keys = caller::keys();
        let documents = Arc::new(Documents::default());
        documents.put(DOCUMENT, "completed");
        let assistant = Arc::new(Assistant::that_answers(answers));
        let (user, shutdown) = (UserId(Uuid::now_v7()), Shutdown::new());
        let auth = Arc::new(Auth::default());
        Self {
            database,
            pool,
            documents,
            assistant,
            auth,
            user,
            keys,
            sealer: sealer(SECRET),
            shutdown,
        }
    }

    pub(crate) async fn new() -> Self {
        Self::with_answers(10_000).await
    }

    /// Makes the processes to come know another SECRET_KEY for what is stored sealed.
    pub(crate) fn change_secret(&mut self) {
        self.sealer = sealer("6b51d431df5d7f141cbececcf79edf3d");
    }

    /// Starts a process.
    pub(crate) async fn node(&self) -> Node {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let peers = Peers {
            auth: self.peer("auth", |guard| {
                Server::builder(guard).service(TokenServiceServer::from_arc(self.auth.clone()))
            }),
            document: self.peer("document", |guard| {
                Server::builder(guard)
                    .service(DocumentServiceServer::from_arc(self.documents.clone()))
            }),
            conversation: self.peer("conversation", |guard| {
                Server::builder(guard)
                    .service(AssistantServiceServer::from_arc(self.assistant.clone()))
            }),
            // Never bound: events stay in the outbox, where the tests read them.
            analytics: Late::default().transport(),
        };
        let (settings, sessions) = (self.settings(), self.auth.clone());
        let database = self.database.settings();
        let build = async move {
            let pool = elenchus_workflow::open(&database).await.unwrap();
            elenchus_workflow::build(settings, pool, peers, sessions, &Shutdown::new())
                .await
                .unwrap()
        };
        let server = runtime.spawn(build).await.unwrap();
        let transport =
            Identity::new("gateway", self.keys.clone()).to("workflow", server.transport());
        Node { runtime: Some(runtime), transport, keys: self.keys.clone(), user: self.user }
    }

    fn settings(&self) -> Settings {
        Settings {
            keys: self.keys.clone(),
            sealer: self.sealer.clone(),
            concurrency: 4,
            terms: Terms {
                lease: Duration::from_secs(1),
                heartbeat: Duration::from_millis(300),
                poll: Duration::from_millis(200),
                ..Terms::default()
            },
            retry: Retry { attempts: 5, pause: Duration::from_millis(50) },
        }
    }

    fn peer(
        &self,
        name: &'static str,
        build: impl FnOnce(Guard) -> elenchus_rpc::server::Builder,
    ) -> Transport {
        let guard = Guard { service: name, keys: self.keys.clone(), sessions: self.auth.clone() };
        let server = build(guard).build(&self.shutdown).unwrap();
        Identity::new("workflow", self.keys.clone()).to(name, server.transport())
    }

    /// Waits until so many calls wait for the assistant.
    pub(crate) async fn until_waiting(&self, calls: usize) {
        until("the assistant is asked", async || {
            self.assistant.in_flight.load(Ordering::SeqCst) == calls
        })
        .await;
    }
}

impl Node {
    pub(crate) fn client(&self) -> WorkflowServiceClient<Transport> {
        WorkflowServiceClient::new(self.transport.clone())
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

    /// Starts a run over the contract.
    pub(crate) async fn start(&self, template: &str, execution_id: &str) -> pb::Execution {
        let message = execute(template, execution_id, document());
        let answer = self.client().execute_workflow(self.of_user(message)).await.unwrap();
        answer.into_inner().execution.unwrap()
    }

    pub(crate) async fn get(&self, execution_id: &str) -> pb::Execution {
        let message = pb::GetExecutionRequest { execution_id: execution_id.to_owned() };
        let answer = self.client().get_execution(self.of_user(message)).await.unwrap();
        answer.into_inner().execution.unwrap()
    }

    /// The run once it has ended.
    pub(crate) async fn ended(&self, execution_id: &str) -> pb::Execution {
        until("the run ends", async || self.get(execution_id).await.completed_at.is_some()).await;
        self.get(execution_id).await
    }

    /// What happened in the run after an event, to its end.
    pub(crate) async fn events(
        &self,
        execution_id: &str,
        after_seq: i32,
    ) -> Vec<pb::WatchExecutionResponse> {
        let message =
            pb::WatchExecutionRequest { execution_id: execution_id.to_owned(), after_seq };
        let stream = self.client().watch_execution(self.of_user(message)).await.unwrap();
        let (mut stream, mut events) = (stream.into_inner(), Vec::new());
        while let Some(event) = stream.message().await.unwrap() {
            events.push(event);
        }
        events
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

fn sealer(secret: &str) -> Sealer {
    Sealer::new(&secret.into()).unwrap()
}

/// The input of every shipped template.
pub(crate) fn document() -> Vec<(&'static str, Value)> {
    vec![("document_id", text(DOCUMENT))]
}

pub(crate) fn text(text: &str) -> Value {
    Value { kind: Some(Kind::StringValue(text.to_owned())) }
}

pub(crate) fn execute(
    template: &str,
    execution_id: &str,
    input: Vec<(&'static str, Value)>,
) -> pb::ExecuteWorkflowRequest {
    let fields = input.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    pb::ExecuteWorkflowRequest {
        template_id: template.to_owned(),
        execution_id: execution_id.to_owned(),
        input_data: Some(Struct { fields }),
        trace_id: String::new(),
    }
}

/// Waits until something is true, and fails when it takes too long.
pub(crate) async fn until(what: &str, is_true: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_true().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
