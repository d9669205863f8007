//! Calls that are made twice and take effect once: what a service remembers of those that carried an
//! `Idempotency-Key`. The layer that asks is [`crate::layer::idempotency`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tonic::Status;

use crate::caller::UserId;

/// Tells requests apart, and nothing of what is in them.
pub type Fingerprint = [u8; 32];

/// The client's name for one call. Those of different users and methods are different keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Whose it is.
    pub user_id: UserId,
    /// The path of the method.
    pub method: String,
    /// What the client sent.
    pub text: String,
}

/// A call that carries a key which its own service keeps, together with what the call makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// The key.
    pub key: Key,
    /// Of the request. None where it is a stream, which nobody has read yet.
    pub fingerprint: Option<Fingerprint>,
}

impl Keyed {
    /// The key of a call, where it carries one and its method leaves that to the service.
    pub fn of<T>(request: &tonic::Request<T>) -> Option<Self> {
        request.extensions().get().cloned()
    }
}

/// What a ledger says of a key that a call carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has it: the call is to be made now.
    Ours,
    /// It was sent with another request.
    OtherRequest,
    /// The call is being made. It will have been answered or given up after so long.
    Busy(Duration),
    /// The call was begun and never answered: whether it had its effect is not known.
    InDoubt,
    /// The call was made, and this is its answer, where it was kept.
    Done(Option<Bytes>),
}

/// Remembers for a day which calls were made, over all replicas of a service.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Takes a key for a call that will have been answered after `busy_for`, unless somebody has it.
    async fn claim(
        &self,
        key: &Key,
        fingerprint: &Fingerprint,
        busy_for: Duration,
    ) -> Result<Claim, Status>;

    /// The call was made. Its answer is kept where there is one.
    async fn keep(&self, key: &Key, answer: Option<&[u8]>) -> Result<(), Status>;

    /// The call was refused, so that the key can be used again.
    async fn release(&self, key: &Key) -> Result<(), Status>;

    /// The call ended, and whether it had its effect is not known.
    async fn doubt(&self, key: &Key) -> Result<(), Status>;
}

/// The ledger of a service.
pub type SharedLedger = Arc<dyn Ledger>;
