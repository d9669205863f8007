//! Documents and their passages as the service speaks of them.

use chrono::{DateTime, Utc};
use elenchus_idempotency::Unusable;
use elenchus_postgres::Failure;
use uuid::Uuid;

use crate::extract::Block;
use crate::legal::Detected;
use crate::storage::NotCopied;

/// A file of a user and what was read from it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Document {
    /// Its id.
    pub document_id: Uuid,
    /// Its owner.
    pub user_id: Uuid,
    /// The name to show.
    pub filename: String,
    /// The name that it came with.
    pub original_filename: String,
    /// What it is called: the name of a [`crate::extract::FileType`].
    pub file_type: String,
    /// Bytes.
    pub file_size: i64,
    /// SHA-256 of the bytes, in hex.
    pub content_hash: String,
    /// Where its bytes are.
    pub storage_key: String,
    /// `pending`, `processing`, `completed` or `failed`.
    pub status: String,
    /// What is being done.
    pub stage: String,
    /// Percent done.
    pub progress: f32,
    /// Why it failed, for people.
    pub error: String,
    /// Why it failed, for programs.
    pub error_code: String,
    /// What its owner must know of a file that was read although it is damaged. Empty otherwise.
    pub warning: String,
    /// Which reader read it.
    pub reader: String,
    /// Pages, where the format has them.
    pub page_count: i32,
    /// Characters of text.
    pub char_count: i32,
    /// Passages.
    pub chunk_count: i32,
    /// What it is, as the owner or its text says.
    pub category: String,
    /// Whose law the owner says it is about.
    pub jurisdiction: String,
    /// The field of law that the owner names.
    pub practice_area: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// The fields above that the owner set.
    pub edited: Vec<String>,
    /// What its text says of it.
    #[sqlx(json)]
    pub detected: Vec<Detected>,
    /// The model that gave a vector to each of its passages. Empty while one lacks it.
    pub embedded_by: String,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Document {
    /// Whether its processing is over.
    pub fn is_settled(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed")
    }

    /// The extension of the name that it came with, in lower case.
    pub fn extension(&self) -> String {
        extension(&self.original_filename)
    }
}

/// The extension of a file's name, in lower case and without its dot.
pub fn extension(filename: &str) -> String {
    filename.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default()
}

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Passage {
    /// Its id.
    pub chunk_id: Uuid,
    /// Its document.
    pub document_id: Uuid,
    /// Its place, from 0.
    pub chunk_index: i32,
    /// Its text.
    pub content: String,
    /// The page, from 1.
    pub page: Option<i32>,
    /// Where it starts, in characters.
    pub start_char: i32,
    /// Where it ends, exclusive.
    pub end_char: i32,
    /// The line of its page that it starts on, from 1; 0 where it was cut before lines were counted.
    pub line: i32,
    /// The headings that it stands under, the outermost first.
    pub section: Vec<String>,
    /// The innermost of them.
    pub heading: String,
    /// Its document's title.
    pub title: String,
    /// The sections that it cites.
    pub citations: Vec<String>,
    /// Whether its text was recovered from a damaged file.
    pub is_recovered: bool,
}

/// A page of a document's text.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PageText {
    /// Its number, from 1.
    pub page_number: i32,
    /// Where it starts in the document's text, in characters.
    pub start_char: i32,
    /// Its text.
    pub content: String,
    /// Where its text comes from.
    pub source: String,
    /// The size of its picture in pixels, where its words were recognised.
    pub width: i32,
    /// The size of its picture in pixels, where its words were recognised.
    pub height: i32,
    /// Seven numbers for each recognised word: start, end, left, top, right, bottom, percent of sureness.
    pub words: Vec<i32>,
    /// Its headings, tables and notes, where the format says which those are.
    #[sqlx(json)]
    pub blocks: Vec<Block>,
}

/// What an owner says of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// What it is.
    pub category: String,
    /// Whose law it is about.
    pub jurisdiction: String,
    /// The field of law.
    pub practice_area: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
}

impl Labels {
    /// The fields that the owner says something of.
    pub fn said(&self) -> Vec<&'static str> {
        let fields = [
            ("document_category", self.category.is_empty()),
            ("jurisdiction", self.jurisdiction.is_empty()),
            ("practice_area", self.practice_area.is_empty()),
            ("keywords", self.keywords.is_empty()),
        ];
        fields.into_iter().filter(|(_, is_unsaid)| !is_unsaid).map(|(field, _)| field).collect()
    }

    const MAX_CHARS: usize = 100;
    const MAX_KEYWORDS: usize = 50;

    /// Checks what an owner says.
    pub fn check(self) -> Result<Self, Error> {
        for (field, value) in [
            ("document_category", &self.category),
            ("jurisdiction", &self.jurisdiction),
            ("practice_area", &self.practice_area),
        ] {
            check_text(field, value, 0, Self::MAX_CHARS)?;
        }
        if self.keywords.len() > Self::MAX_KEYWORDS {
            let problem =
                format!("must be at most {}, not {}", Self::MAX_KEYWORDS, self.keywords.len());
            return Err(Error::invalid("keywords", problem));
        }
        for keyword in &self.keywords {
            check_text("keywords", keyword, 1, Self::MAX_CHARS)?;
        }
        Ok(self)
    }
}

/// Checks the length of a text, and that it can be stored.
pub fn check_text(field: &'static str, text: &str, least: usize, most: usize) -> Result<(), Error> {
    if text.contains('\0') {
        return Err(Error::invalid(field, "must not hold the character U+0000"));
    }
    let chars = text.chars().count();
    if (least..=most).contains(&chars) {
        return Ok(());
    }
    Err(Error::invalid(field, format!("must be {least} to {most} characters, not {chars}")))
}

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Absent, or someone else's.
    #[error("document not found")]
    NotFound,
    /// A field that the client can mend.
    #[error("{problem}")]
    Invalid {
        /// Its name.
        field: &'static str,
        /// What it must be.
        problem: String,
    },
    /// There is nothing to try again.
    #[error("only a document whose processing failed can be retried")]
    NotFailed,
    /// Its format has none.
    #[error("only a PDF has pages that can be shown")]
    NoPages,
    /// It waits to be read, or cannot be.
    #[error("the document has not been read, so that nothing of it can be shown")]
    NotRead,
    /// A page that a document does not have.
    #[error("the document has no page {page}; its last is page {pages}")]
    NoSuchPage {
        /// What was asked for.
        page: i32,
        /// How many there are.
        pages: i32,
    },
    /// A page that is too large or too intricate, or broken.
    #[error("page {page} cannot be drawn")]
    NotDrawn {
        /// The page.
        page: i32,
    },
    /// A program that this takes.
    #[error("pages cannot be shown here, as {program} (poppler-utils) is not installed")]
    NotInstalled {
        /// Its name.
        program: &'static str,
    },
    /// More bytes than a file may have.
    #[error("the file is larger than the {limit} bytes that are allowed")]
    TooLarge {
        /// The most.
        limit: u64,
    },
    /// Bytes that a file does not have.
    #[error("the range lies beyond the {size} bytes of the file")]
    BeyondEnd {
        /// Its bytes.
        size: u64,
    },
    /// A format that is not taken.
    #[error("files of this type are not taken; upload one of {allowed}")]
    Unsupported {
        /// What is taken.
        allowed: String,
    },
    /// The bytes could not be kept or had.
    #[error("the files cannot be reached right now")]
    Files(#[from] object_store::Error),
    /// The call's `Idempotency-Key` cannot be used for it.
    #[error(transparent)]
    Key(#[from] Unusable),
    /// This machine failed.
    #[error("a file or a program of this machine failed")]
    Machine(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Failure),
}

impl From<NotCopied> for Error {
    fn from(error: NotCopied) -> Self {
        match error {
            NotCopied::Files(error) => Self::Files(error),
            NotCopied::Local(error) => Self::Machine(error),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Error {
    /// A field that is not as it must be.
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }
}
