//! Deadlines: inherited from the caller, and only ever shrinking.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

/// The header in which gRPC carries what is left of a deadline.
pub const GRPC_TIMEOUT: &str = "grpc-timeout";

/// The moment by which the call must have been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// So much time from now.
    pub fn after(budget: Duration) -> Self {
        Self(Instant::now() + budget)
    }

    /// What the caller allows, and never more than `most`.
    pub fn of_headers(headers: &HeaderMap, most: Duration) -> Self {
        let asked = headers.get(GRPC_TIMEOUT).and_then(|value| parse(value.to_str().ok()?));
        Self::after(asked.map_or(most, |asked| asked.min(most)))
    }

    /// The time that is left.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The moment itself.
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// At most eight digits and a unit, as the gRPC protocol says.
fn parse(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_in_every_unit_and_nothing_else() {
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("2S"), Some(Duration::from_secs(2)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for bad in ["", "S", "123456789S", "1s", "-1S", "1é"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_caller_cannot_ask_for_more_than_the_service_gives() {
        let mut headers = HeaderMap::new();
        headers.insert(GRPC_TIMEOUT, "1H".parse().unwrap());
        let deadline = Deadline::of_headers(&headers, Duration::from_secs(5));
        assert!(deadline.remaining() <= Duration::from_secs(5));
    }
}
