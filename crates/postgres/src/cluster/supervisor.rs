//! Keeps PostgreSQL running on a thread of its own, starts it again when it ends unasked, and stops it
//! when asked. The kernel ties PostgreSQL's life to that thread, so it has to last as long.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::error::describe;
use super::folder::Folder;
use super::launcher::Launcher;
use super::{Error, Options, PORT, Programs, orphan};

const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A server that ran this long did not fail for the reason that ended the one before.
const STEADY: Duration = Duration::from_secs(60);
/// What to ask for, and how long to wait: a clean stop, a stop without goodbyes, the end.
const STOPS: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(20)),
    (Signal::QUIT, Duration::from_secs(5)),
    (Signal::KILL, Duration::from_secs(5)),
];

/// How to start the server.
pub(super) struct Postmaster {
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    launcher: Launcher,
}

impl Postmaster {
    pub(super) fn new(
        folder: &Folder,
        programs: &Programs,
        launcher: Launcher,
        name: &str,
        socket: &Path,
        options: Options,
    ) -> Self {
        let mut arguments = vec!["-D".to_owned(), folder.data().display().to_string()];
        for (setting, value) in settings(name, socket, options) {
            arguments.extend(["-c".to_owned(), format!("{setting}={value}")]);
        }
        let program = programs.postgres();
        Self { program, arguments, folder: folder.path().to_owned(), launcher }
    }

    fn spawn(&self) -> Result<Child, Error> {
        let log = Folder::open(&self.folder)?.open_log()?;
        let copy = log.try_clone().map_err(Error::at(&self.folder))?;
        let mut command = Command::from(self.launcher.bound_command(&self.program));
        command
            .args(&self.arguments)
            .stdout(log)
            .stderr(copy)
            // Ctrl-C in a terminal is for us; PostgreSQL goes last.
            .process_group(0)
            .spawn()
            .map_err(Error::at(&self.program))
    }
}

fn settings(name: &str, socket: &Path, options: Options) -> Vec<(&'static str, String)> {
    let on_or_off = |on: bool| if on { "on" } else { "off" }.to_owned();
    vec![
        ("cluster_name", name.to_owned()),
        ("listen_addresses", String::new()),
        ("unix_socket_directories", quoted(socket)),
        ("unix_socket_permissions", "0700".to_owned()),
        ("port", PORT.to_string()),
        ("max_connections", "200".to_owned()),
        ("shared_buffers", "64MB".to_owned()),
        ("max_wal_size", "256MB".to_owned()),
        ("jit", "off".to_owned()),
        ("fsync", on_or_off(options.fsync)),
        ("full_page_writes", on_or_off(options.fsync)),
        // The log goes to one file of ours and repeats no statement, key or value.
        ("logging_collector", "off".to_owned()),
        ("log_destination", "stderr".to_owned()),
        ("log_checkpoints", "off".to_owned()),
        ("log_error_verbosity", "terse".to_owned()),
        ("log_min_error_statement", "panic".to_owned()),
    ]
}

/// The setting is a list: quoting keeps a comma in the path.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('"', "\"\""))
}

/// The thread that runs the server.
pub(super) struct Supervisor {
    /// Closed to ask for a stop.
    stop: oneshot::Sender<()>,
    /// How the server last ended unasked.
    ends: watch::Receiver<Option<String>>,
    thread: JoinHandle<()>,
}

impl Supervisor {
    /// Runs the server until asked to stop, and keeps `held` until it has ended.
    pub(super) fn start<T: Send + 'static>(postmaster: Postmaster, held: T) -> Result<Self, Error> {
        let (stop, stopped) = oneshot::channel();
        let (ended, ends) = watch::channel(None);
        let failed = || Error::at("the thread of PostgreSQL");
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed())?;
        let thread = std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || {
                runtime.block_on(supervise(&postmaster, stopped, &ended));
                drop(held);
            })
            .map_err(failed())?;
        Ok(Self { stop, ends, thread })
    }

    /// Waits until the server has ended unasked, and says how.
    pub(super) async fn first_end(&mut self) -> String {
        match self.ends.wait_for(Option::is_some).await {
            Ok(status) => status.clone().unwrap_or_default(),
            Err(_) => "its thread ended".to_owned(),
        }
    }

    /// Stops the server and waits for its end.
    pub(super) async fn stop(self) -> Result<(), Error> {
        drop(self.stop);
        let joined = tokio::task::spawn_blocking(|| self.thread.join());
        match joined.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                Err(Error::at("the thread of PostgreSQL")(std::io::Error::other("it panicked")))
            }
        }
    }
}

async fn supervise(
    postmaster: &Postmaster,
    mut stopped: oneshot::Receiver<()>,
    ended: &watch::Sender<Option<String>>,
) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let started = Instant::now();
        let Some(end) = run(postmaster, &mut stopped).await else { return };
        let folder = postmaster.folder.display();
        tracing::error!(status = end, %folder, "PostgreSQL ended; it is started again");
        ended.send_replace(Some(end));
        pause = if started.elapsed() > STEADY { SHORTEST_PAUSE } else { pause };
        tokio::select! {
            _ = &mut stopped => return,
            () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

/// Runs the server once: returns how it ended unasked, or nothing once it has stopped as asked.
async fn run(postmaster: &Postmaster, stopped: &mut oneshot::Receiver<()>) -> Option<String> {
    if let Err(error) = orphan::evict(&postmaster.folder.join("data")).await {
        return Some(error.to_string());
    }
    let mut child = match postmaster.spawn() {
        Ok(child) => child,
        Err(error) => return Some(error.to_string()),
    };
    tokio::select! {
        status = child.wait() => Some(describe(status)),
        _ = stopped => {
            stop(&mut child).await;
            None
        }
    }
}

async fn stop(child: &mut Child) {
    for (signal, patience) in STOPS {
        // No number: it has been waited for, and the number may be another's by now.
        let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw)
        else {
            return;
        };
        let _ = kill_process(pid, signal);
        let waited: Result<std::io::Result<ExitStatus>, _> = timeout(patience, child.wait()).await;
        if waited.is_ok() {
            return;
        }
        tracing::warn!(?signal, "PostgreSQL does not stop");
    }
}
