//! The connection to Redis. Once Redis does not answer, calls are refused at once until it does:
//! a slow Redis must not make slow answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisResult};
use tokio::sync::Notify;
use tokio::time::{error::Elapsed, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::store::Lost;

/// What the first calls wait that find it silent.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often a lost Redis is asked whether it answers again.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// Written, and not only asked for: a Redis that can be read but not written is lost too.
const PROBE: &str = "elenchus:probe";

/// A connection that knows whether it is one.
pub(crate) struct Link {
    connection: ConnectionManager,
    state: Arc<State>,
    _mend: AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    is_lost: AtomicBool,
    lost: Notify,
}

/// Why a call got no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
    #[error("no answer within {PATIENCE:?}")]
    Late(#[from] Elapsed),
}

impl Link {
    /// Connects with the first call.
    pub(crate) fn open(client: Client) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        let state = Arc::<State>::default();
        #[expect(clippy::disallowed_methods, reason = "ends with the link, whose drop aborts it")]
        let mend = tokio::spawn(mend(connection.clone(), Arc::clone(&state)));
        Ok(Self { connection, state, _mend: AbortOnDropHandle::new(mend) })
    }

    /// For one call.
    pub(crate) fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    /// Makes a call, unless Redis is known not to answer.
    pub(crate) async fn hold<T>(
        &self,
        call: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Lost> {
        if self.state.is_lost.load(Ordering::Relaxed) {
            return Err(Lost);
        }
        within_patience(call).await.map_err(|error| {
            if !self.state.is_lost.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "redis does not answer; each process is on its own");
                self.state.lost.notify_one();
            }
            Lost
        })
    }
}

async fn within_patience<T>(call: impl Future<Output = RedisResult<T>>) -> Result<T, Failure> {
    Ok(timeout(PATIENCE, call).await??)
}

/// Asks a Redis that was lost until it answers, so that no caller has to wait to find out.
async fn mend(mut connection: ConnectionManager, state: Arc<State>) {
    loop {
        state.lost.notified().await;
        loop {
            sleep(ASK_EVERY).await;
            let probe = connection.pset_ex::<_, _, ()>(PROBE, 1, 1000);
            if within_patience(probe).await.is_ok() {
                break;
            }
        }
        state.is_lost.store(false, Ordering::Relaxed);
        tracing::info!("redis answers again");
    }
}
