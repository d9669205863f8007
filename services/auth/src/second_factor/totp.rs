//! Time-based one-time passwords (RFC 6238): six digits, thirty seconds, HMAC-SHA-1, which is what
//! every authenticator knows.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::base32;
use crate::domain::Error;

const SECRET_BYTES: usize = 20;
const PERIOD_SECONDS: u64 = 30;
const DIGITS: u32 = 6;
/// Steps by which an authenticator's clock may be off, either way.
const SKEW: i64 = 1;

/// What an authenticator and we share. Does not print.
pub(crate) struct TotpSecret([u8; SECRET_BYTES]);

impl TotpSecret {
    /// A new one, from the system's randomness.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// One that was stored.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// To be stored.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As people type it.
    pub(crate) fn text(&self) -> String {
        base32::encode(&self.0)
    }

    /// As authenticators scan it.
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> String {
        let escape = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (issuer, account, secret) = (escape(issuer), escape(account), self.text());
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}\
             &algorithm=SHA1&digits={DIGITS}&period={PERIOD_SECONDS}"
        )
    }

    /// The step whose code this is, if it is one of about now and later than the last one used.
    pub(crate) fn step_of(&self, code: u32, now: i64, last: i64) -> Option<i64> {
        let steps = (now - SKEW)..=(now + SKEW);
        steps.filter(|step| *step > last).find(|step| self.code(*step) == code)
    }

    fn code(&self, step: i64) -> u32 {
        let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = sign(&key, &step.to_be_bytes());
        let digest = tag.as_ref();
        let offset = digest.last().map_or(0, |byte| usize::from(byte & 0xf));
        let word =
            digest.iter().skip(offset).take(4).fold(0, |word, byte| word << 8 | u32::from(*byte));
        (word & 0x7fff_ffff) % 10_u32.pow(DIGITS)
    }
}

/// The step of this moment.
pub(crate) fn now() -> i64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds / PERIOD_SECONDS).unwrap_or(i64::MAX)
}

/// Six digits, as people type them. None where it is something else.
pub(crate) fn digits(text: &str) -> Option<u32> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code =
        digits.len() == DIGITS as usize && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = TotpSecret(*b"12345678901234567890");
        for (seconds, code) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(secret.code(seconds / 30), code, "at {seconds}");
        }
        assert_eq!(secret.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            secret.uri("Elenchus & Co", "ada@example.com"),
            "otpauth://totp/Elenchus%20%26%20Co:ada%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Elenchus%20%26%20Co&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_code_works_once_and_near_its_time() {
        let secret = TotpSecret(*b"12345678901234567890");
        let code = secret.code(100);
        for now in [99, 100, 101] {
            assert_eq!(secret.step_of(code, now, 0), Some(100));
        }
        for (now, last) in [(98, 0), (102, 0), (100, 100), (100, 101)] {
            assert_eq!(secret.step_of(code, now, last), None, "at {now} after {last}");
        }
    }

    #[test]
    fn six_digits_are_a_code_and_nothing_else_is() {
        assert_eq!(digits(" 012 345 "), Some(12_345));
        for other in ["", "12345", "1234567", "+12345", "12345a", "١٢٣٤٥٦"] {
            assert_eq!(digits(other), None, "{other}");
        }
    }
}
