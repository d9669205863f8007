//! An account on its way out.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How far the erasure of an account is. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// What it is asked about by.
    pub erasure_id: Uuid,
    /// When the account was closed.
    pub requested_at: DateTime<Utc>,
    /// When every service had erased what it held for the first time.
    pub swept_at: Option<DateTime<Utc>>,
    /// When nothing was left.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Erasure {
    /// In a word: `erasing`, `settling` or `completed`.
    pub fn status(&self) -> &'static str {
        match (self.swept_at, self.finished_at) {
            (_, Some(_)) => "completed",
            (Some(_), None) => "settling",
            (None, None) => "erasing",
        }
    }
}
