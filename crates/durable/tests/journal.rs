//! What the journal promises to peers.

use elenchus_durable::idempotency_key;
use uuid::Uuid;

#[test]
fn every_try_of_a_step_has_the_same_key_and_no_other_step_has_it() {
    let (run, other) = (Uuid::now_v7(), Uuid::now_v7());
    let key = idempotency_key(run, "review/map[3]/ask");
    assert_eq!(key.len(), 64);
    assert_eq!(key, idempotency_key(run, "review/map[3]/ask"));
    assert_ne!(key, idempotency_key(run, "review/map[4]/ask"));
    assert_ne!(key, idempotency_key(other, "review/map[3]/ask"));
}
