//! Allowances in this process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::quota::{Allowed, Quota};

/// Keys that are remembered; the least used go first.
const MOST_KEYS: u64 = 100_000;
/// An allowance that was not touched for so long is whole again.
const IDLE: Duration = Duration::from_secs(3600);

/// When each allowance will be whole again.
pub(crate) struct Local {
    whole_at: Cache<String, Arc<Mutex<Instant>>>,
}

impl Default for Local {
    fn default() -> Self {
        Self { whole_at: Cache::builder().max_capacity(MOST_KEYS).time_to_idle(IDLE).build() }
    }
}

impl Local {
    pub(crate) fn take(&self, key: &str, quota: Quota) -> Allowed {
        let now = Instant::now();
        let cell = self.whole_at.get_with_by_ref(key, || Arc::new(Mutex::new(now)));
        let mut whole_at = cell.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = quota.judge(whole_at.saturating_duration_since(now));
        if allowed.is_granted {
            *whole_at = (*whole_at).max(now) + quota.step();
        }
        allowed
    }
}
