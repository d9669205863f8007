//! Accounts on their way out: closed at once, then erased at every service, however often that takes.

mod holders;
mod work;

use std::time::Duration;

use elenchus_durable::{Notices, Queue, Terms, Worker};
use elenchus_personal_data::PersonalData;
use elenchus_rpc::session::Credential;
use elenchus_rpc::{Shutdown, UserId};
use sqlx::PgPool;
use uuid::Uuid;

pub use self::holders::Holders;
use self::work::Work;
use crate::domain::audit::Actor;
use crate::domain::{Erasure, Error, Origin};
use crate::store::Store;

/// The table, and the channel on which its wakes are heard.
pub(crate) const TABLE: &str = "erasure";
const CONCURRENCY: usize = 2;
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Closes accounts, and says how far their erasure is.
#[derive(Clone)]
pub(crate) struct Erasures {
    store: Store,
    queue: Queue,
}

impl Erasures {
    /// Begins to work on erasures, and goes on until the stop. `settle` is how long calls may run
    /// that were let in before an account was closed.
    pub(crate) fn spawn(
        pool: &PgPool,
        store: Store,
        holders: Holders,
        own: PersonalData,
        settle: Duration,
        notices: Notices,
        shutdown: &Shutdown,
    ) -> Self {
        // An erasure is owed until it is done.
        let terms =
            Terms { attempts: i32::MAX, longest_backoff: LONGEST_BACKOFF, ..Terms::default() };
        let queue = Queue::new(pool.clone(), TABLE, "erasure_id", terms);
        let work = Work { pool: pool.clone(), store: store.clone(), holders, own, settle };
        shutdown.spawn(Worker::run(queue.clone(), CONCURRENCY, work, notices, shutdown.clone()));
        Self { store, queue }
    }

    /// Closes an account and begins its erasure, unless that has begun, and tells whose credentials open
    /// nothing from now on. None where there is none.
    pub(crate) async fn begin(
        &self,
        actor: Actor,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<Option<(Erasure, Vec<Credential>)>, Error> {
        self.store.close_account(&self.queue, actor, user_id, origin).await
    }

    /// How far an erasure is.
    pub(crate) async fn find(&self, erasure_id: Uuid) -> Result<Option<Erasure>, Error> {
        self.store.find_erasure(erasure_id).await
    }
}
