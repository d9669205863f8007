//! How often something may happen: so many a minute, and so many at once.

use std::time::Duration;

/// An allowance that refills evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Refilled each minute; at least 1.
    pub per_minute: u32,
    /// The most that is ever saved up; at least 1.
    pub burst: u32,
}

/// What was left of an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// Whether there was one left to take.
    pub is_granted: bool,
    /// How many are left.
    pub remaining: u32,
    /// Until there is one again where it was refused, else until the allowance is whole.
    pub wait: Duration,
}

impl Quota {
    /// Time in which one is refilled.
    pub(crate) fn step(self) -> Duration {
        Duration::from_secs(60) / self.per_minute.max(1)
    }

    /// How far the allowance may be overdrawn, as time.
    pub(crate) fn depth(self) -> Duration {
        self.step() * self.burst.max(1)
    }

    /// The verdict for an allowance that would be whole again in `ahead`, and how much further that
    /// moves when one is taken. This is the generic cell rate algorithm.
    pub(crate) fn judge(self, ahead: Duration) -> Allowed {
        let (step, depth) = (self.step(), self.depth());
        let after = ahead + step;
        if after > depth {
            return Allowed { is_granted: false, remaining: 0, wait: after - depth };
        }
        let left = (depth - after).as_nanos() / step.as_nanos().max(1);
        Allowed {
            is_granted: true,
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            wait: after,
        }
    }
}
