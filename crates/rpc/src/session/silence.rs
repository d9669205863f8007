//! That the auth service did not answer a moment ago. While that is so, one caller at a time finds out
//! whether it is back, and the others do not wait for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After a call that was not answered, nobody asks for so long.
const PAUSE: Duration = Duration::from_secs(1);
/// What one caller's asking takes at most.
const PROBE: Duration = Duration::from_millis(1500);

/// Whether the auth service is silent.
#[derive(Debug, Default)]
pub(super) struct Silence {
    until: Mutex<Option<Instant>>,
}

impl Silence {
    /// A call was not answered.
    pub(super) fn begin(&self) {
        *self.lock() = Some(Instant::now() + PAUSE);
    }

    /// A call was answered.
    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    /// Whether memory must do for this caller. The first one after a pause has to ask, and so has
    /// everybody once nobody has asked for long: what is remembered must not outlive the silence.
    pub(super) fn lasts(&self) -> bool {
        let now = Instant::now();
        let mut until = self.lock();
        match *until {
            None => false,
            Some(end) if now < end => true,
            Some(end) => {
                *until = (now < end + PAUSE).then(|| now + PROBE);
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_asks_after_a_pause_and_everybody_once_nobody_has_for_long() {
        let silence = Silence::default();
        assert!(!silence.lasts());
        silence.begin();
        assert!(silence.lasts() && silence.lasts());

        let ago = |time| Instant::now().checked_sub(time);
        *silence.lock() = ago(Duration::from_millis(10));
        assert!(!silence.lasts(), "the first one asks");
        assert!(silence.lasts(), "the next one does not wait for it");
        *silence.lock() = ago(Duration::from_secs(10));
        assert!(!silence.lasts() && !silence.lasts());

        silence.begin();
        silence.end();
        assert!(!silence.lasts());
    }
}
