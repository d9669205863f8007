//! How long to wait before trying again: doubling, bounded, and never the same for two replicas.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Whether the last try failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Forgets the failures.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts one more failure and says how long to wait: the upper half of the doubled time.
    pub(crate) fn next(&mut self) -> Duration {
        let ceiling = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures += 1;
        ceiling.mul_f64(0.5 + 0.5 * chance())
    }
}

/// From 0 to 1. Without randomness the waits are merely alike.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute_and_begin_anew() {
        let mut backoff = Backoff::default();
        let first = backoff.next();
        assert!((FIRST / 2..=FIRST).contains(&first), "{first:?}");
        let later: Vec<Duration> = (0..40).map(|_| backoff.next()).collect();
        assert!(later.iter().all(|wait| *wait <= LONGEST), "{later:?}");
        assert!(later[39] >= LONGEST / 2, "{later:?}");
        backoff.reset();
        assert!(!backoff.is_failing() && backoff.next() <= FIRST);
    }
}
