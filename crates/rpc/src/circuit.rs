//! A far peer that cannot be reached is left alone for a while: calls are refused at once, and now
//! and then one of them finds out whether the peer is back. An answer, also a bad one, comes from a
//! peer that lives; only silence counts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tower::Service;

use crate::retry::chance;
use crate::status::DOMAIN;

/// Failures in a row that open the circuit.
const FAILURES: u32 = 5;
/// How long it stays open, give or take a fifth.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether calls may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One call is finding out.
    Probing,
}

/// The way to one peer, which opens when the peer is gone.
#[derive(Clone)]
pub(crate) struct Circuit<S> {
    inner: S,
    switch: Arc<Switch>,
}

#[derive(Debug)]
struct Switch {
    peer: String,
    state: Mutex<State>,
}

/// One call's leave to pass. Dropped unsettled, it tells nothing of the peer.
struct Pass {
    switch: Arc<Switch>,
    is_probe: bool,
    is_settled: bool,
}

impl<S> Circuit<S> {
    /// `peer` is what the log and the metrics call it.
    pub(crate) fn new(inner: S, peer: String) -> Self {
        let switch = Switch { peer, state: Mutex::new(State::Closed { failures: 0 }) };
        Self { inner, switch: Arc::new(switch) }
    }
}

impl<S> Service<http::Request<Body>> for Circuit<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Status>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let pass = match self.switch.enter() {
            Ok(pass) => pass,
            Err(wait) => return Box::pin(std::future::ready(Err(refusal(wait)))),
        };
        let call = self.inner.call(request);
        Box::pin(async move {
            let outcome = call.await;
            pass.settle(!matches!(&outcome, Err(status) if status.code() == Code::Unavailable));
            outcome
        })
    }
}

/// Says when to come again, so that nobody tries at once.
fn refusal(wait: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info("UNREACHABLE", DOMAIN, []);
    details.set_retry_info(Some(wait));
    Status::with_error_details(Code::Unavailable, "a service could not be reached", details)
}

impl Switch {
    /// Lets a call pass, or says how long it should wait.
    fn enter(self: &Arc<Self>) -> Result<Pass, Duration> {
        let mut state = self.lock();
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Probing => return Err(PAUSE),
            State::Open { until } => {
                let wait = until.saturating_duration_since(Instant::now());
                if !wait.is_zero() {
                    return Err(wait);
                }
                *state = State::Probing;
                true
            }
        };
        Ok(Pass { switch: Arc::clone(self), is_probe, is_settled: false })
    }

    fn reached(&self) {
        let before = std::mem::replace(&mut *self.lock(), State::Closed { failures: 0 });
        if !matches!(before, State::Closed { .. }) {
            tracing::info!(peer = self.peer, "a peer is reached again");
        }
    }

    fn missed(&self, is_probe: bool) {
        let mut state = self.lock();
        let failures = match *state {
            State::Closed { failures } => failures + 1,
            State::Probing if is_probe => FAILURES,
            // A call from before: nothing new.
            State::Probing | State::Open { .. } => return,
        };
        if failures < FAILURES {
            *state = State::Closed { failures };
            return;
        }
        *state = State::Open { until: Instant::now() + PAUSE.mul_f64(0.8 + 0.4 * chance()) };
        drop(state);
        metrics::counter!("rpc_circuit_opened_total", "peer" => self.peer.clone()).increment(1);
        if !is_probe {
            tracing::warn!(peer = self.peer, "a peer cannot be reached; calls are refused at once");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    fn settle(mut self, is_reached: bool) {
        self.is_settled = true;
        if is_reached { self.switch.reached() } else { self.switch.missed(self.is_probe) }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        // The caller of the probe has left: the next call is the probe.
        if self.is_probe && !self.is_settled {
            *self.switch.lock() = State::Open { until: Instant::now() };
        }
    }
}
