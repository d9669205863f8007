//! Notices of PostgreSQL: one listening connection for a process, heard by any number of tasks. A
//! notice may be lost; it only says that looking at the table now is worth while.

use std::time::Duration;

use elenchus_rpc::Shutdown;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use uuid::Uuid;

/// Notices that a slow task may be behind before it is told to look at its table instead.
const BACKLOG: usize = 1024;
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Hears the notices of some channels.
#[derive(Debug, Clone)]
pub struct Notices {
    sender: Sender<Notice>,
}

/// What was heard. A connection that was lost may have missed some.
#[derive(Debug, Clone)]
enum Notice {
    Heard { channel: String, payload: String },
    Missed,
}

/// One task's view of one channel.
#[derive(Debug)]
pub struct Subscription {
    channel: &'static str,
    receiver: Receiver<Notice>,
}

impl Notices {
    /// Listens, over one connection of the pool, until the stop.
    pub fn listen(pool: &PgPool, channels: &'static [&'static str], shutdown: &Shutdown) -> Self {
        let (sender, _) = broadcast::channel(BACKLOG);
        let relay = relay(pool.clone(), channels, sender.clone());
        let stopping = shutdown.clone();
        shutdown.spawn(async move {
            tokio::select! {
                () = relay => {}
                () = stopping.stopping() => {}
            }
        });
        Self { sender }
    }

    /// Hears what is said from now on.
    pub fn subscribe(&self, channel: &'static str) -> Subscription {
        Subscription { channel, receiver: self.sender.subscribe() }
    }
}

impl Subscription {
    /// Returns when there was a notice, or after `patience`.
    pub async fn any(&mut self, patience: Duration) {
        self.matching(patience, |_| true).await;
    }

    /// Returns when there was a notice that begins with this key, or after `patience`.
    pub async fn about(&mut self, key: Uuid, patience: Duration) {
        let key = key.to_string();
        self.matching(patience, |payload| payload.starts_with(&key)).await;
    }

    async fn matching(&mut self, patience: Duration, is_meant: impl Fn(&str) -> bool) {
        let until = Instant::now() + patience;
        loop {
            match timeout_at(until, self.receiver.recv()).await {
                Ok(Ok(Notice::Heard { channel, payload })) => {
                    if channel == self.channel && is_meant(&payload) {
                        return;
                    }
                }
                Ok(Ok(Notice::Missed) | Err(RecvError::Lagged(_))) | Err(_) => return,
                Ok(Err(RecvError::Closed)) => return sleep_until(until).await,
            }
        }
    }
}

async fn relay(pool: PgPool, channels: &'static [&'static str], sender: Sender<Notice>) {
    loop {
        if let Err(error) = hear(&pool, channels, &sender).await {
            tracing::warn!(%error, ?channels, "cannot hear notices; tables are polled until it works again");
        }
        sleep(RECONNECT_AFTER).await;
    }
}

/// Passes on what is heard until the connection breaks.
async fn hear(
    pool: &PgPool,
    channels: &'static [&'static str],
    sender: &Sender<Notice>,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all(channels.iter().copied()).await?;
    // Errors of `send` only say that nobody is listening.
    let _ = sender.send(Notice::Missed);
    while let Some(notice) = listener.try_recv().await? {
        let heard = Notice::Heard {
            channel: notice.channel().to_owned(),
            payload: notice.payload().to_owned(),
        };
        let _ = sender.send(heard);
    }
    Ok(())
}
