//! Programs of other people's that a test talks to, such as a mail server.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running program. Dropping it ends it.
pub struct Program {
    child: Child,
    /// Its first line, which says where it listens.
    pub first_line: String,
}

impl Program {
    /// Runs a script in the Python that `scripts/install-test-tools.sh` made.
    pub fn python(script: &Path, arguments: &[&str]) -> Self {
        Self::start(
            Command::new(workspace().join("target/tools/venv/bin/python")).arg(script),
            arguments,
        )
    }

    /// Starts a program, and waits for its first line.
    pub fn start(command: &mut Command, arguments: &[&str]) -> Self {
        let mut child = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it is installed: run scripts/install-test-tools.sh");
        let mut first_line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut first_line).expect("it can be read");
        assert!(!first_line.is_empty(), "{command:?} ended at once");
        Self { child, first_line: first_line.trim().to_owned() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the workspace is.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
