//! PDF, page by page.

use std::ops::ControlFlow;

use unpdf::{
    Error, ErrorMode, ExtractionQuality, FieldType, FormField, PageSelection, PageStreamOptions,
    ParseEvent, ParseOptions, PdfParser,
};

use super::{Extracted, Failure, FileType, Page, Source, clean, has_words};

/// The mark that every whole file ends with, give or take what was sent after it.
const END_MARK: &[u8] = b"%%EOF";
const END_WITHIN: usize = 4096;

pub(super) fn read(bytes: &[u8]) -> Result<Extracted, Failure> {
    let tail = &bytes[bytes.len().saturating_sub(END_WITHIN)..];
    // The reader would repair what it can and leave out the rest without a word.
    if !tail.windows(END_MARK.len()).any(|window| window == END_MARK) {
        return Err(Failure::damaged("it stops before its end"));
    }
    let parser = PdfParser::from_bytes_with_options(bytes, ParseOptions::new().sequential())
        .map_err(|error| explain(&error))?;
    let mut pages = Vec::new();
    let mut failed = Vec::new();
    let mut form = String::new();
    let quality = parser
        .for_each_page(page_by_page(), |event| {
            match event {
                ParseEvent::PageParsed(page) => pages.push(clean(&page.plain_text())),
                ParseEvent::PageFailed { page, .. } => failed.push(page),
                ParseEvent::DocumentStart { form_fields, .. } => form = filled_in(&form_fields),
                ParseEvent::Progress { .. } | ParseEvent::DocumentEnd { .. } => {}
            }
            ControlFlow::Continue(())
        })
        .map_err(|error| explain(&error))?;

    if let Some(detail) = loss(pages.len(), &failed, &quality) {
        return Err(Failure::damaged(&detail));
    }
    // A file cut short loses the table of its parts, and may keep its pages without their words.
    if quality.xref_reconstructed && !pages.iter().any(|page| has_words(page)) {
        return Err(Failure::damaged("its table of contents is missing and no text can be found"));
    }
    let mut pages: Vec<Page> = pages.into_iter().map(page).collect();
    if has_words(&form) {
        pages.push(Page { text: form, source: Source::Form, blocks: Vec::new() });
    }
    let (reader, warning) = ("unpdf".to_owned(), String::new());
    Ok(Extracted { file_type: FileType::Pdf, reader, pages, is_paged: true, warning })
}

/// What is filled in to the fields of a form, a line each. The reader does not say on which page.
fn filled_in(fields: &[FormField]) -> String {
    let is_written = |field: &&FormField| {
        matches!(field.field_type, FieldType::Text | FieldType::Dropdown | FieldType::ListBox)
    };
    let values: Vec<String> =
        fields.iter().filter(is_written).map(FormField::display_value).collect();
    clean(&values.join("\n"))
}

/// A page without words is a picture until it was looked at.
fn page(text: String) -> Page {
    let source = if has_words(&text) { Source::Text } else { Source::Scan };
    Page { text, source, blocks: Vec::new() }
}

/// Every field is named, because the default asks for a thread pool.
fn page_by_page() -> PageStreamOptions {
    PageStreamOptions {
        error_mode: ErrorMode::Lenient,
        extract_text: true,
        extract_resources: false,
        min_image_dimension: 0,
        pages: PageSelection::All,
        password: None,
        parallel: false,
        suppress_low_confidence_ocr: true,
        window_size: 1,
        emit_progress_every: u32::MAX,
    }
}

/// What the file once held and the text does not. A quote from a text with holes may mislead.
fn loss(read: usize, failed: &[u32], quality: &ExtractionQuality) -> Option<String> {
    if read + failed.len() == 0 {
        return Some("no page of it can be found".to_owned());
    }
    if let Some(page) = failed.first() {
        return Some(format!("page {page} cannot be read"));
    }
    if quality.pages_incomplete {
        return Some(match quality.declared_page_count {
            Some(declared) => format!("only {read} of its {declared} pages can be found"),
            None => "some of its pages cannot be found".to_owned(),
        });
    }
    (quality.undecodable_content_streams > 0)
        .then(|| "some of its content cannot be unpacked".to_owned())
}

fn explain(error: &Error) -> Failure {
    if matches!(error, Error::Encrypted | Error::InvalidPassword) {
        return Failure::encrypted();
    }
    Failure::damaged_because("it cannot be opened as PDF", error)
}
