//! The promises of the queue and its workers, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use elenchus_durable::{Error, Failure, Handler, Lease, Notices, Queue, Terms, Worker};
use elenchus_rpc::Shutdown;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

const QUICK: Terms = Terms {
    lease: Duration::from_secs(1),
    heartbeat: Duration::from_millis(300),
    poll: Duration::from_millis(200),
    drain: Duration::from_millis(200),
    backoff: Duration::from_millis(10),
    longest_backoff: Duration::from_secs(300),
    attempts: 3,
};

async fn queue(terms: Terms) -> (PgPool, Queue) {
    let (_, pool) = elenchus_testkit::postgres::database("durable", &MIGRATOR).await;
    (pool.clone(), Queue::new(pool, "job", "job_id", terms))
}

async fn add(pool: &PgPool, queue: &Queue) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO job (job_id, due_at) VALUES ($1, now())")
        .bind(id)
        .execute(&mut *tx)
        .await
        .unwrap();
    queue.wake(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn status(pool: &PgPool, id: Uuid) -> (String, i32) {
    sqlx::query_as("SELECT status, runs FROM job WHERE job_id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Waits until a job has come so far, and fails after ten seconds.
async fn until_status(pool: &PgPool, id: Uuid, wanted: &str) -> i32 {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (status, runs) = status(pool, id).await;
        if status == wanted {
            return runs;
        }
        assert!(Instant::now() < deadline, "the job is {status}, not {wanted}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Ends a job; what happens before is up to the test.
struct Ending {
    pool: PgPool,
    begun: Arc<AtomicUsize>,
    how: How,
}

#[derive(Clone)]
enum How {
    AtOnce,
    Never,
    WhenTold(Arc<Notify>),
    Badly,
    Panicking,
}

impl Ending {
    fn new(pool: &PgPool, how: How) -> (Self, Arc<AtomicUsize>) {
        let begun = Arc::new(AtomicUsize::new(0));
        (Self { pool: pool.clone(), begun: Arc::clone(&begun), how }, begun)
    }

    async fn end(&self, lease: &Lease, status: &str) -> Result<(), Failure> {
        let mut tx = self.pool.begin().await?;
        lease.hold(&mut tx).await?;
        sqlx::query("UPDATE job SET status = $2, runs = runs + 1 WHERE job_id = $1")
            .bind(lease.key())
            .bind(status)
            .execute(&mut *tx)
            .await?;
        lease.finish(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

#[async_trait]
impl Handler for Ending {
    async fn run(&self, lease: &Lease) -> Result<(), Failure> {
        // Held while the job is in hand.
        let begun = Arc::clone(&self.begun);
        begun.fetch_add(1, Ordering::SeqCst);
        match &self.how {
            How::AtOnce => {}
            How::Never => std::future::pending().await,
            How::WhenTold(told) => told.notified().await,
            How::Badly => return Err(Failure::Passing("it rains".into())),
            How::Panicking => panic!("it pours"),
        }
        self.end(lease, "done").await
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), Failure> {
        self.end(lease, "failed").await
    }
}

fn work(
    pool: &PgPool,
    queue: &Queue,
    handler: Ending,
    shutdown: &Shutdown,
) -> tokio::task::JoinHandle<()> {
    let notices = Notices::listen(pool, &["job"], shutdown);
    shutdown.spawn(Worker::run(queue.clone(), 4, handler, notices, shutdown.clone()))
}

async fn until_begun(begun: &AtomicUsize, times: usize) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while begun.load(Ordering::SeqCst) < times {
        assert!(Instant::now() < deadline, "the job was not begun {times} times");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_claimers_share_no_job_and_leave_none() {
    let (pool, queue) = queue(Terms::default()).await;
    for _ in 0..100 {
        add(&pool, &queue).await;
    }
    let mut claimers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let queue = queue.clone();
        claimers.spawn(async move {
            let (worker, mut keys) = (Uuid::now_v7(), Vec::new());
            loop {
                let leases = queue.claim(worker, 3).await.unwrap();
                assert!(leases.len() <= 3);
                if leases.is_empty() {
                    return keys;
                }
                keys.extend(leases.iter().map(Lease::key));
            }
        });
    }
    let claimed: Vec<Uuid> = claimers.join_all().await.concat();
    assert_eq!(claimed.len(), 100);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_wakes_a_worker_long_before_its_poll() {
    let (pool, queue) = queue(Terms { poll: Duration::from_secs(60), ..QUICK }).await;
    let shutdown = Shutdown::new();
    let (handler, _) = Ending::new(&pool, How::AtOnce);
    work(&pool, &queue, handler, &shutdown);
    for _ in 0..3 {
        let id = add(&pool, &queue).await;
        assert_eq!(until_status(&pool, id, "done").await, 1);
    }
    shutdown.finish(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_of_a_worker_that_died_goes_to_another_after_its_lease() {
    let (pool, queue) = queue(QUICK).await;
    let id = add(&pool, &queue).await;
    let shutdown = Shutdown::new();
    let (dying, begun) = Ending::new(&pool, How::Never);
    let worker = work(&pool, &queue, dying, &shutdown);
    until_begun(&begun, 1).await;
    worker.abort();

    let (heir, _) = Ending::new(&pool, How::AtOnce);
    work(&pool, &queue, heir, &shutdown);
    assert_eq!(until_status(&pool, id, "done").await, 1);
    shutdown.finish(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_worker_keeps_its_job_past_the_lease() {
    let (pool, queue) = queue(QUICK).await;
    let id = add(&pool, &queue).await;
    let shutdown = Shutdown::new();
    let told = Arc::new(Notify::new());
    let (slow, begun) = Ending::new(&pool, How::WhenTold(Arc::clone(&told)));
    work(&pool, &queue, slow, &shutdown);
    until_begun(&begun, 1).await;

    let until = Instant::now() + 2 * QUICK.lease;
    while Instant::now() < until {
        assert!(queue.claim(Uuid::now_v7(), 1).await.unwrap().is_empty());
        sleep(Duration::from_millis(50)).await;
    }
    told.notify_one();
    assert_eq!(until_status(&pool, id, "done").await, 1);
    shutdown.finish(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_fence_writes_nothing() {
    let (pool, queue) = queue(Terms { lease: Duration::ZERO, ..QUICK }).await;
    add(&pool, &queue).await;
    let zombie = queue.claim(Uuid::now_v7(), 1).await.unwrap().remove(0);
    let heir = queue.claim(Uuid::now_v7(), 1).await.unwrap().remove(0);
    assert_eq!((zombie.attempt(), heir.attempt()), (1, 2));

    let mut tx = pool.begin().await.unwrap();
    assert!(matches!(zombie.hold(&mut tx).await, Err(Error::Lost)));
    assert!(matches!(zombie.finish(&mut tx).await, Err(Error::Lost)));
    assert!(matches!(zombie.progress(&mut tx).await, Err(Error::Lost)));
    drop(tx);
    assert!(matches!(zombie.heartbeat().await, Err(Error::Lost)));
    assert!(matches!(zombie.release().await, Err(Error::Lost)));
    assert!(matches!(zombie.retry_after(Duration::ZERO).await, Err(Error::Lost)));
    heir.heartbeat().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_every_time_is_given_up() {
    for how in [How::Badly, How::Panicking] {
        let (pool, queue) = queue(QUICK).await;
        let id = add(&pool, &queue).await;
        let shutdown = Shutdown::new();
        let (poisoned, begun) = Ending::new(&pool, how);
        work(&pool, &queue, poisoned, &shutdown);
        assert_eq!(until_status(&pool, id, "failed").await, 1);
        assert_eq!(begun.load(Ordering::SeqCst), 3);
        shutdown.finish(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_workers_is_given_up() {
    let (pool, queue) = queue(Terms { lease: Duration::ZERO, ..QUICK }).await;
    let id = add(&pool, &queue).await;
    for _ in 0..3 {
        assert_eq!(queue.claim(Uuid::now_v7(), 1).await.unwrap().len(), 1);
    }
    let shutdown = Shutdown::new();
    let patient = Queue::new(pool.clone(), "job", "job_id", QUICK);
    let (handler, begun) = Ending::new(&pool, How::AtOnce);
    work(&pool, &patient, handler, &shutdown);
    assert_eq!(until_status(&pool, id, "failed").await, 1);
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    shutdown.finish(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_hands_its_job_back_uncounted() {
    let (pool, queue) = queue(Terms { lease: Duration::from_secs(60), ..QUICK }).await;
    let id = add(&pool, &queue).await;
    let first = Shutdown::new();
    let (endless, begun) = Ending::new(&pool, How::Never);
    work(&pool, &queue, endless, &first);
    until_begun(&begun, 1).await;
    first.finish(Duration::from_secs(5)).await;

    let second = Shutdown::new();
    let (heir, _) = Ending::new(&pool, How::AtOnce);
    work(&pool, &queue, heir, &second);
    until_status(&pool, id, "done").await;
    let attempt: i32 =
        sqlx::query_scalar("SELECT attempt FROM job").fetch_one(&pool).await.unwrap();
    assert_eq!(attempt, 1);
    second.finish(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_job_is_dropped_at_once_and_never_begun_again() {
    let (pool, queue) =
        queue(Terms { heartbeat: Duration::from_secs(60), ..Terms::default() }).await;
    let id = add(&pool, &queue).await;
    let shutdown = Shutdown::new();
    let (endless, begun) = Ending::new(&pool, How::Never);
    work(&pool, &queue, endless, &shutdown);
    until_begun(&begun, 1).await;

    let mut tx = pool.begin().await.unwrap();
    queue.withdraw(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    // The handler and this test still have it; the job that was in hand has not.
    let deadline = Instant::now() + Duration::from_secs(10);
    while Arc::strong_count(&begun) > 2 {
        assert!(Instant::now() < deadline, "the job is still in hand");
        sleep(Duration::from_millis(10)).await;
    }
    shutdown.finish(Duration::from_secs(5)).await;
    assert_eq!(status(&pool, id).await, ("pending".to_owned(), 0));
    assert!(queue.claim(Uuid::now_v7(), 1).await.unwrap().is_empty());
}
