//! Times, durations and field masks: the text that JSON shows, and the numbers that travel.

use std::fmt::Write;

use chrono::DateTime;

use super::wire::{Malformed, Payload, Reader, put_tagged_varint};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const MAX_DURATION_SECONDS: i64 = 315_576_000_000;
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// Prints a `google.protobuf.Timestamp`, quoted.
pub(crate) fn print_timestamp(bytes: &[u8], out: &mut String) -> Result<(), Malformed> {
    let (seconds, nanos) = seconds_and_nanos(bytes)?;
    if !(FIRST_SECOND..=LAST_SECOND).contains(&seconds) {
        return Err(Malformed);
    }
    let nanos = u32::try_from(nanos)
        .ok()
        .filter(|nanos| i64::from(*nanos) < NANOS_PER_SECOND)
        .ok_or(Malformed)?;
    let time = DateTime::from_timestamp(seconds, 0).ok_or(Malformed)?;
    let _ = write!(out, "\"{}", time.format("%Y-%m-%dT%H:%M:%S"));
    print_nanos(nanos, out);
    out.push_str("Z\"");
    Ok(())
}

/// Prints a `google.protobuf.Duration`, quoted.
pub(crate) fn print_duration(bytes: &[u8], out: &mut String) -> Result<(), Malformed> {
    let (seconds, nanos) = seconds_and_nanos(bytes)?;
    let is_in_range =
        seconds.abs() <= MAX_DURATION_SECONDS && i64::from(nanos.unsigned_abs()) < NANOS_PER_SECOND;
    if !is_in_range || (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0) {
        return Err(Malformed);
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let _ = write!(out, "\"{sign}{}", seconds.unsigned_abs());
    print_nanos(nanos.unsigned_abs(), out);
    out.push_str("s\"");
    Ok(())
}

/// Prints a `google.protobuf.FieldMask`, quoted: its paths in lower camel case.
pub(crate) fn print_field_mask(bytes: &[u8], out: &mut String) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    let mut joined = String::new();
    while let Some((number, payload)) = reader.record()? {
        if number != 1 {
            continue;
        }
        if !joined.is_empty() {
            joined.push(',');
        }
        let mut capital = false;
        for c in payload.text()?.chars() {
            match c {
                '_' => capital = true,
                c if capital => {
                    joined.push(c.to_ascii_uppercase());
                    capital = false;
                }
                c => joined.push(c),
            }
        }
    }
    out.push('"');
    super::escape::escape(&joined, out);
    out.push('"');
    Ok(())
}

/// The content of a Timestamp, from RFC 3339.
pub(crate) fn timestamp(text: &str, out: &mut Vec<u8>) -> Result<(), &'static str> {
    const EXPECTED: &str = "must be a time such as 2026-01-31T12:00:00Z";
    // chrono is lenient about the separator; RFC 3339 in proto3 JSON is not.
    if !matches!(text.as_bytes().get(10), Some(b'T')) {
        return Err(EXPECTED);
    }
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| EXPECTED)?;
    // A leap second counts as the end of the second before it.
    let nanos = i64::from(time.timestamp_subsec_nanos()).min(NANOS_PER_SECOND - 1);
    if !(FIRST_SECOND..=LAST_SECOND).contains(&time.timestamp()) {
        return Err("must be between the years 1 and 9999");
    }
    put_seconds_and_nanos(time.timestamp(), nanos, out);
    Ok(())
}

/// The content of a Duration, from text such as `-1.5s`.
pub(crate) fn duration(text: &str, out: &mut Vec<u8>) -> Result<(), &'static str> {
    const EXPECTED: &str = "must be a duration such as 1.5s";
    let number = text.strip_suffix('s').ok_or(EXPECTED)?;
    let (sign, number) = number.strip_prefix('-').map_or((1, number), |number| (-1, number));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 9 {
        return Err(EXPECTED);
    }
    let seconds: i64 = whole.parse().map_err(|_| EXPECTED)?;
    let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| EXPECTED)?;
    if seconds > MAX_DURATION_SECONDS {
        return Err("must be at most 315576000000 seconds");
    }
    put_seconds_and_nanos(sign * seconds, sign * nanos, out);
    Ok(())
}

/// The content of a FieldMask, from paths with commas between them, in either case.
pub(crate) fn field_mask(text: &str, out: &mut Vec<u8>) -> Result<(), &'static str> {
    for path in text.split(',').filter(|path| !path.is_empty()) {
        let is_path = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
        if !is_path {
            return Err("must be field names with commas between them");
        }
        let mut snake = String::with_capacity(path.len() + 4);
        for c in path.chars() {
            if c.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        super::wire::put_bytes(out, 1, snake.as_bytes());
    }
    Ok(())
}

fn seconds_and_nanos(bytes: &[u8]) -> Result<(i64, i32), Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut reader = Reader::new(bytes);
    while let Some(record) = reader.record()? {
        match record {
            (1, Payload::Varint(value)) => seconds = value as i64,
            (2, Payload::Varint(value)) => nanos = value as i32,
            _ => {}
        }
    }
    Ok((seconds, nanos))
}

fn put_seconds_and_nanos(seconds: i64, nanos: i64, out: &mut Vec<u8>) {
    put_tagged_varint(out, 1, seconds as u64);
    put_tagged_varint(out, 2, nanos as u64);
}

/// Nothing, or as many groups of three digits as are needed.
fn print_nanos(nanos: u32, out: &mut String) {
    let _ = match nanos {
        0 => Ok(()),
        _ if nanos.is_multiple_of(1_000_000) => write!(out, ".{:03}", nanos / 1_000_000),
        _ if nanos.is_multiple_of(1_000) => write!(out, ".{:06}", nanos / 1_000),
        _ => write!(out, ".{nanos:09}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(
        text: &str,
        parse: fn(&str, &mut Vec<u8>) -> Result<(), &'static str>,
        print: fn(&[u8], &mut String) -> Result<(), Malformed>,
    ) -> Result<String, &'static str> {
        let (mut wire, mut out) = (Vec::new(), String::new());
        parse(text, &mut wire)?;
        print(&wire, &mut out).map_err(|_| "does not print")?;
        Ok(out.trim_matches('"').to_owned())
    }

    #[test]
    fn times_keep_three_six_or_nine_digits() {
        for (text, expected) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500Z"),
            ("2026-01-31T12:00:00.000001+02:00", "2026-01-31T10:00:00.000001Z"),
            ("2026-01-31T12:00:00.000000001Z", "2026-01-31T12:00:00.000000001Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
        ] {
            assert_eq!(shown(text, timestamp, print_timestamp).as_deref(), Ok(expected));
        }
        for bad in [
            "",
            "2026-01-31",
            "2026-01-31 12:00:00Z",
            "2026-02-30T00:00:00Z",
            "tomorrow",
            "2026-01-31é12:00:00Z",
        ] {
            assert!(shown(bad, timestamp, print_timestamp).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_keep_their_sign() {
        for (text, expected) in
            [("1s", "1s"), ("-0.5s", "-0.500s"), ("3.000001s", "3.000001s"), ("0s", "0s")]
        {
            assert_eq!(shown(text, duration, print_duration).as_deref(), Ok(expected));
        }
        for bad in ["1", "s", "1.s", ".5s", "1.0000000001s", "+1s", "315576000001s", "--1s"] {
            assert!(shown(bad, duration, print_duration).is_err(), "{bad}");
        }
    }

    #[test]
    fn field_masks_change_case() {
        assert_eq!(
            shown("user.displayName,title", field_mask, print_field_mask).as_deref(),
            Ok("user.displayName,title")
        );
        assert!(shown("a b", field_mask, print_field_mask).is_err());
    }
}
