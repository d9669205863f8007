//! Between what the domain speaks of and what the protos carry, and what a caller may know of errors.

use std::time::Duration;

use chrono::{DateTime, Utc};
use elenchus_proto::json;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_rpc::status::Classify;
use prost_types::Timestamp;
use serde_json::{Map, Value};
use tonic::Code;

use crate::domain::{Document, Error, PageText, Passage};
use crate::extract::Block;
use crate::legal::{Cited, Detected};
use crate::search::{Found, Hit};
use crate::viewer::Area;

/// When to try again what needs files that cannot be reached.
const FILES_PAUSE: Duration = Duration::from_secs(5);

impl Classify for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotFound | Self::NoSuchPage { .. } => Code::NotFound,
            Self::Invalid { .. } | Self::Unsupported { .. } => Code::InvalidArgument,
            Self::NotFailed | Self::NoPages | Self::NotRead | Self::NotDrawn { .. } => {
                Code::FailedPrecondition
            }
            Self::NotInstalled { .. } => Code::Unimplemented,
            Self::TooLarge { .. } | Self::BeyondEnd { .. } => Code::OutOfRange,
            Self::Files(object_store::Error::NotFound { .. }) | Self::Machine(_) => Code::Internal,
            Self::Files(_) => Code::Unavailable,
            Self::Key(unusable) => unusable.code(),
            Self::Store(failure) => failure.code(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "DOCUMENT_NOT_FOUND",
            Self::Invalid { .. } => "INVALID_FIELD",
            Self::NotFailed => "NOT_FAILED",
            Self::NoPages => "NO_PAGES",
            Self::NotRead => "NOT_READ",
            Self::NoSuchPage { .. } => "PAGE_NOT_FOUND",
            Self::NotDrawn { .. } => "PAGE_NOT_DRAWN",
            Self::NotInstalled { .. } => "NOT_INSTALLED",
            Self::Machine(_) => "MACHINE_FAILED",
            Self::Unsupported { .. } => "UNSUPPORTED_FILE_TYPE",
            Self::TooLarge { .. } => "FILE_TOO_LARGE",
            Self::BeyondEnd { .. } => "RANGE_NOT_SATISFIABLE",
            Self::Files(object_store::Error::NotFound { .. }) => "FILE_LOST",
            Self::Files(_) => "FILES_UNAVAILABLE",
            Self::Key(unusable) => unusable.reason(),
            Self::Store(failure) => failure.reason(),
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::Key(unusable) => unusable.field(),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Files(_) => Some(FILES_PAUSE),
            Self::Key(unusable) => unusable.retry_after(),
            Self::Store(failure) => failure.retry_after(),
            _ => None,
        }
    }
}

fn time(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: at.timestamp_subsec_nanos().cast_signed() })
}

impl From<Document> for pb::Document {
    fn from(document: Document) -> Self {
        Self {
            id: document.document_id.to_string(),
            user_id: document.user_id.to_string(),
            filename: document.filename,
            original_filename: document.original_filename,
            file_type: document.file_type,
            file_size: i32::try_from(document.file_size).unwrap_or(i32::MAX),
            content_hash: document.content_hash,
            processing_status: document.status,
            processing_error: document.error,
            processing_error_code: document.error_code,
            processing_warning: document.warning,
            reader: document.reader,
            page_count: document.page_count,
            char_count: document.char_count,
            chunk_count: document.chunk_count,
            document_category: document.category,
            jurisdiction: document.jurisdiction,
            practice_area: document.practice_area,
            keywords: document.keywords,
            edited_fields: document.edited,
            detected: document.detected.into_iter().map(Into::into).collect(),
            embedding_model: document.embedded_by,
            created_at: time(document.created_at),
            updated_at: time(document.updated_at),
        }
    }
}

impl From<Detected> for pb::DetectedLabel {
    fn from(detected: Detected) -> Self {
        Self {
            field: detected.field,
            value: detected.value,
            confidence: detected.confidence,
            start_char: detected.start_char,
            end_char: detected.end_char,
            source: detected.source.as_str().to_owned(),
        }
    }
}

impl From<Cited> for pb::LegalCitation {
    fn from(cited: Cited) -> Self {
        Self {
            kind: cited.kind,
            content: cited.content,
            normalized: cited.normalized,
            case_name: cited.case_name,
            court: cited.court,
            year: cited.year,
            start_char: cited.start_char,
            end_char: cited.end_char,
        }
    }
}

impl From<Passage> for pb::Chunk {
    fn from(passage: Passage) -> Self {
        let mut metadata = Map::new();
        if !passage.heading.is_empty() {
            metadata.insert("heading".to_owned(), Value::String(passage.heading));
        }
        if !passage.section.is_empty() {
            metadata.insert("section".to_owned(), passage.section.into());
        }
        if passage.line > 0 {
            metadata.insert("line".to_owned(), passage.line.into());
        }
        Self {
            id: passage.chunk_id.to_string(),
            document_id: passage.document_id.to_string(),
            chunk_index: passage.chunk_index,
            content: passage.content,
            page: passage.page,
            start_char: passage.start_char,
            end_char: passage.end_char,
            is_recovered: passage.is_recovered,
            metadata: json::to_struct(Value::Object(metadata)),
        }
    }
}

impl From<PageText> for pb::Page {
    fn from(page: PageText) -> Self {
        let start = page.start_char;
        let words = page.words.chunks_exact(7).map(|word| pb::Word {
            start_char: start + word[0],
            end_char: start + word[1],
            left: word[2],
            top: word[3],
            right: word[4],
            bottom: word[5],
            confidence: word[6],
        });
        Self {
            page: page.page_number,
            source: page.source,
            start_char: start,
            end_char: start + i32::try_from(page.content.chars().count()).unwrap_or(i32::MAX),
            width: page.width,
            height: page.height,
            words: words.collect(),
            blocks: page.blocks.into_iter().map(|block| of_block(start, &block)).collect(),
            content: page.content,
        }
    }
}

impl From<Found> for pb::SearchDocumentsResponse {
    fn from(found: Found) -> Self {
        let number = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            results: found.hits.into_iter().map(Into::into).collect(),
            embedding_model: found.model.unwrap_or_default(),
            passage_count: number(found.coverage.passages),
            embedded_passage_count: number(found.coverage.embedded),
        }
    }
}

/// A part of the page that starts at `start`.
fn of_block(start: i32, block: &Block) -> pb::Block {
    pb::Block {
        kind: block.kind.as_str().to_owned(),
        level: block.level,
        start_char: start + block.start,
        end_char: start + block.end,
    }
}

impl From<Area> for pb::Box {
    fn from(area: Area) -> Self {
        // A hundred-thousandth of a page is less than a pixel of any picture of it.
        let [left, top, right, bottom] = area.at.map(|part| (part * 1e5).round() / 1e5);
        let (page, start_char, end_char) = (area.page, area.start_char, area.end_char);
        Self { page, start_char, end_char, left, top, right, bottom }
    }
}

impl From<Hit> for pb::SearchResult {
    fn from(hit: Hit) -> Self {
        Self {
            document_id: hit.passage.document_id.to_string(),
            chunk_id: hit.passage.chunk_id.to_string(),
            filename: hit.filename,
            content: hit.passage.content,
            page: hit.passage.page,
            start_char: hit.passage.start_char,
            end_char: hit.passage.end_char,
            is_recovered: hit.passage.is_recovered,
            score: hit.score,
            relevance: hit.relevance,
        }
    }
}
