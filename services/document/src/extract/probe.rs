//! Whether the jails hold: a process goes into one and tries what it must not be able to do.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use super::jail;

/// The first argument that makes a program of ours try its jails; the second names the jail.
pub const PROBE_ARGUMENT: &str = "probe-jail";

/// The jail of the process that reads files.
const READER: &str = "reader";
/// That of the programs that draw and recognise scans.
const SCANS: &str = "scans";
const PATIENCE: Duration = Duration::from_secs(10);
/// More than either jail gives.
const TOO_MUCH: usize = 2 << 30;

/// Goes into the jail that is named and says on standard output what it does not keep. `main` calls
/// it before anything else, when its first argument is [`PROBE_ARGUMENT`].
pub fn run_jail_probe() -> ExitCode {
    let jail = std::env::args().nth(2).unwrap_or_default();
    let closed = match jail.as_str() {
        READER => jail::limit_resources().and_then(|()| jail::close()),
        _ => jail::confine(),
    };
    let mut leaks = match closed {
        Ok(()) => leaks(),
        Err(error) => vec![format!("it cannot be closed: {error}")],
    };
    if jail == READER && File::open("/").is_ok() {
        leaks.push("it reads files".to_owned());
    }
    match writeln!(io::stdout(), "{}", leaks.join("\n")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What succeeds of what neither jail allows.
fn leaks() -> Vec<String> {
    let file = std::env::temp_dir().join(format!("elenchus-probe-{}", std::process::id()));
    let process = Command::new("/bin/true").spawn();
    let tried = [
        ("it writes files", is_open(File::create_new(&file))),
        ("it reaches the network", is_open(UdpSocket::bind("127.0.0.1:0"))),
        ("it starts processes", is_open(process)),
        ("it takes any amount of memory", Vec::<u8>::new().try_reserve_exact(TOO_MUCH).is_ok()),
    ];
    let _ = std::fs::remove_file(file);
    tried.into_iter().filter(|(_, leaks)| *leaks).map(|(leak, _)| leak.to_owned()).collect()
}

/// On Linux the kernel refuses before it looks at anything else.
#[cfg(target_os = "linux")]
fn is_open<T>(tried: io::Result<T>) -> bool {
    !tried.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Elsewhere there are limits alone, which are no wall to the network.
#[cfg(not(target_os = "linux"))]
fn is_open<T>(tried: io::Result<T>) -> bool {
    !tried.is_err_and(|error| error.kind() != ErrorKind::Unsupported)
}

/// Has `program`, whose `main` calls [`run_jail_probe`], try both jails: what they do not keep.
pub async fn probe_jails(program: &Path) -> io::Result<Vec<String>> {
    let mut leaks = Vec::new();
    for jail in [READER, SCANS] {
        let child = tokio::process::Command::new(program)
            .args([PROBE_ARGUMENT, jail])
            .env_clear()
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, child).await??;
        if !output.status.success() {
            leaks.push(format!("{jail}: ended with {}", output.status));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let lines = said.lines().filter(|line| !line.is_empty());
        leaks.extend(lines.map(|line| format!("{jail}: {line}")));
    }
    Ok(leaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_no_jail_can_do_what_a_jail_forbids() {
        let leaks = leaks();
        for leak in ["it writes files", "it reaches the network", "it starts processes"] {
            assert!(leaks.iter().any(|found| found == leak), "{leaks:?}");
        }
    }
}
