//! The task that takes events from the table to analytics. Any number of replicas relay one table
//! side by side, and none of them touches the connections that the service works with.

use std::time::{Duration, Instant};

use elenchus_proto::pb::analytics::v1::RecordEventsRequest;
use elenchus_proto::pb::analytics::v1::analytics_service_client::AnalyticsServiceClient;
use elenchus_rpc::caller::as_service;
use elenchus_rpc::{Shutdown, Transport};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tonic::{Code, Status};

use crate::backoff::Backoff;
use crate::batch::{Batch, Claimed};

/// Events in one call. Analytics takes at most 1,000.
const BATCH: i64 = 500;
/// No NOTIFY wakes the relay: it takes a lock of the whole database at commit, so that every
/// transaction which records an event would queue behind the others.
const POLL_EVERY: Duration = Duration::from_millis(500);
const BUDGET: Duration = Duration::from_secs(5);
const MEASURE_EVERY: Duration = Duration::from_secs(10);

/// Takes events to analytics until the process stops.
pub struct Relay {
    pool: PgPool,
    analytics: AnalyticsServiceClient<Transport>,
    measured: Option<Instant>,
}

/// Why a batch stays where it is for now.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the outbox cannot be read")]
    Store(#[from] sqlx::Error),
    #[error("analytics did not take the events")]
    Analytics(#[from] Status),
}

impl Relay {
    /// Begins to deliver, over a transport that signs as the service, and goes on until the stop.
    ///
    /// The relay opens one connection of its own to the pool's database, so that a slow analytics
    /// takes none from the service.
    pub fn spawn(pool: &PgPool, analytics: Transport, shutdown: &Shutdown) {
        let options = pool.connect_options().as_ref().clone();
        let relay = Self {
            pool: PgPoolOptions::new().max_connections(1).connect_lazy_with(options),
            analytics: AnalyticsServiceClient::new(analytics),
            measured: None,
        };
        shutdown.spawn(relay.run(shutdown.clone()));
    }

    async fn run(mut self, shutdown: Shutdown) {
        let mut backoff = Backoff::default();
        while !shutdown.is_stopping() {
            let pause = match self.deliver().await {
                Ok(claimed) => {
                    if backoff.is_failing() {
                        tracing::info!("analytics takes events again");
                    }
                    backoff.reset();
                    if claimed == BATCH as usize { Duration::ZERO } else { POLL_EVERY }
                }
                Err(failure) => {
                    if !backoff.is_failing() {
                        let error = &failure as &dyn std::error::Error;
                        tracing::warn!(error, "events wait in the outbox");
                    }
                    backoff.next()
                }
            };
            self.measure().await;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.stopping() => {}
            }
        }
        self.pool.close().await;
    }

    /// Delivers one batch and returns how many events it held.
    async fn deliver(&mut self) -> Result<usize, Failure> {
        let (mut batch, claimed) = Batch::claim(&self.pool, BATCH).await?;
        let count = claimed.len();
        let mut parts = vec![claimed];
        while let Some(mut part) = parts.pop() {
            match self.send(&part).await {
                Ok(()) => part.iter().for_each(|claimed| batch.delivered(claimed.event_id)),
                Err(status) if !is_refusal(&status) => return Err(status.into()),
                // One bad event must not hold up the others: halve until it stands alone.
                Err(_) if part.len() > 1 => {
                    parts.push(part.split_off(part.len() / 2));
                    parts.push(part);
                }
                Err(status) => part.iter().for_each(|claimed| {
                    batch.refused(claimed.event_id, status.message().to_owned())
                }),
            }
        }
        batch.settle().await?;
        Ok(count)
    }

    async fn send(&mut self, part: &[Claimed]) -> Result<(), Status> {
        if part.is_empty() {
            return Ok(());
        }
        let events = part.iter().map(|claimed| claimed.event.clone()).collect();
        self.analytics.record_events(as_service(BUDGET, RecordEventsRequest { events })).await?;
        Ok(())
    }

    /// Tells the metrics how many events wait, and how many were refused.
    async fn measure(&mut self) {
        if self.measured.is_some_and(|at| at.elapsed() < MEASURE_EVERY) {
            return;
        }
        self.measured = Some(Instant::now());
        let counts: Result<(String, i64, i64), _> = sqlx::query_as(
            "SELECT current_schema()::text, count(*) FILTER (WHERE refusal IS NULL), count(refusal)
             FROM outbox",
        )
        .fetch_one(&self.pool)
        .await;
        // A database that does not answer was logged by the delivery.
        if let Ok((schema, waiting, refused)) = counts {
            metrics::gauge!("outbox_waiting_events", "schema" => schema.clone())
                .set(waiting as f64);
            metrics::gauge!("outbox_refused_events", "schema" => schema).set(refused as f64);
        }
    }
}

/// Whether trying again is useless: the event is wrong, or too large to be received.
fn is_refusal(status: &Status) -> bool {
    matches!(status.code(), Code::InvalidArgument | Code::OutOfRange)
}
