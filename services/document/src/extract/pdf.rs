//! PDF, page by page.

use std::ops::ControlFlow;

use unpdf::{
    Error, ErrorMode, ExtractionQuality, PageSelection, PageStreamOptions, ParseEvent,
    ParseOptions, PdfParser,
};

use super::{Extracted, Failure, FileType, PAGE_BREAK, clean, has_words};

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
    let quality = parser
        .for_each_page(page_by_page(), |event| {
            match event {
                ParseEvent::PageParsed(page) => pages.push(clean(&page.plain_text())),
                ParseEvent::PageFailed { page, .. } => failed.push(page),
                ParseEvent::DocumentStart { .. }
                | ParseEvent::Progress { .. }
                | ParseEvent::DocumentEnd { .. } => {}
            }
            ControlFlow::Continue(())
        })
        .map_err(|error| explain(&error))?;

    if let Some(detail) = loss(pages.len(), &failed, &quality) {
        return Err(Failure::damaged(&detail));
    }
    if !pages.iter().any(|page| has_words(page)) {
        // A file cut short loses the table of its parts, and may keep its pages without their words.
        return Err(match quality.xref_reconstructed {
            true => Failure::damaged("its table of contents is missing and no text can be found"),
            false => Failure::no_text(),
        });
    }
    let page_count = u32::try_from(pages.len()).ok();
    let text = pages.join(&PAGE_BREAK.to_string());
    Ok(Extracted { file_type: FileType::Pdf, reader: "unpdf".to_owned(), text, page_count })
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
