//! What the owner may know of the second factor.

use chrono::{DateTime, Utc};

/// Whether every sign-in demands it, and what is left when the authenticator is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Since when it is demanded. None where it is not.
    pub enabled_at: Option<DateTime<Utc>>,
    /// Recovery codes that have not been used.
    pub recovery_codes_left: i64,
}
