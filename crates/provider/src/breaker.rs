//! Leaves a provider alone that fails again and again, and asks it now and then with one call.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which the provider is left alone.
const MOST_FAILURES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How a provider has done lately.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when nobody is let through; afterwards one, who moves it on.
    shut_until: Option<Instant>,
}

impl Breaker {
    /// Whether a call may be made.
    pub(crate) fn lets_through(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match state.shut_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                state.shut_until = Some(now + pause(state.failures));
                true
            }
        }
    }

    /// A call went well, or failed by no fault of the provider.
    pub(crate) fn went_well(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// A call failed.
    pub(crate) fn failed(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures >= MOST_FAILURES {
            state.shut_until = Some(Instant::now() + pause(state.failures));
        }
    }
}

fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(MOST_FAILURES).min(8);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_call_asks_whether_it_is_over() {
        let breaker = Breaker::default();
        for _ in 0..MOST_FAILURES {
            assert!(breaker.lets_through());
            breaker.failed();
        }
        assert!(!breaker.lets_through());
        tokio::time::advance(FIRST_PAUSE).await;
        assert_eq!([breaker.lets_through(), breaker.lets_through()], [true, false]);
        breaker.failed();
        tokio::time::advance(FIRST_PAUSE).await;
        assert!(!breaker.lets_through(), "the pause has grown");
        tokio::time::advance(FIRST_PAUSE).await;
        assert!(breaker.lets_through());
        breaker.went_well();
        assert!(breaker.lets_through() && breaker.lets_through());
    }
}
