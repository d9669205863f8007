//! Whether a connection is in use: from the first byte of a request to the last of its answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use tokio::time::{Instant, sleep};
use tonic::Status;
use tonic::body::Body;

/// Whether a connection is in use, and since when it is not.
pub(super) struct Activity {
    state: Mutex<State>,
}

struct State {
    in_hand: usize,
    has_served: bool,
    since: Instant,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State { in_hand: 0, has_served: false, since: Instant::now() }) }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        state.since = Instant::now();
    }

    /// What is left until the connection has been idle for too long. None while it is in use.
    fn left(&self, first: Duration, between: Duration) -> Option<Duration> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = if state.has_served { between } else { first };
        (state.in_hand == 0).then(|| limit.saturating_sub(state.since.elapsed()))
    }

    /// Resolves once no request has come for `first`, or none after another for `between`.
    pub(super) async fn idle_for(&self, first: Duration, between: Duration) {
        loop {
            match self.left(first, between) {
                Some(Duration::ZERO) => return,
                Some(left) => sleep(left).await,
                None => sleep(between.min(Duration::from_secs(1))).await,
            }
        }
    }
}

/// A request in hand, until its answer has been sent or dropped.
pub(super) struct Busy(Arc<Activity>);

impl Busy {
    pub(super) fn begin(activity: Arc<Activity>) -> Self {
        activity.change(|state| {
            state.in_hand += 1;
            state.has_served = true;
        });
        Self(activity)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|state| state.in_hand -= 1);
    }
}

/// The body of an answer, which keeps its connection in use.
pub(super) struct Counted {
    pub(super) body: Body,
    #[expect(dead_code, reason = "held until the body ends")]
    pub(super) busy: Busy,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
