//! Calls that are made twice, over two processes that share a database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use elenchus_postgres::Database;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::credential_service_client::CredentialServiceClient;
use elenchus_proto::pb::auth::v1::credential_service_server::{
    CredentialService, CredentialServiceServer,
};
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::status::{STORE_UNAVAILABLE, with_reason};
use elenchus_rpc::{Server, Shutdown, Transport, UserId};
use elenchus_testkit::caller::{AllAlive, keys, request_of};
use elenchus_testkit::postgres::{TestDatabase, empty_database};
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

const BUDGET: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(60);

/// Counts its calls, and ends each as it is told to.
struct Probe {
    begun: AtomicUsize,
    permits: Semaphore,
    outcome: Code,
}

impl Probe {
    fn that_ends(outcome: Code, permits: usize) -> Arc<Self> {
        Arc::new(Self { begun: AtomicUsize::new(0), permits: Semaphore::new(permits), outcome })
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    async fn until_begun(&self, calls: usize) {
        until(async || self.begun() == calls).await;
    }
}

#[tonic::async_trait]
impl CredentialService for Probe {
    async fn send_email_verification(
        &self,
        _: Request<pb::SendEmailVerificationRequest>,
    ) -> Result<Response<pb::SendEmailVerificationResponse>, Status> {
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        self.permits.acquire().await.unwrap().forget();
        match self.outcome {
            Code::Ok => {
                let message = format!("call {number}");
                Ok(Response::new(pb::SendEmailVerificationResponse { message }))
            }
            Code::Unknown => panic!("a bug"),
            Code::DataLoss => Err(with_reason(Code::Unavailable, STORE_UNAVAILABLE, "no database")),
            code => Err(Status::new(code, "refused")),
        }
    }

    async fn verify_email(
        &self,
        _: Request<pb::VerifyEmailRequest>,
    ) -> Result<Response<pb::VerifyEmailResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn change_password(
        &self,
        _: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::ChangePasswordResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn forgot_password(
        &self,
        _: Request<pb::ForgotPasswordRequest>,
    ) -> Result<Response<pb::ForgotPasswordResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn reset_password(
        &self,
        _: Request<pb::ResetPasswordRequest>,
    ) -> Result<Response<pb::ResetPasswordResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }
}

/// A process of the service, on a runtime of its own that can be killed.
struct Replica {
    runtime: Option<Runtime>,
    transport: Transport,
}

impl Replica {
    async fn start(database: &TestDatabase, probe: &Arc<Probe>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (database, probe) = (database.settings(), Arc::clone(probe));
        let build = async move {
            let pool = Database::open(&database, "auth", &Migrator::DEFAULT).await.unwrap();
            let shutdown = Shutdown::new();
            let ledger = elenchus_idempotency::open(&pool, &shutdown).await.unwrap();
            let sessions = Arc::new(AllAlive);
            Server::builder(Guard { service: "auth", keys: keys(), sessions })
                .ledger(ledger)
                .service(CredentialServiceServer::from_arc(probe))
                .build(&shutdown)
                .unwrap()
        };
        let transport = runtime.spawn(build).await.unwrap().transport();
        Self { runtime: Some(runtime), transport }
    }

    async fn call(&self, user: UserId, key: &str) -> Result<String, Status> {
        let mut request = request_of(&keys(), user, BUDGET, pb::SendEmailVerificationRequest {});
        request.metadata_mut().insert("idempotency-key", key.parse().unwrap());
        let mut client = CredentialServiceClient::new(self.transport.clone());
        let answer = client.send_email_verification(request).await?;
        Ok(answer.into_inner().message)
    }

    /// Makes a call that goes on until its process ends.
    fn begin(&self, user: UserId, key: &'static str) -> tokio::task::JoinHandle<()> {
        let replica = Self { runtime: None, transport: self.transport.clone() };
        let runtime = self.runtime.as_ref().unwrap();
        runtime.spawn(async move { drop(replica.call(user, key).await) })
    }

    /// Ends the process as kill -9 would.
    fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn until(is_true: impl AsyncFn() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !is_true().await {
        assert!(Instant::now() < patience, "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn user() -> UserId {
    UserId(Uuid::now_v7())
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

async fn pool(database: &TestDatabase) -> PgPool {
    Database::open(&database.settings(), "auth", &Migrator::DEFAULT).await.unwrap()
}

#[tokio::test]
async fn of_calls_with_one_key_on_two_replicas_one_is_made_and_all_get_its_answer() {
    let (database, probe) = (empty_database().await, Probe::that_ends(Code::Ok, 0));
    let replicas =
        [Replica::start(&database, &probe).await, Replica::start(&database, &probe).await];
    let (ada, eve) = (user(), user());
    let calls = (0..8).map(|number| replicas[number % 2].call(ada, "one"));
    let calls = futures_util::future::join_all(calls);
    let permit = async {
        probe.until_begun(1).await;
        // Meanwhile others are told to ask again.
        let busy = replicas[1].call(ada, "one").await.unwrap_err();
        assert_eq!((busy.code(), &*reason(&busy)), (Code::Aborted, "IDEMPOTENCY_KEY_BUSY"));
        assert!(busy.get_error_details().retry_info().is_some());
        probe.permits.add_permits(1);
    };
    let (answers, ()) = tokio::join!(calls, permit);
    for answer in answers {
        match answer {
            Ok(message) => assert_eq!(message, "call 1"),
            Err(status) => assert_eq!(reason(&status), "IDEMPOTENCY_KEY_BUSY"),
        }
    }
    for replica in &replicas {
        assert_eq!(replica.call(ada, "one").await.unwrap(), "call 1");
    }

    probe.permits.add_permits(2);
    assert_eq!(replicas[0].call(ada, "two").await.unwrap(), "call 2");
    assert_eq!(replicas[0].call(eve, "one").await.unwrap(), "call 3", "keys are their users' own");
    assert_eq!(probe.begun(), 3);
}

#[tokio::test]
async fn a_client_who_leaves_finds_the_answer_when_they_ask_again() {
    let (database, probe) = (empty_database().await, Probe::that_ends(Code::Ok, 0));
    let replica = Replica::start(&database, &probe).await;
    let ada = user();
    let call = replica.begin(ada, "left");
    probe.until_begun(1).await;
    call.abort();
    let _ = call.await;
    probe.permits.add_permits(1);
    until(async || replica.call(ada, "left").await.is_ok_and(|message| message == "call 1")).await;
    assert_eq!(probe.begun(), 1);
}

#[tokio::test]
async fn a_call_whose_process_died_is_not_made_again_and_says_so() {
    let (database, probe) = (empty_database().await, Probe::that_ends(Code::Ok, 0));
    let first = Replica::start(&database, &probe).await;
    let ada = user();
    first.begin(ada, "cut");
    probe.until_begun(1).await;
    first.kill();

    let second = Replica::start(&database, &probe).await;
    let busy = second.call(ada, "cut").await.unwrap_err();
    assert_eq!(reason(&busy), "IDEMPOTENCY_KEY_BUSY");
    // As once the deadline of the call has passed.
    let pool = pool(&database).await;
    sqlx::query("UPDATE idempotency_key SET busy_until = now()").execute(&pool).await.unwrap();
    let unknown = second.call(ada, "cut").await.unwrap_err();
    assert_eq!(
        (unknown.code(), &*reason(&unknown)),
        (Code::Aborted, "IDEMPOTENCY_OUTCOME_UNKNOWN")
    );
    assert_eq!(probe.begun(), 1);
    // As a day later.
    sqlx::query("UPDATE idempotency_key SET created_at = now() - interval '25 hours'")
        .execute(&pool)
        .await
        .unwrap();
    // One more, in case the dead process still waits for its own.
    probe.permits.add_permits(2);
    assert_eq!(second.call(ada, "cut").await.unwrap(), "call 2");
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free_and_a_failure_leaves_it_in_doubt() {
    for (outcome, is_free) in [
        (Code::InvalidArgument, true),
        (Code::Unavailable, true),
        (Code::ResourceExhausted, true),
        (Code::Internal, false),
        // These stand for a panic, and for a database that goes away.
        (Code::Unknown, false),
        (Code::DataLoss, false),
    ] {
        let (database, probe) = (empty_database().await, Probe::that_ends(outcome, 10));
        let replica = Replica::start(&database, &probe).await;
        let ada = user();
        let first = replica.call(ada, "one").await.unwrap_err();
        assert!(!reason(&first).starts_with("IDEMPOTENCY"), "{outcome:?}: {first}");
        let second = replica.call(ada, "one").await.unwrap_err();
        let expected = if is_free { "" } else { "IDEMPOTENCY_OUTCOME_UNKNOWN" };
        assert_eq!(reason(&second), expected, "{outcome:?}");
        assert_eq!(probe.begun(), if is_free { 2 } else { 1 }, "{outcome:?}");
    }
}
