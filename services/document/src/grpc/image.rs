//! The picture of a page, with what HTTP says of it beside.

use elenchus_proto::google::api::HttpBody;
use elenchus_rpc::etag;
use elenchus_rpc::status::from_error;
use futures_util::stream;
use tonic::metadata::MetadataMap;
use tonic::{Response, Status};

use super::content::put;
use super::stream::Answers;
use crate::domain::Document;
use crate::viewer::Viewer;

/// Bytes in one message.
const PART: usize = 512 << 10;
/// Whoever keeps it asks each time whether it may still be seen.
const KEPT_BY_ITS_READER: &str = "private, no-cache";

/// Draws a page, unless the caller has its picture.
pub(super) async fn image(
    viewer: &Viewer,
    document: &Document,
    page: i32,
    width: i32,
    asked: &MetadataMap,
) -> Result<Response<Answers<HttpBody>>, Status> {
    viewer.check(document, page).map_err(from_error)?;
    let tag = format!("\"{}-{page}-{width}\"", document.content_hash);
    let picture = match etag::is_known(asked.as_ref(), &tag) {
        true => Vec::new(),
        false => viewer.draw(document, page, width).await.map_err(from_error)?,
    };
    let length = picture.len();
    let mut parts = vec![HttpBody { content_type: "image/png".to_owned(), ..HttpBody::default() }];
    parts.extend(
        picture.chunks(PART).map(|data| HttpBody { data: data.to_vec(), ..HttpBody::default() }),
    );
    let body: Answers<HttpBody> = Box::pin(stream::iter(parts.into_iter().map(Ok)));
    let mut response = Response::new(body);
    let metadata = response.metadata_mut();
    put(metadata, "etag", &tag);
    put(metadata, "cache-control", KEPT_BY_ITS_READER);
    // `content-length` itself would speak of the framed stream.
    put(metadata, "x-content-length", &length.to_string());
    Ok(response)
}
