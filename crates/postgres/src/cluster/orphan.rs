//! What an earlier run left behind when it was killed: a PostgreSQL that still works in our folder, or
//! only the file that says so. Called with the folder's lock held, so no live process of ours owns it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::{Instant, sleep};

use super::Error;

/// Stops the PostgreSQL that works in this data folder, first politely, and clears its traces.
pub(super) async fn evict(data: &Path) -> Result<(), Error> {
    let file = data.join("postmaster.pid");
    let recorded = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::Io { path: file, source }),
    };
    let pid =
        recorded.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);

    if let Some(pid) = pid.filter(|pid| workers_in(data).contains(pid)) {
        tracing::warn!(pid = pid.as_raw_pid(), "stopping a PostgreSQL left by an earlier run");
        // A failed signal means that it has just ended.
        let _ = kill_process(pid, Signal::INT);
        if !is_vacated(data, Duration::from_secs(20)).await {
            let _ = kill_process(pid, Signal::QUIT);
        }
    }
    // The children of a killed postmaster notice and leave by themselves.
    if !is_vacated(data, Duration::from_secs(10)).await {
        return Err(Error::Orphan { data: data.to_owned() });
    }
    // PostgreSQL clears a file that names a dead process, and refuses one whose number now belongs to
    // somebody else, as often happens when a container restarts.
    if pid.is_some_and(|pid| test_kill_process(pid).is_ok()) {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::at(&file)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

async fn is_vacated(data: &Path, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if workers_in(data).is_empty() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// The processes whose working folder is the data folder: the postmaster and its children.
#[cfg(target_os = "linux")]
fn workers_in(data: &Path) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == data))
        .filter_map(|process| process.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
        .collect()
}

/// The processes that name the data folder in their arguments: the postmaster.
#[cfg(not(target_os = "linux"))]
fn workers_in(data: &Path) -> Vec<Pid> {
    let listed = std::process::Command::new("ps").args(["-axo", "pid=,command="]).output();
    let Ok(listed) = listed else { return Vec::new() };
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter_map(|line| line.trim_start().split_once(' '))
        .filter(|(_, command)| command.contains(&format!("-D {}", data.display())))
        .filter_map(|(pid, _)| pid.parse().ok().and_then(Pid::from_raw))
        .collect()
}
