//! Answers in the making, as their readers see them: a log of numbered events in the store, and the
//! end of it in memory where the answer is made here. A reader may drop and come back anywhere.

mod event;
mod live;
mod log;
mod shown;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use elenchus_durable::Notices;
use elenchus_rpc::Shutdown;
use sqlx::PgPool;
use tokio::sync::Notify;
use tracing::Instrument;

pub(crate) use self::event::numbered;
pub use self::event::{Event, Failure, What};
pub(crate) use self::live::Live;
pub use self::live::Reader;
pub(crate) use self::log::Log;
pub use self::shown::Shown;
use crate::domain::MessageId;
use crate::store::{Asked, EVENTS, STARTS, STOPS, Store};

/// How soon a stop is seen whose notice was lost.
const LOOK_FOR_STOPS_EVERY: Duration = Duration::from_secs(1);

/// The answers that this process makes, and the way to those of others.
#[derive(Clone)]
pub struct Generations {
    store: Store,
    notices: Notices,
    shutdown: Shutdown,
    overdue: Arc<Notify>,
    live: Arc<Mutex<HashMap<MessageId, Arc<Live>>>>,
}

impl Generations {
    /// Begins to listen for what other processes write and ask.
    pub fn new(pool: &PgPool, store: Store, shutdown: Shutdown) -> Self {
        let notices = Notices::listen(pool, &[EVENTS, STOPS, STARTS], &shutdown);
        let (overdue, live) = Default::default();
        let generations = Self { store, notices, shutdown, overdue, live };
        generations.shutdown.spawn(generations.clone().hear_stops());
        generations
    }

    /// Opens the log of an answer whose first event is stored.
    pub(crate) fn begin(&self, asked: &Asked, started: Event) -> (Making, Reader) {
        let live = Arc::new(Live::new());
        let last_seq = started.seq;
        live.show(vec![started.into_wire()]);
        self.table().insert(asked.answer_id, Arc::clone(&live));
        let log = Log::begin(
            self.store.clone(),
            asked.answer_id,
            Arc::clone(&live),
            last_seq,
            |writing| self.shutdown.spawn(writing.in_current_span()),
        );
        let reader = Reader::new(Arc::clone(&live));
        let place =
            Place { generations: self.clone(), id: asked.answer_id, live: Arc::clone(&live) };
        (Making { log, live, place }, reader)
    }

    /// Resolves once somebody waits for an answer whose maker may have died.
    pub(crate) async fn overdue(&self) {
        self.overdue.notified().await;
    }

    fn find(&self, id: MessageId) -> Option<Arc<Live>> {
        self.table().get(&id).cloned()
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<MessageId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the answers of this process that someone, anywhere, wants to stop.
    async fn hear_stops(self) {
        let mut stops = self.notices.subscribe(STOPS);
        loop {
            tokio::select! {
                () = stops.any(LOOK_FOR_STOPS_EVERY) => {}
                // Answers in hand are finished, or given up, soon after.
                () = self.shutdown.stopping() => return,
            }
            let ours: Vec<MessageId> = self.table().keys().copied().collect();
            if ours.is_empty() {
                continue;
            }
            match self.store.stops_among(&ours).await {
                Ok(wanted) => wanted.into_iter().for_each(|id| self.stop_here(id)),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "requests to stop were not looked for"
                ),
            }
        }
    }

    fn stop_here(&self, id: MessageId) {
        if let Some(live) = self.find(id) {
            live.stop.cancel();
        }
    }
}

/// What the maker of an answer holds.
pub(crate) struct Making {
    /// Where it tells what happens.
    pub(crate) log: Log,
    /// Who reads it, and who wants it to stop.
    pub(crate) live: Arc<Live>,
    /// Its place among the answers of this process.
    pub(crate) place: Place,
}

/// The place of an answer among those of this process. Dropped when it has ended, however.
pub(crate) struct Place {
    generations: Generations,
    id: MessageId,
    live: Arc<Live>,
}

impl Place {
    /// Waits for no reader from now on.
    pub(crate) fn hurry(&self) {
        self.live.hurry();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.generations.table().remove(&self.id);
        self.live.end();
    }
}
