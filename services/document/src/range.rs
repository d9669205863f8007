//! Which bytes of a file are wanted, as HTTP's `Range` says it (RFC 9110, section 14).

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The whole file: also where the header is malformed, of another unit, or lists several ranges.
    All,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that the file does not have.
    Beyond,
}

impl Wanted {
    /// Reads the header against a file of this size.
    pub(crate) fn parse(header: &str, size: u64) -> Self {
        let Some(range) = header.trim().strip_prefix("bytes=") else { return Self::All };
        let Some((first, last)) = range.split_once('-') else { return Self::All };
        match (number(first), number(last)) {
            (Place::At(first), Place::At(last)) if last < first => Self::All,
            (Place::At(first), Place::At(last)) => Self::of(first, last.saturating_add(1), size),
            (Place::At(first), Place::Open) => Self::of(first, size, size),
            (Place::Open, Place::At(0)) => Self::Beyond,
            (Place::Open, Place::At(length)) => Self::of(size.saturating_sub(length), size, size),
            (Place::Open, Place::Open) | (Place::Malformed, _) | (_, Place::Malformed) => Self::All,
        }
    }

    fn of(start: u64, end: u64, size: u64) -> Self {
        if start >= size { Self::Beyond } else { Self::Part(start..end.min(size)) }
    }
}

enum Place {
    At(u64),
    Open,
    Malformed,
}

fn number(text: &str) -> Place {
    match text.trim() {
        "" => Place::Open,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            // What no file can have is as far as it gets.
            Place::At(digits.parse().unwrap_or(u64::MAX))
        }
        _ => Place::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (header, wanted) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-4", Wanted::Part(2..5)),
            ("bytes=2-", Wanted::Part(2..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-99", Wanted::Part(0..10)),
            ("bytes=8-99", Wanted::Part(8..10)),
            ("bytes=0-99999999999999999999999", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=4-2", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=0-1", Wanted::All),
        ] {
            assert_eq!(Wanted::parse(header, 10), wanted, "{header}");
        }
        assert_eq!(Wanted::parse("bytes=0-", 0), Wanted::Beyond);
    }
}
