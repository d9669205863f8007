//! Word, old and new.

use std::io::Cursor;

use office_oxide::core::Error as PackageError;
use office_oxide::doc::DocError;
use office_oxide::docx::DocxError;
use office_oxide::limits::Limits;
use office_oxide::options::{Damage, DamageKind, ParseOptions};
use office_oxide::{Document, DocumentFormat, OfficeError};

use super::{Extracted, Failure, FileType, clean, has_words};

/// How the reader ends the words that it puts in place of what is nested too deeply for it.
const LEFT_OUT: &str = "not shown — document truncated]";

pub(super) fn read(
    bytes: Vec<u8>,
    file_type: FileType,
    format: DocumentFormat,
) -> Result<Extracted, Failure> {
    let mut options = ParseOptions::default();
    options.limits = Limits::strict();
    let document = Document::from_reader_with(Cursor::new(bytes), format, &options)
        .map_err(|error| explain(&error))?;
    if let Some(damage) = document.damage().into_iter().find(is_loss_of_text) {
        return Err(Failure::damaged_because("part of its text is missing", &damage));
    }
    let text = clean(&document.plain_text());
    if text.contains(LEFT_OUT) {
        return Err(Failure::limit_exceeded("The file is nested more deeply than a document is"));
    }
    if !has_words(&text) {
        return Err(Failure::no_text());
    }
    Ok(Extracted::whole(file_type, "office_oxide", text))
}

/// A picture that cannot be read takes no text with it.
fn is_loss_of_text(damage: &Damage) -> bool {
    let holds_text = |part: &str| {
        let part = part.trim_start_matches('/');
        part.starts_with("word/") && part.ends_with(".xml")
    };
    damage.kind == DamageKind::Truncated
        || damage.is_loss() && damage.part.as_deref().is_none_or(holds_text)
}

fn explain(error: &OfficeError) -> Failure {
    if matches!(error, OfficeError::Doc(DocError::Encrypted)) {
        return Failure::encrypted();
    }
    if let OfficeError::Core(cause) | OfficeError::Docx(DocxError::Core(cause)) = error
        && matches!(cause, PackageError::DecompressionLimit { .. } | PackageError::PackageLimit(_))
    {
        return Failure::limit_exceeded("The file unpacks to far more than a document holds");
    }
    Failure::damaged_because("it cannot be opened as a Word document", error)
}
