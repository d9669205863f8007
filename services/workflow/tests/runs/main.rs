//! Runs from the outside: the service on a real PostgreSQL, its peers played in this process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod auth;
mod crashing;
mod following;
mod leave;
mod mesh;
mod peers;
mod starting;
mod stopping;
mod templates;
