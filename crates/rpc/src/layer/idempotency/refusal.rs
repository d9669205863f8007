//! Why a call with an `Idempotency-Key` is not made, and what to do about it.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::status::{DOMAIN, invalid, with_reason};

/// The header, as problems write it.
const FIELD: &str = "Idempotency-Key";
/// How soon to ask again whether a call was answered.
const ASK_AGAIN: Duration = Duration::from_secs(1);

pub(super) fn malformed(problem: impl Into<String>) -> Status {
    invalid(FIELD, problem)
}

pub(super) fn other_request() -> Status {
    let mend = "was sent with another request before; send a new key with this one";
    let mut details = ErrorDetails::with_error_info("IDEMPOTENCY_KEY_REUSED", DOMAIN, []);
    details.add_bad_request_violation(FIELD, mend);
    Status::with_error_details(Code::InvalidArgument, format!("{FIELD}: {mend}"), details)
}

pub(super) fn busy(left: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info("IDEMPOTENCY_KEY_BUSY", DOMAIN, []);
    details.set_retry_info(Some(left.min(ASK_AGAIN)));
    let message = "the first call with this Idempotency-Key is under way; ask again";
    Status::with_error_details(Code::Aborted, message, details)
}

pub(super) fn in_doubt() -> Status {
    with_reason(
        Code::Aborted,
        "IDEMPOTENCY_OUTCOME_UNKNOWN",
        "the first call with this Idempotency-Key was cut short, and may have had its effect; look \
         whether it had, and send a new key if not",
    )
}

pub(super) fn not_kept() -> Status {
    with_reason(
        Code::AlreadyExists,
        "IDEMPOTENCY_ANSWER_NOT_KEPT",
        "the call was made, and its answer, which shows a secret, is shown once; if it was lost, take \
         back what was made and send a new key",
    )
}

pub(super) fn unsupported() -> Status {
    Status::unimplemented("this service remembers no Idempotency-Key; send none")
}
