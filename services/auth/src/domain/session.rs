//! A sign-in that lives until it is ended.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A session's id, the `sid` of its access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session's id.
    pub session_id: SessionId,
    /// The program that opened or last refreshed it. Empty when it is not known.
    pub user_agent: String,
    /// The network address of that program. Empty when it is not known.
    pub address: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was opened or last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// When it ends, however much it is used.
    pub expires_at: DateTime<Utc>,
}
