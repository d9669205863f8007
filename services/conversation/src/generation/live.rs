//! An answer that this process makes, as its readers here see it. Everything in it is stored already.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use elenchus_proto::pb::conversation::v1 as pb;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Events kept in memory. A reader who is further behind reads the table.
const WINDOW: usize = 256;
/// Events that whoever asked may be behind before the model has to wait.
const MOST_BEHIND: i32 = 32;

/// How far an answer has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Progress {
    last_seq: i32,
    is_ended: bool,
}

/// An answer in the making.
#[derive(Debug)]
pub(crate) struct Live {
    /// Someone wants it to stop.
    pub(crate) stop: CancellationToken,
    /// Whoever asked has left.
    pub(crate) gone: CancellationToken,
    /// Nobody is waited for any more.
    hurry: CancellationToken,
    window: Mutex<VecDeque<pb::ChatEvent>>,
    progress: watch::Sender<Progress>,
    /// The last event that whoever asked has taken.
    taken: watch::Sender<i32>,
}

impl Live {
    pub(super) fn new() -> Self {
        Self {
            stop: CancellationToken::new(),
            gone: CancellationToken::new(),
            hurry: CancellationToken::new(),
            window: Mutex::default(),
            progress: watch::Sender::default(),
            taken: watch::Sender::default(),
        }
    }

    /// Shows events that are stored.
    pub(crate) fn show(&self, events: Vec<pb::ChatEvent>) {
        let Some(last) = events.last().map(|event| event.seq) else { return };
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.extend(events);
        let surplus = window.len().saturating_sub(WINDOW);
        window.drain(..surplus);
        drop(window);
        self.progress.send_modify(|progress| progress.last_seq = last);
    }

    /// The last event that was shown.
    pub(crate) fn last_seq(&self) -> i32 {
        self.progress.borrow().last_seq
    }

    /// Waits until whoever asked is close behind, has left, or is not to be waited for.
    pub(super) async fn caught_up(&self) {
        let last = self.progress.borrow().last_seq;
        let mut taken = self.taken.subscribe();
        tokio::select! {
            _ = taken.wait_for(|taken| last - taken <= MOST_BEHIND) => {}
            () = self.gone.cancelled() => {}
            () = self.hurry.cancelled() => {}
        }
    }

    /// Waits for no reader from now on.
    pub(super) fn hurry(&self) {
        self.hurry.cancel();
    }

    /// Nothing comes after what was shown.
    pub(super) fn end(&self) {
        self.progress.send_modify(|progress| progress.is_ended = true);
    }

    /// The last event that was shown, and whether nothing more will come.
    pub(super) fn progress(&self) -> (i32, bool) {
        let Progress { last_seq, is_ended } = *self.progress.borrow();
        (last_seq, is_ended)
    }

    /// Resolves once there is more after this event, or nothing more will come.
    pub(super) async fn moved(&self, seq: i32) {
        let mut progress = self.progress.subscribe();
        // Cannot fail: the sender is our own.
        let _ = progress.wait_for(|now| now.last_seq > seq || now.is_ended).await;
    }

    /// The events after this one, where they are still in memory.
    pub(super) fn after(&self, seq: i32) -> Vec<pb::ChatEvent> {
        let window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = window.front().map(|event| event.seq) else { return Vec::new() };
        match usize::try_from(seq + 1 - first) {
            Ok(known) => window.range(known.min(window.len())..).cloned().collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// Whoever asked. Dropping it says that they have left; not reading it makes the model wait.
#[derive(Debug)]
pub struct Reader {
    live: Arc<Live>,
    taken: i32,
    waiting: VecDeque<pb::ChatEvent>,
}

impl Reader {
    pub(super) fn new(live: Arc<Live>) -> Self {
        Self { live, taken: 0, waiting: VecDeque::new() }
    }

    /// The next event, once there is one. None after the last.
    pub async fn next(&mut self) -> Option<pb::ChatEvent> {
        if self.waiting.is_empty() {
            self.live.moved(self.taken).await;
            self.waiting = self.live.after(self.taken).into();
        }
        let event = self.waiting.pop_front()?;
        self.taken = event.seq;
        self.live.taken.send_replace(self.taken);
        Some(event)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.live.gone.cancel();
    }
}
