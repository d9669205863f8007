//! Why a file cannot be read, in words for the person who uploaded it.

use std::fmt;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::FileType;

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureCode {
    /// There are no bytes.
    Empty,
    /// It is of a format that is not read.
    UnsupportedType,
    /// Its name says one format and its content another.
    TypeMismatch,
    /// It opens with a password only.
    Encrypted,
    /// It is cut short or its structure is broken.
    Damaged,
    /// It has pages but no text, as a scan has.
    NoText,
    /// Reading it takes more memory or computing than a document may.
    LimitExceeded,
    /// Reading it takes too long.
    TimedOut,
    /// The reader fell over.
    Crashed,
    /// Its bytes are gone from where they were kept.
    Lost,
}

impl FailureCode {
    /// The word that the contract uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "EMPTY",
            Self::UnsupportedType => "UNSUPPORTED_TYPE",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::Encrypted => "ENCRYPTED",
            Self::Damaged => "DAMAGED",
            Self::NoText => "NO_TEXT",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::TimedOut => "TIMED_OUT",
            Self::Crashed => "CRASHED",
            Self::Lost => "LOST",
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a file cannot be read, and the mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What went wrong, for programs.
    pub code: FailureCode,
    /// What went wrong and what to do, for people.
    pub message: String,
    /// What exactly is damaged.
    #[serde(default)]
    detail: String,
}

impl Failure {
    fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: String::new() }
    }

    pub(super) fn empty() -> Self {
        Self::new(
            FailureCode::Empty,
            "The file is empty. Check that it was saved completely, then upload it again.",
        )
    }

    pub(super) fn unsupported(what: &str) -> Self {
        Self::new(
            FailureCode::UnsupportedType,
            format!(
                "The file holds {what}, which cannot be read. Save it as PDF or .docx and upload that."
            ),
        )
    }

    pub(super) fn mismatch(claimed: &str, found: FileType) -> Self {
        Self::new(
            FailureCode::TypeMismatch,
            format!(
                "The file is named .{claimed} but holds {}. Rename it to end in .{found}, or save it anew as \
                 .{claimed}, and upload it again.",
                found.describe()
            ),
        )
    }

    pub(super) fn encrypted() -> Self {
        Self::new(
            FailureCode::Encrypted,
            "The file is protected by a password. Save a copy without the password and upload that.",
        )
    }

    pub(super) fn damaged(detail: &str) -> Self {
        let message = format!(
            "The file is damaged or cut short: {detail}. Open it, save it anew, or ask for a complete \
             copy, and upload that."
        );
        Self { detail: detail.to_owned(), ..Self::new(FailureCode::Damaged, message) }
    }

    /// What to tell where the text of a damaged file was recovered all the same.
    pub(super) fn warning(&self) -> String {
        format!(
            "The file is damaged or cut short: {}. What could be recovered of its text may lack words or \
             change them: hold it against a complete copy before you rely on it.",
            self.detail
        )
    }

    /// As [`Failure::damaged`]; the reader's own words go to the log, as nobody can act on them.
    pub(super) fn damaged_because(detail: &str, error: &dyn fmt::Display) -> Self {
        let _ = writeln!(io::stderr(), "{detail}: {error}");
        Self::damaged(detail)
    }

    /// There are no words in it, also not in its pictures.
    pub fn no_text() -> Self {
        Self::new(
            FailureCode::NoText,
            "The file has no text that can be read. Check that it is the right file and that its pages are \
             not blank, then upload it again.",
        )
    }

    /// Its pages are pictures, and nothing that recognises words is installed.
    pub fn not_recognized() -> Self {
        Self::new(
            FailureCode::NoText,
            "The file is a scan, and this server has no text recognition (OCR). Upload a copy with recognised \
             text, or have tesseract installed.",
        )
    }

    pub(super) fn limit_exceeded(what: &str) -> Self {
        Self::new(
            FailureCode::LimitExceeded,
            format!(
                "{what}. Split it or save it anew from the program that made it, and upload that."
            ),
        )
    }

    pub(super) fn timed_out() -> Self {
        Self::new(
            FailureCode::TimedOut,
            "Reading the file takes too long. Split it into smaller files and upload those.",
        )
    }

    /// Its bytes are gone from where they were kept.
    pub fn lost() -> Self {
        Self::new(
            FailureCode::Lost,
            "The file's bytes are gone from where they were kept. Upload it again.",
        )
    }

    /// The reader fell over; trying again may help.
    pub fn crashed() -> Self {
        Self::new(
            FailureCode::Crashed,
            "The file could not be read because the reader failed on it. Save it anew, for example as PDF, \
             and upload that.",
        )
    }
}
