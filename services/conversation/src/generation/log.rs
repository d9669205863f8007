//! Writes down what happens in an answer, and shows it afterwards: what a reader saw is stored.
//!
//! Events that come while others are being written go into one statement, and text that waits is
//! joined, so that a fast model costs few writes and a slow one is shown word by word.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use elenchus_proto::pb::conversation::v1 as pb;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::event::{Event, Failure, What};
use super::live::Live;
use crate::domain::{Error, MessageId};
use crate::store::Store;

/// Things that wait to be written. Few, so that a slow store or reader slows the model.
const WAITING: usize = 32;
/// How often other processes are told that there is more to read.
const TELL_OTHERS_EVERY: Duration = Duration::from_millis(50);
/// How long a store that is away is waited for, and how long between two attempts.
const PATIENCE: Duration = Duration::from_secs(8);
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// A write is acknowledged before it is on the disk; a crash of PostgreSQL may take the last 0.6
/// seconds with it. Events stay here for longer than that, to be written again.
const IN_DOUBT: Duration = Duration::from_secs(5);

/// The way into the log of one answer.
pub(crate) struct Log {
    queue: mpsc::Sender<What>,
    writer: JoinHandle<Result<i32, Failure>>,
}

/// Room for one more thing.
pub(crate) struct Room<'a>(mpsc::Permit<'a, What>);

impl Room<'_> {
    /// Puts it in.
    pub(crate) fn tell(self, what: What) {
        self.0.send(what);
    }
}

impl Log {
    /// Goes on after the events that are stored and shown already.
    pub(super) fn begin(
        store: Store,
        generation: MessageId,
        live: Arc<Live>,
        last_seq: i32,
        spawn: impl FnOnce(Writing) -> JoinHandle<Result<i32, Failure>>,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let writer = Writer {
            store,
            generation,
            live,
            last_seq,
            recent: VecDeque::new(),
            told_others: Instant::now(),
        };
        Self { queue, writer: spawn(Box::pin(writer.write(waiting))) }
    }

    /// Waits for room. None once nothing can be written any more; [`Log::close`] says why.
    pub(crate) async fn room(&self) -> Option<Room<'_>> {
        self.queue.reserve().await.ok().map(Room)
    }

    /// Waits until everything is written, and returns the last number.
    pub(crate) async fn close(self) -> Result<i32, Failure> {
        drop(self.queue);
        self.writer.await.unwrap_or(Err(Failure::STORE))
    }
}

/// The writing of a log, to be run as a task.
pub(super) type Writing =
    std::pin::Pin<Box<dyn Future<Output = Result<i32, Failure>> + Send + 'static>>;

/// An event and when it was written.
struct Recent {
    event: pb::ChatEvent,
    written_at: Instant,
}

struct Writer {
    store: Store,
    generation: MessageId,
    live: Arc<Live>,
    last_seq: i32,
    recent: VecDeque<Recent>,
    told_others: Instant,
}

impl Writer {
    async fn write(mut self, mut waiting: mpsc::Receiver<What>) -> Result<i32, Failure> {
        let mut batch = Vec::with_capacity(WAITING);
        while waiting.recv_many(&mut batch, WAITING).await > 0 {
            let events = self.number(join(batch.drain(..)));
            self.append(&events).await?;
            self.remember(&events);
            self.live.show(events);
            self.live.caught_up().await;
        }
        Ok(self.last_seq)
    }

    fn number(&mut self, batch: Vec<What>) -> Vec<pb::ChatEvent> {
        let number = |what| {
            self.last_seq += 1;
            Event { generation: self.generation, seq: self.last_seq, what }.into_wire()
        };
        batch.into_iter().map(number).collect()
    }

    fn remember(&mut self, events: &[pb::ChatEvent]) {
        let written_at = Instant::now();
        self.recent.retain(|recent| recent.written_at.elapsed() < IN_DOUBT);
        self.recent.extend(events.iter().cloned().map(|event| Recent { event, written_at }));
    }

    async fn append(&mut self, events: &[pb::ChatEvent]) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.try_append(events).await {
                Ok(outcome) => return outcome,
                Err(error) if Instant::now() < until => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "events of an answer are not stored yet"
                    );
                    sleep(RETRY_AFTER).await;
                }
                Err(_) => return Err(Failure::STORE),
            }
        }
    }

    async fn try_append(&mut self, events: &[pb::ChatEvent]) -> Result<Result<(), Failure>, Error> {
        let tells_others = self.told_others.elapsed() >= TELL_OTHERS_EVERY;
        let expected = events.first().map_or(self.last_seq, |event| event.seq - 1);
        let Some(last) = self.store.append(self.generation, events, tells_others).await? else {
            return Ok(Err(Failure::LOST));
        };
        if tells_others {
            self.told_others = Instant::now();
        }
        if last < expected {
            tracing::warn!(last, expected, "the database lost events that are written again");
            let known: Vec<_> = self.recent.iter().map(|recent| recent.event.clone()).collect();
            if known.first().is_none_or(|first| first.seq > last + 1) {
                return Ok(Err(Failure::STORE));
            }
            self.store.append(self.generation, &known, tells_others).await?;
        }
        Ok(Ok(()))
    }
}

/// Joins texts that follow each other.
fn join(batch: impl Iterator<Item = What>) -> Vec<What> {
    let mut joined: Vec<What> = Vec::new();
    for what in batch {
        match (joined.last_mut(), what) {
            (Some(What::Delta(text)), What::Delta(more)) => text.push_str(&more),
            (_, what) => joined.push(what),
        }
    }
    joined
}
