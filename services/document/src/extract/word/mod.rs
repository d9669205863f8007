//! Word, old and new.

mod counting;
mod definitions;
mod number_format;
mod structure;

use std::io::Cursor;
use std::sync::Arc;

use office_oxide::core::Error as PackageError;
use office_oxide::core::opc::OpcReader;
use office_oxide::core::relationships::rel_types;
use office_oxide::doc::DocError;
use office_oxide::docx::DocxError;
use office_oxide::limits::Limits;
use office_oxide::options::{Damage, DamageKind, ParseOptions};
use office_oxide::{Document, DocumentFormat, OfficeError};

use self::counting::Counting;
use self::definitions::Definitions;
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
    let bytes: Arc<[u8]> = bytes.into();
    let document = Document::from_reader_with(Cursor::new(Arc::clone(&bytes)), format, &options)
        .map_err(|error| explain(&error))?;
    if let Some(damage) = document.damage().into_iter().find(is_loss_of_text) {
        return Err(Failure::damaged_because("part of its text is missing", &damage));
    }
    let text = match document.as_docx() {
        Some(docx) => structure::text(docx, Counting::new(lists(bytes))),
        None => document.plain_text(),
    };
    let text = clean(&text);
    if text.contains(LEFT_OUT) {
        return Err(Failure::limit_exceeded("The file is nested more deeply than a document is"));
    }
    if !has_words(&text) {
        return Err(Failure::no_text());
    }
    Ok(Extracted::whole(file_type, "office_oxide", &text))
}

/// The lists that a document defines; none where it has none.
fn lists(bytes: Arc<[u8]>) -> Definitions {
    let part = || {
        let mut package = OpcReader::new(Cursor::new(bytes)).ok()?;
        let main = package.main_document_part().ok()?;
        let relations = package.read_rels_for(&main).ok()?;
        let target = &relations.first_by_type(rel_types::NUMBERING)?.target;
        package.read_part(&main.resolve_relative(target).ok()?).ok()
    };
    part().map(|xml| Definitions::parse(&xml)).unwrap_or_default()
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
