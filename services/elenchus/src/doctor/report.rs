//! What was looked at, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// It is there and works.
    Ok,
    /// It is not there, and the rest works without it, and does less.
    Missing,
    /// What is needed, or asked for by a setting, does not work.
    Failed,
}

/// A part that was looked at.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Check {
    /// Which part.
    name: &'static str,
    state: State,
    /// What was found.
    found: String,
    /// What to do about it. Empty where nothing is to be done.
    mend: String,
}

impl Check {
    /// A part that works.
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Ok, found: found.into(), mend: String::new() }
    }

    /// A part that can be done without.
    pub(super) fn missing(
        name: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { name, state: State::Missing, found: found.into(), mend: mend.into() }
    }

    /// A part that must work and does not.
    pub(super) fn failed(
        name: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { name, state: State::Failed, found: found.into(), mend: mend.into() }
    }
}

/// Everything that was looked at.
#[derive(Serialize)]
pub(super) struct Report {
    /// Whether all that is needed is there.
    is_well: bool,
    checks: Vec<Check>,
}

impl Report {
    pub(super) fn new(checks: Vec<Check>) -> Self {
        Self { is_well: checks.iter().all(|check| check.state != State::Failed), checks }
    }

    pub(super) fn is_well(&self) -> bool {
        self.is_well
    }

    /// A line for each part, and the mend below it.
    pub(super) fn print(&self) -> io::Result<()> {
        let mut output = io::stdout().lock();
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
        for Check { name, state, found, mend } in &self.checks {
            let state = match state {
                State::Ok => "ok",
                State::Missing => "missing",
                State::Failed => "failed",
            };
            writeln!(output, "{state:<8} {name:<width$}  {found}")?;
            if !mend.is_empty() {
                writeln!(output, "{:8} {:width$}  mend: {mend}", "", "")?;
            }
        }
        Ok(())
    }

    /// The same as one JSON object.
    pub(super) fn print_json(&self) -> io::Result<()> {
        let mut output = io::stdout().lock();
        serde_json::to_writer_pretty(&mut output, self)?;
        writeln!(output)
    }
}
