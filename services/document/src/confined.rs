//! Programs of others, held to computing and reading: this program confines itself, then becomes them.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::extract::confine;

/// The first argument that makes a program of ours confine itself and become another.
pub const CONFINE_ARGUMENT: &str = "confine";

/// From start to answer. The computing time is limited inside.
const PATIENCE: Duration = Duration::from_secs(90);
/// A page's picture is 6 MB, and the text of a long book as much.
const MOST_OUTPUT: u64 = 64 << 20;

/// Becomes the program that the other arguments name. `main` calls it before anything else, when its
/// first argument is [`CONFINE_ARGUMENT`].
pub fn run_confined() -> ExitCode {
    let mut words = std::env::args_os().skip(2);
    let Some(program) = words.next() else { return ExitCode::FAILURE };
    let error = match confine() {
        Ok(()) => std::process::Command::new(program).args(words).exec(),
        Err(error) => error,
    };
    let _ = writeln!(io::stderr(), "the confined process failed: {error}");
    ExitCode::FAILURE
}

/// Starts confined programs.
#[derive(Debug, Clone)]
pub(crate) struct Confined {
    program: PathBuf,
    tessdata: Option<String>,
}

impl Confined {
    pub(crate) fn new(program: PathBuf, tessdata: Option<String>) -> Self {
        Self { program, tessdata }
    }

    /// What a program says, given this input. Nothing when it fails on it.
    pub(crate) async fn run(
        &self,
        program: &Path,
        arguments: &[&str],
        input: Stdio,
    ) -> io::Result<Vec<u8>> {
        let child = self.start(program, arguments, input)?;
        answer(child, Vec::new()).await
    }

    /// As [`Confined::run`], with the input by a pipe.
    pub(crate) async fn feed(
        &self,
        program: &Path,
        arguments: &[&str],
        input: Vec<u8>,
    ) -> io::Result<Vec<u8>> {
        let child = self.start(program, arguments, Stdio::piped())?;
        answer(child, input).await
    }

    fn start(&self, program: &Path, arguments: &[&str], input: Stdio) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .arg(CONFINE_ARGUMENT)
            .arg(program)
            .args(arguments)
            .env_clear()
            // Its threads wait for each other more than they work.
            .env("OMP_THREAD_LIMIT", "1")
            .env("MALLOC_ARENA_MAX", "1")
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(folder) = &self.tessdata {
            command.env("TESSDATA_PREFIX", folder);
        }
        command.spawn()
    }
}

async fn answer(mut child: Child, input: Vec<u8>) -> io::Result<Vec<u8>> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program that stops listening has its reasons, which its end tells.
            let _ = stdin.write_all(&input).await;
        }
    };
    let hear = async move {
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MOST_OUTPUT).read_to_end(&mut output).await?;
        }
        Ok::<_, io::Error>(output)
    };
    let converse = async {
        let ((), output) = tokio::join!(feed, hear);
        let status = child.wait().await?;
        if !status.success() {
            tracing::debug!(%status, "a confined program failed");
            return Ok(Vec::new());
        }
        output
    };
    tokio::time::timeout(PATIENCE, converse).await.unwrap_or_else(|_| Ok(Vec::new()))
}
