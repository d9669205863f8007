//! What is said on a channel is heard by all who listen, once each, in order. It may be lost; a
//! listener that was cut off is told that it may have missed something.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Messages that a slow listener may be behind before it is told that it missed some.
const BACKLOG: usize = 256;

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// What was said.
    Message(Bytes),
    /// Something may have been said that was not heard: look where the truth is.
    Missed,
}

/// One listener of one channel.
#[derive(Debug)]
pub struct Subscription {
    channel: String,
    receiver: Option<Receiver<Heard>>,
    hub: Arc<Hub>,
}

/// The channels that somebody in this process listens to.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    channels: Mutex<HashMap<String, Sender<Heard>>>,
    changed: Notify,
}

impl Subscription {
    /// Waits for what is said next. Safe to drop while it waits: nothing is lost.
    pub async fn next(&mut self) -> Heard {
        let Some(receiver) = &mut self.receiver else { return std::future::pending().await };
        match receiver.recv().await {
            Ok(heard) => heard,
            Err(RecvError::Lagged(_)) => Heard::Missed,
            // The hub drops a sender only after its last listener.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.receiver = None;
        self.hub.forget_if_silent(&self.channel);
    }
}

impl Hub {
    pub(crate) fn subscribe(self: &Arc<Self>, channel: &str) -> Subscription {
        let mut channels = self.lock();
        let is_new = !channels.contains_key(channel);
        let sender =
            channels.entry(channel.to_owned()).or_insert_with(|| broadcast::channel(BACKLOG).0);
        let receiver = Some(sender.subscribe());
        drop(channels);
        if is_new {
            self.changed.notify_one();
        }
        Subscription { channel: channel.to_owned(), receiver, hub: Arc::clone(self) }
    }

    /// Tells the listeners of one channel. An error of `send` only says that the last one just left.
    pub(crate) fn tell(&self, channel: &str, heard: Heard) {
        if let Some(sender) = self.lock().get(channel) {
            let _ = sender.send(heard);
        }
    }

    /// Tells every listener that it may have missed something.
    pub(crate) fn tell_all_missed(&self) {
        for sender in self.lock().values() {
            let _ = sender.send(Heard::Missed);
        }
    }

    /// The channels that have listeners.
    pub(crate) fn channels(&self) -> HashSet<String> {
        self.lock().keys().cloned().collect()
    }

    /// Resolves once [`Hub::channels`] may have changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn forget_if_silent(&self, channel: &str) {
        let mut channels = self.lock();
        if channels.get(channel).is_some_and(|sender| sender.receiver_count() == 0) {
            channels.remove(channel);
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Sender<Heard>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
