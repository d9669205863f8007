//! The bytes of a file, all of them or the part that was asked for, with what HTTP says of them beside.

use std::fmt::Write;
use std::ops::Range;

use elenchus_proto::google::api::HttpBody;
use elenchus_rpc::status::from_error;
use futures_util::{StreamExt, stream};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Response, Status};

use super::stream::Answers;
use crate::domain::{Document, Error};
use crate::extract::FileType;
use crate::range::Wanted;

/// The characters that RFC 8187 lets stand for themselves, letters and digits aside.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Streams the bytes that the request's `range` and `if-range` ask for.
pub(super) async fn content(
    files: &dyn ObjectStore,
    document: &Document,
    asked: &MetadataMap,
) -> Result<Response<Answers<HttpBody>>, Status> {
    let size = u64::try_from(document.file_size).unwrap_or_default();
    let tag = format!("\"{}\"", document.content_hash);
    let range = match wanted(asked, &tag, size) {
        Wanted::All => None,
        Wanted::Part(range) => Some(range),
        Wanted::Beyond => {
            let mut status = from_error(Error::BeyondEnd { size });
            put(status.metadata_mut(), "content-range", &format!("bytes */{size}"));
            return Err(status);
        }
    };
    let mut response = Response::new(bytes(files, document, range.clone()).await?);
    let metadata = response.metadata_mut();
    put(metadata, "accept-ranges", "bytes");
    put(metadata, "etag", &tag);
    put(metadata, "content-disposition", &disposition(&document.filename));
    let length = range.as_ref().map_or(size, |range| range.end - range.start);
    // `content-length` itself would speak of the framed stream.
    put(metadata, "x-content-length", &length.to_string());
    if let Some(range) = range {
        let value = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        put(metadata, "content-range", &value);
    }
    Ok(response)
}

/// A range of another version of the file would not fit the bytes that the caller has.
fn wanted(asked: &MetadataMap, tag: &str, size: u64) -> Wanted {
    let value = |name| asked.get(name).and_then(|value| value.to_str().ok());
    match (value("range"), value("if-range")) {
        (Some(range), None) => Wanted::parse(range, size),
        (Some(range), Some(known)) if known.trim() == tag => Wanted::parse(range, size),
        (Some(_), Some(_)) | (None, _) => Wanted::All,
    }
}

async fn bytes(
    files: &dyn ObjectStore,
    document: &Document,
    range: Option<Range<u64>>,
) -> Result<Answers<HttpBody>, Status> {
    let kind: Option<FileType> = document.file_type.parse().ok();
    let content_type = kind.map_or("application/octet-stream", FileType::content_type);
    let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
    let file = files.get_opts(&Path::from(document.storage_key.as_str()), options).await;
    let file = file.map_err(|error| from_error(Error::Files(error)))?.into_stream();
    // An empty file is one empty body, so that its type is told too.
    let head = stream::iter([Ok(HttpBody {
        content_type: content_type.to_owned(),
        ..HttpBody::default()
    })]);
    let body = file.map(|part| match part {
        Ok(data) => Ok(HttpBody { data: data.to_vec(), ..HttpBody::default() }),
        Err(error) => Err(from_error(Error::Files(error))),
    });
    Ok(Box::pin(head.chain(body)))
}

/// Saves the file under its name (RFC 6266): as it is for those who read RFC 8187, and in ASCII.
fn disposition(filename: &str) -> String {
    let plain = |c: char| match c {
        ' '..='~' if !matches!(c, '"' | '\\' | '%') => c,
        _ => '_',
    };
    let fallback: String = filename.chars().map(plain).collect();
    let mut value = format!("attachment; filename=\"{fallback}\"");
    if fallback != filename {
        let _ = write!(value, "; filename*=UTF-8''{}", utf8_percent_encode(filename, ENCODED));
    }
    value
}

pub(super) fn put(metadata: &mut MetadataMap, name: &'static str, value: &str) {
    if let Ok(value) = MetadataValue::try_from(value) {
        metadata.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_whole_and_ends_no_header() {
        assert_eq!(disposition("lease.pdf"), "attachment; filename=\"lease.pdf\"");
        assert_eq!(
            disposition("Müller \"v\" 50%\r\nX: y.pdf"),
            "attachment; filename=\"M_ller _v_ 50___X: y.pdf\"; \
             filename*=UTF-8''M%C3%BCller%20%22v%22%2050%25%0D%0AX%3A%20y.pdf"
        );
    }
}
