//! A job that one worker has. Whatever is written for the job is written under its fence.

use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::PgQueryResult;
use uuid::Uuid;

use crate::Error;
use crate::queue::{Queue, Terms, Write};

/// The right to work on one job until the lease runs out.
#[derive(Debug, Clone)]
pub struct Lease {
    queue: Queue,
    key: Uuid,
    fence: i64,
    attempt: i32,
}

impl Lease {
    pub(crate) fn new(queue: Queue, key: Uuid, fence: i64, attempt: i32) -> Self {
        Self { queue, key, fence, attempt }
    }

    /// The job.
    pub fn key(&self) -> Uuid {
        self.key
    }

    /// How often the job was begun since it last made progress, this time included.
    pub fn attempt(&self) -> i32 {
        self.attempt
    }

    /// The job's table.
    pub fn table(&self) -> &'static str {
        self.queue.table()
    }

    pub(crate) fn terms(&self) -> &Terms {
        self.queue.terms()
    }

    /// Locks the job's row until the transaction ends, or says that the lease is lost. Begins every
    /// transaction that writes for the job.
    pub async fn hold(&self, tx: &mut PgConnection) -> Result<(), Error> {
        if self.queue.is_held(tx, self.key, self.fence).await? { Ok(()) } else { Err(Error::Lost) }
    }

    /// Says, in the transaction that records it, that the job came further: earlier failures count no more.
    pub async fn progress(&self, tx: &mut PgConnection) -> Result<(), Error> {
        held(self.queue.write(tx, Write::Progress, self.key, self.fence).await?)
    }

    /// Ends the job in the transaction that records its outcome.
    pub async fn finish(&self, tx: &mut PgConnection) -> Result<(), Error> {
        held(self.queue.write(tx, Write::Finish, self.key, self.fence).await?)
    }

    /// Says that the worker lives.
    pub async fn heartbeat(&self) -> Result<(), Error> {
        held(self.queue.write(self.queue.pool(), Write::Heartbeat, self.key, self.fence).await?)
    }

    /// Gives the job back for a later try.
    pub async fn retry_after(&self, pause: Duration) -> Result<(), Error> {
        held(self.queue.put_off(self.key, self.fence, pause, true).await?)
    }

    /// Gives the job back for later because something else has to come back first. It does not count
    /// as a try.
    pub async fn postpone(&self, pause: Duration) -> Result<(), Error> {
        held(self.queue.put_off(self.key, self.fence, pause, false).await?)
    }

    /// Gives the job back for anyone to go on with at once. It does not count as a try.
    pub async fn release(&self) -> Result<(), Error> {
        let mut tx = self.queue.pool().begin().await?;
        held(self.queue.write(&mut *tx, Write::Release, self.key, self.fence).await?)?;
        self.queue.wake(&mut tx, self.key).await?;
        Ok(tx.commit().await?)
    }
}

fn held(written: PgQueryResult) -> Result<(), Error> {
    match written.rows_affected() {
        0 => Err(Error::Lost),
        _ => Ok(()),
    }
}
