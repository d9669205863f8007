//! How often a call that failed may be made again, and when.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Calls for one answer at most, the first included.
pub(crate) const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// What a call adds to the budget, of which each retry takes one: retries are a tenth of all calls.
const PER_CALL: f64 = 0.1;
const SAVED_AT_MOST: f64 = 10.0;

/// How many retries are left for all calls together.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Mutex<f64>,
}

impl Default for Budget {
    fn default() -> Self {
        // A process that has just started may retry a few times too.
        Self { left: Mutex::new(3.0) }
    }
}

impl Budget {
    /// A call is made.
    pub(crate) fn earn(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = (*left + PER_CALL).min(SAVED_AT_MOST);
    }

    /// Takes a retry, where there is one left.
    pub(crate) fn take(&self) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let is_left = *left >= 1.0;
        if is_left {
            *left -= 1.0;
        }
        is_left
    }
}

/// The pause before an attempt, drawn from between nothing and twice that of the one before.
pub(crate) fn pause(attempt: u32) -> Duration {
    let most = FIRST_PAUSE * 2_u32.pow(attempt.min(5));
    let share = getrandom::u32().map_or(1.0, |drawn| f64::from(drawn) / f64::from(u32::MAX));
    most.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_tenth_of_all_calls_and_can_be_saved_up_to_a_point() {
        let budget = Budget::default();
        while budget.take() {}
        let retries = |calls: usize| {
            (0..calls).for_each(|_| budget.earn());
            std::iter::repeat_with(|| budget.take()).take_while(|taken| *taken).count()
        };
        assert!((9..=10).contains(&retries(100)));
        assert!((9..=10).contains(&retries(100_000)), "no more than ten are saved");
        assert!((1..=6).all(|attempt| pause(attempt) <= FIRST_PAUSE * 2_u32.pow(attempt.min(5))));
    }
}
