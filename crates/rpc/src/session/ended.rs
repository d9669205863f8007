//! Credentials that end are named to every process, so that whoever remembers one as alive asks
//! again at once. Names can be lost: what nobody told is learnt by asking, within a second.

use std::sync::Arc;

use async_trait::async_trait;
use elenchus_cache::{Cache, Heard};
use uuid::Uuid;

use super::Credential;
use crate::shutdown::Shutdown;

const CHANNEL: &str = "ended-credentials";

/// Remembers which credentials are alive.
#[async_trait]
pub trait Memory: Send + Sync + 'static {
    /// Forgets what it knows of one.
    async fn forget(&self, credential: Credential);

    /// Believes nothing that it has not asked about from now on.
    fn doubt(&self);
}

/// Names a credential that has ended to every process.
pub async fn tell(cache: &Cache, credential: Credential) {
    cache.publish(CHANNEL, name(credential)).await;
}

/// Has a memory forget what ends, until the stop.
pub fn heed(cache: &Cache, memory: Arc<impl Memory>, shutdown: &Shutdown) {
    let mut told = cache.subscribe(CHANNEL);
    let stopping = shutdown.clone();
    let listening = async move {
        loop {
            match told.next().await {
                Heard::Message(name) => match named(&name) {
                    Some(credential) => memory.forget(credential).await,
                    None => memory.doubt(),
                },
                Heard::Missed => memory.doubt(),
            }
        }
    };
    shutdown.spawn(async move {
        tokio::select! {
            () = listening => {}
            () = stopping.stopping() => {}
        }
    });
}

/// The id of a session, or the hash of a token: neither opens anything.
fn name(credential: Credential) -> Vec<u8> {
    match credential {
        Credential::Session(session) => session.as_bytes().to_vec(),
        Credential::Token(hash) => hash.to_vec(),
    }
}

/// Told apart by their lengths.
fn named(name: &[u8]) -> Option<Credential> {
    let session = || Uuid::from_slice(name).ok().map(Credential::Session);
    name.try_into().ok().map(Credential::Token).or_else(session)
}
