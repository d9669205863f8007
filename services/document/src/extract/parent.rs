//! Starts the reading process, feeds it one file, and waits for it no longer than is fair. A PDF that
//! it read is read by poppler too, where that is installed, and so is one that it found damaged.

use std::fs::File;
use std::io::{self, Seek};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use super::poppler::Poppler;
use super::{EXTRACT_ARGUMENT, Extracted, Failure, FailureCode, FileType};

/// The end of what the process says of itself that is kept.
const COMPLAINT: u64 = 8 << 10;
/// Signal 24 on every system that we run on: the computing time is used up.
const SIGXCPU: i32 = 24;

/// How much a reading process may take. Memory and computing are limited inside it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From start to answer.
    pub time: Duration,
    /// Bytes of answer.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(25), output: 128 << 20 }
    }
}

/// Reads files, each in a process of its own.
#[derive(Debug, Clone)]
pub struct Extractor {
    program: PathBuf,
    limits: Limits,
    poppler: Option<Poppler>,
}

impl Extractor {
    /// Starts `program`, whose `main` calls [`super::run_extractor`], for each file.
    pub fn new(program: PathBuf, limits: Limits) -> Self {
        Self { program, limits, poppler: None }
    }

    /// Has poppler's `pdftotext` say the text of PDFs, where it is installed.
    #[must_use]
    pub fn with_poppler(self, pdftotext: Option<&Path>) -> Self {
        let poppler = pdftotext.map(|pdftotext| Poppler::new(self.program.clone(), pdftotext));
        Self { poppler, ..self }
    }

    /// Reads a file. The outer error is ours: the file could not be had, or no process started.
    pub async fn extract(
        &self,
        mut file: File,
        extension: &str,
    ) -> io::Result<Result<Extracted, Failure>> {
        let began = Instant::now();
        let bytes = tokio::fs::File::from_std(file.try_clone()?);
        let outcome = self.jailed(bytes, extension).await?;
        let Some(poppler) = &self.poppler else { return Ok(outcome) };
        file.rewind()?;
        let left = self.limits.time.saturating_sub(began.elapsed());
        // Where it takes too long, what was found before stands.
        match outcome {
            Ok(mut read) if read.file_type == FileType::Pdf => {
                if let Ok(outcome) = timeout(left, poppler.read_anew(&mut read, &file)).await {
                    outcome?;
                }
                Ok(Ok(read))
            }
            Err(damage) if is_damaged_pdf(&damage, extension) => {
                let recovered = timeout(left, poppler.recover(&file, &damage)).await;
                Ok(recovered.unwrap_or(Ok(None))?.ok_or(damage))
            }
            outcome => Ok(outcome),
        }
    }

    async fn jailed(
        &self,
        file: impl AsyncRead + Unpin + Send,
        extension: &str,
    ) -> io::Result<Result<Extracted, Failure>> {
        let child = Command::new(&self.program)
            .args([EXTRACT_ARGUMENT, extension])
            .env_clear()
            // Every arena of the C library's allocator reserves address space, which is limited.
            .env("MALLOC_ARENA_MAX", "1")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C at a terminal stops us, and we stop it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        match timeout(self.limits.time, self.converse(child, file)).await {
            Ok(outcome) => outcome,
            Err(_) => Ok(Err(Failure::timed_out())),
        }
    }

    async fn converse(
        &self,
        mut child: Child,
        file: impl AsyncRead + Unpin,
    ) -> io::Result<Result<Extracted, Failure>> {
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the reading process has no streams"));
        };
        let (fed, answer, complaint) = tokio::join!(
            feed(file, input),
            read_at_most(output, self.limits.output + 1),
            read_at_most(errors, COMPLAINT),
        );
        fed?;
        let answer = answer?;
        if answer.len() as u64 > self.limits.output {
            return Ok(Err(Failure::limit_exceeded(
                "The file holds far more text than a document does",
            )));
        }
        let status = child.wait().await?;
        let complaint = String::from_utf8_lossy(&complaint?).into_owned();
        if !complaint.is_empty() {
            tracing::debug!(%status, complaint, "the reading process complained");
        }
        if !status.success() {
            return Ok(Err(explain(status, &complaint)));
        }
        serde_json::from_slice(&answer).map_err(io::Error::other)
    }
}

/// What is no PDF under such a name is said to be something else.
fn is_damaged_pdf(failure: &Failure, extension: &str) -> bool {
    failure.code == FailureCode::Damaged && extension == FileType::Pdf.as_str()
}

/// A process that stops listening has its reasons, which its end tells.
async fn feed(
    mut file: impl AsyncRead + Unpin,
    mut input: tokio::process::ChildStdin,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = file.read(&mut buffer).await?;
        if length == 0 || input.write_all(&buffer[..length]).await.is_err() {
            return Ok(());
        }
    }
}

/// Keeps the first bytes and drops the rest, so that the writer never waits for a reader.
async fn read_at_most(mut stream: impl AsyncRead + Unpin, most: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    (&mut stream).take(most).read_to_end(&mut kept).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(kept)
}

/// Running out of memory or stack ends a process from within; the words are the Rust runtime's.
fn explain(status: ExitStatus, complaint: &str) -> Failure {
    if status.signal() == Some(SIGXCPU) {
        return Failure::limit_exceeded(
            "Reading the file takes more computing than a document may",
        );
    }
    if complaint.contains("memory allocation of") {
        return Failure::limit_exceeded("The file unpacks to far more than a document holds");
    }
    if complaint.contains("has overflowed its stack") {
        return Failure::limit_exceeded("The file is nested more deeply than a document is");
    }
    Failure::crashed()
}
