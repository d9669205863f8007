//! A corpus: documents with their true text, and questions with the words that answer them.
//!
//! `manifest.json` describes the files in `dev/`; `truth/NAME.txt` is the text that `dev/NAME` holds,
//! taken from it by other programs.

use std::path::{Path, PathBuf};

use elenchus_process::StartError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The manifest, and where its files are.
pub(super) struct Corpus {
    folder: PathBuf,
    pub(super) documents: Vec<Document>,
    pub(super) questions: Vec<Question>,
    pub(super) malformed: Vec<Malformed>,
}

#[derive(Deserialize)]
struct Manifest {
    documents: Vec<Document>,
    #[serde(rename = "queries", default)]
    questions: Vec<Question>,
    #[serde(default)]
    malformed: Vec<Malformed>,
}

/// A file that can be read.
#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) file: String,
    /// Phrases that its text must hold.
    #[serde(default)]
    pub(super) must_contain: Vec<String>,
    /// Whether its pages are pictures.
    #[serde(default)]
    pub(super) needs_ocr: bool,
}

/// A question and the words that answer it.
#[derive(Deserialize)]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) query: String,
    /// The documents that answer it; none when the corpus does not.
    pub(super) relevant: Vec<String>,
    pub(super) answer: Option<String>,
}

/// A file that cannot be read, or only in part.
#[derive(Deserialize)]
pub(super) struct Malformed {
    pub(super) file: String,
}

impl Corpus {
    /// Reads the manifest of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, StartError> {
        let Manifest { documents, questions, malformed } = parse(&folder.join("manifest.json"))?;
        Ok(Self { folder: folder.to_owned(), documents, questions, malformed })
    }

    /// Asks the questions of a file instead of its own: a list of them, as in the manifest.
    pub(super) fn ask(&mut self, file: &Path) -> Result<(), StartError> {
        self.questions = parse(file)?;
        Ok(())
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, file: &str) -> Result<Vec<u8>, StartError> {
        let path = self.folder.join("dev").join(file);
        std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    /// The text that a file holds.
    pub(super) fn truth(&self, file: &str) -> Result<String, StartError> {
        let path = self.folder.join("truth").join(format!("{file}.txt"));
        std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()).into())
    }
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, StartError> {
    let refused = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let json = std::fs::read(path).map_err(|error| refused(&error))?;
    Ok(serde_json::from_slice(&json).map_err(|error| refused(&error))?)
}
