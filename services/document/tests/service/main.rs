//! What callers are promised, on a real PostgreSQL, with real files and the real reader.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod buckets;
mod conversations;
mod crashing;
mod damaged;
mod deleting;
mod describing;
mod docx;
mod download;
mod finding;
mod hostile;
mod intake;
mod legal;
mod meaning;
mod order;
mod pdf;
mod picture;
mod providers;
mod reading;
mod scanned;
mod scans;
mod service;
mod structure;
mod viewer;
