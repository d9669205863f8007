//! What is taken of a busy client's allowance ahead of its requests, so that not each of them waits for Redis.
//!
//! As many are taken ahead as were asked for just before, and few of what is left: a client that pauses loses
//! no more than it used, one that comes now and then is counted exactly, and replicas together never grant too much.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::quota::{Allowed, Quota};

/// How long what was taken ahead may be used, and how long ago "just before" is.
const WINDOW: Duration = Duration::from_millis(100);
/// Clients that are remembered; the least busy go first.
const MOST_KEYS: u64 = 10_000;

/// What this process has taken ahead, by client.
pub(super) struct Purses(Cache<String, Arc<Mutex<Purse>>>);

struct Purse {
    began: Instant,
    /// In this window.
    asked: u32,
    /// Taken ahead and not used.
    left: u32,
    /// When the allowance will be whole, as Redis counts it.
    whole_at: Instant,
    /// One call takes ahead at a time: together, many would take all that is left.
    is_filling: bool,
}

/// What a request gets.
pub(super) enum Draw {
    /// One that was taken before.
    Granted(Allowed),
    /// Nothing: Redis has to be asked.
    Ask(Fill),
}

/// Leave to ask Redis. Dropped when the answer is in, or is not waited for any more.
pub(super) struct Fill {
    purse: Arc<Mutex<Purse>>,
    ahead: u32,
}

impl Purses {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(MOST_KEYS).time_to_idle(10 * WINDOW).build())
    }

    /// One that was taken before, or how many to take.
    pub(super) fn draw(&self, key: &str, quota: Quota) -> Draw {
        let now = Instant::now();
        let purse = self.0.get_with_by_ref(key, || Arc::new(Mutex::new(Purse::new(now))));
        let mut open = lock(&purse);
        open.turn(now);
        open.asked = open.asked.saturating_add(1);
        if open.left > 0 {
            return Draw::Granted(open.spend(now, quota));
        }
        let ahead = if open.is_filling { 0 } else { open.asked - 1 };
        open.is_filling |= ahead > 0;
        drop(open);
        Draw::Ask(Fill { purse, ahead })
    }
}

impl Purse {
    fn new(now: Instant) -> Self {
        Self { began: now, asked: 0, left: 0, whole_at: now, is_filling: false }
    }

    /// Begins a window where the last one is over.
    fn turn(&mut self, now: Instant) {
        if now.duration_since(self.began) > WINDOW {
            (self.began, self.asked, self.left) = (now, 0, 0);
        }
    }

    fn spend(&mut self, now: Instant, quota: Quota) -> Allowed {
        let unused = quota.step() * self.left;
        self.left -= 1;
        let ahead = self.whole_at.saturating_duration_since(now).saturating_sub(unused);
        // Redis granted it; what rounding makes of the time may not take it back.
        Allowed { is_granted: true, ..quota.judge(ahead) }
    }
}

impl Fill {
    /// How many to take besides the one.
    pub(super) fn ahead(&self) -> u32 {
        self.ahead
    }

    /// Keeps what was taken ahead of an allowance that will be whole in `whole_in`.
    pub(super) fn keep(self, taken: u32, whole_in: Duration) {
        let now = Instant::now();
        let mut open = lock(&self.purse);
        open.turn(now);
        open.left = open.left.saturating_add(taken);
        open.whole_at = now + whole_in;
    }
}

impl Drop for Fill {
    fn drop(&mut self) {
        if self.ahead > 0 {
            lock(&self.purse).is_filling = false;
        }
    }
}

fn lock(purse: &Mutex<Purse>) -> MutexGuard<'_, Purse> {
    purse.lock().unwrap_or_else(PoisonError::into_inner)
}
