//! Text out of files, read by the document service's jailed process.

use std::io;
use std::path::{Path, PathBuf};

use elenchus_document::extract::{Extracted, Extractor, Failure, Limits};
use elenchus_document::recognize;
use elenchus_settings::{Env, Invalid};

/// The formats that can be read. Markdown is read as the text that it is.
const EXTENSIONS: [&str; 8] = ["pdf", "docx", "doc", "txt", "md", "rtf", "html", "eml"];

/// A file or folder that the check cannot go without.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It could not be opened or read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] Invalid),
    /// It has no text that can be had.
    #[error("cannot read {}: {problem}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
}

impl Unreadable {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// Reads files in a process of its own each.
pub(crate) struct Reader(Extractor);

impl Reader {
    pub(crate) fn new() -> Result<Self, Unreadable> {
        let program = std::env::current_exe()
            .map_err(|error| Unreadable::io(Path::new("elenchus"), error))?;
        let env = Env::of_process()?;
        let settings = recognize::Settings::from_env(&env)?;
        let extractor = Extractor::new(program, Limits::default());
        Ok(Self(extractor.with_poppler(settings.pdftotext())))
    }

    pub(crate) async fn read(&self, path: &Path) -> Result<Extracted, Unreadable> {
        let file = std::fs::File::open(path).map_err(|error| Unreadable::io(path, error))?;
        let extension = match extension(path).as_str() {
            "md" => "txt".to_owned(),
            extension => extension.to_owned(),
        };
        let outcome = self.0.extract(file, &extension).await;
        let unreadable = |failure: Failure| Unreadable::Content {
            path: path.to_owned(),
            problem: failure.message,
        };
        let read = outcome.map_err(|error| Unreadable::io(path, error))?.map_err(unreadable)?;
        // Its pages are pictures, which only the document service reads.
        let is_empty = read.text().trim().is_empty();
        if is_empty { Err(unreadable(Failure::not_recognized())) } else { Ok(read) }
    }
}

/// The readable files under a folder in the order of their names, without the brief itself. A file is the only
/// one.
pub(crate) fn files(folder: &Path, brief: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let brief = brief.canonicalize().unwrap_or_else(|_| brief.to_owned());
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| Unreadable::io(&folder, error);
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // A link may lead in a circle, so folders are entered by their own name only.
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(entry.path());
            } else if EXTENSIONS.contains(&extension(&entry.path()).as_str())
                && entry.path().canonicalize().ok().as_ref() != Some(&brief)
            {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}
