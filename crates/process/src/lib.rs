//! A process of the mesh: reads the settings, installs telemetry, starts its roles, waits for the
//! signal, stops in order. Every `main` is one call of [`run`]. It knows no service.

mod peers;
mod role;
mod runtime;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use elenchus_cache::Cache;
use elenchus_rpc::session::{RemoteSessions, SharedSessions, ended};
use elenchus_rpc::token::{Keys, RemoteKeys};
use elenchus_rpc::transport::{Identity, Transport};
use elenchus_rpc::{Server, Shutdown, Tls};
use elenchus_settings::{EXIT_USAGE, Env, Invalid};
use elenchus_telemetry::{Metrics, Tracing};
use futures_util::future::BoxFuture;

pub use self::peers::Peers;
pub use self::role::{Role, serve};
pub use self::runtime::Share;

/// What is left to do once every task has ended, such as stopping a database.
pub type Farewell = BoxFuture<'static, ()>;

/// Whatever kept a process from starting.
pub type StartError = Box<dyn Error + Send + Sync>;

/// Time that calls in hand get once a stop has begun.
const GRACE: Duration = Duration::from_secs(25);

/// What every role of a process shares.
#[derive(Clone)]
pub struct Process {
    /// The settings, as text.
    pub env: Env,
    /// The keys of the mesh.
    pub keys: Keys,
    /// State that may be lost.
    pub cache: Cache,
    /// The certificates between services, where there are any.
    pub tls: Option<Tls>,
    /// The ways to the other services.
    pub peers: Peers,
    /// Says when to stop, and what a stop waits for.
    pub shutdown: Shutdown,
}

impl Process {
    /// Gets what the roles share ready. `here` are the roles that this process runs.
    pub async fn new(env: Env, here: &[Role], shutdown: Shutdown) -> Result<Self, StartError> {
        let tls = Tls::from_env(&env)?;
        if let Some(tls) = &tls {
            here.iter().try_for_each(|role| tls.names(role.name()))?;
        }
        let peers = Peers::from_env(&env, here, tls.as_ref(), &shutdown)?;
        let keys = Keys::from_env(&env)?;
        // Whoever checks tokens knows auth; the way of others there is never used.
        let keys = match peers.transport(Role::Auth) {
            Ok(auth) => keys.with_published(Arc::new(RemoteKeys::new(auth))),
            Err(_) => keys,
        };
        let cache = Cache::from_env(&env)?;
        Ok(Self { env, keys, cache, tls, peers, shutdown })
    }

    /// The sessions as auth knows them, asked for by the service `name`.
    pub fn sessions(&self, name: &'static str) -> Result<SharedSessions, Invalid> {
        let sessions = Arc::new(RemoteSessions::new(self.peer(name, Role::Auth)?));
        ended::heed(&self.cache, Arc::clone(&sessions), &self.shutdown);
        Ok(sessions)
    }

    /// The way from the service `name` to `callee`, signed by the one for the other.
    pub fn peer(&self, name: &'static str, callee: Role) -> Result<Transport, Invalid> {
        let transport = self.peers.transport(callee)?;
        Ok(Identity::new(name, self.keys.clone()).to(callee.name(), transport))
    }
}

/// Runs a process that has one role, from its first line to its exit code.
pub fn run_service(
    role: Role,
    start: impl AsyncFnOnce(&Process) -> Result<Server, StartError>,
) -> ExitCode {
    run(role.name(), Share::OneRole, async |env, shutdown| {
        let process = Process::new(env, &[role], shutdown).await?;
        let server = start(&process).await?;
        let address = role.listen_address(&process.env)?.unwrap_or(role.default_address());
        serve(&process, server, address).await?;
        Ok(Box::pin(std::future::ready(())) as Farewell)
    })
}

/// Runs a process from its first line to its exit code. `start` gets the roles going and returns.
pub fn run(
    name: &'static str,
    share: Share,
    start: impl AsyncFnOnce(Env, Shutdown) -> Result<Farewell, StartError>,
) -> ExitCode {
    let outcome = Env::of_process().map_err(StartError::from).and_then(|env| {
        let runtime = runtime::build(&env, share)?;
        runtime.block_on(live(name, env, start))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

async fn live(
    name: &'static str,
    env: Env,
    start: impl AsyncFnOnce(Env, Shutdown) -> Result<Farewell, StartError>,
) -> Result<(), StartError> {
    let settings = elenchus_telemetry::Settings::from_env(&env)?;
    let tracing = Tracing::install(&settings, name)?;
    let shutdown = Shutdown::new();
    if let Some(metrics) = Metrics::install(&settings).await? {
        tracing::info!(address = %metrics.address, "serving metrics");
        let stopping = shutdown.clone();
        shutdown.spawn(metrics.serve(async move { stopping.stopping().await }));
    }
    let outcome = until_signal(start(env, shutdown.clone()), &shutdown).await;
    shutdown.finish(GRACE).await;
    let ended = match outcome {
        Ok(farewell) => {
            farewell.await;
            tracing::info!("stopped");
            Ok(())
        }
        Err(error) => Err(error),
    };
    tracing.flush().await;
    ended
}

/// Starts, and waits for the signal to stop. A signal while starting ends the start.
async fn until_signal(
    start: impl Future<Output = Result<Farewell, StartError>>,
    shutdown: &Shutdown,
) -> Result<Farewell, StartError> {
    let signal = shutdown.signal();
    tokio::pin!(signal);
    let farewell = tokio::select! {
        started = start => started?,
        received = &mut signal => {
            received?;
            return Ok(Box::pin(std::future::ready(())));
        }
    };
    signal.await?;
    Ok(farewell)
}

/// One line for people, and the exit code for programs.
pub fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    eprintln!("elenchus: {line}");
    let is_setting = error.downcast_ref::<Invalid>().is_some();
    if is_setting { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
}
