//! Pages of a list: `skip` and `limit` as the clients of the old backend send them, and an opaque
//! token that makes the ten-thousandth page cost what the first one costs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::metadata::MetadataValue;
use tonic::{Response, Status};

use crate::status::invalid;

/// The response metadata, and HTTP header, that names the next page.
pub const NEXT_PAGE_TOKEN: &str = "x-next-page-token";

/// The most rows that one page holds.
pub const MAX_LIMIT: i32 = 200;

/// Which rows are wanted. `K` is the key of the last row of the page before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K> {
    /// Rows to pass over. 0 where there is a token.
    pub skip: i64,
    /// Rows to return, 1 to [`MAX_LIMIT`].
    pub limit: i64,
    /// The key after which the page begins.
    pub after: Option<K>,
}

impl<K: DeserializeOwned> Page<K> {
    /// Reads the three fields of a list request.
    pub fn parse(
        skip: i32,
        limit: Option<i32>,
        default_limit: i32,
        token: &str,
    ) -> Result<Self, Status> {
        if skip < 0 {
            return Err(invalid("skip", format!("must be 0 or more, not {skip}")));
        }
        let limit = limit.unwrap_or(default_limit);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(invalid("limit", format!("must be from 1 to {MAX_LIMIT}, not {limit}")));
        }
        let after = (!token.is_empty()).then(|| decode(token)).transpose()?;
        let skip = if after.is_some() { 0 } else { i64::from(skip) };
        Ok(Self { skip, limit: i64::from(limit), after })
    }
}

impl<K> Page<K> {
    /// Whether so many rows fill the page, so that more may follow.
    pub fn is_full(&self, rows: usize) -> bool {
        i64::try_from(rows).is_ok_and(|rows| rows >= self.limit)
    }
}

fn decode<K: DeserializeOwned>(token: &str) -> Result<K, Status> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| invalid("page_token", "is not one that this list has handed out"))
}

/// Answers with a page, and with the key of its last row where more may follow.
pub fn respond<T, K: Serialize>(page: T, next: Option<K>) -> Result<Response<T>, Status> {
    let mut response = Response::new(page);
    if let Some(key) = next {
        let json = serde_json::to_vec(&key).map_err(|error| Status::internal(error.to_string()))?;
        let value = MetadataValue::try_from(URL_SAFE_NO_PAD.encode(json))
            .map_err(|error| Status::internal(error.to_string()))?;
        response.metadata_mut().insert(NEXT_PAGE_TOKEN, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_brings_back_its_key() {
        let response = respond((), Some((7, "id"))).unwrap();
        let token = response.metadata().get(NEXT_PAGE_TOKEN).unwrap().to_str().unwrap();
        let page = Page::<(i32, String)>::parse(30, None, 50, token).unwrap();
        assert_eq!(page, Page { skip: 0, limit: 50, after: Some((7, "id".to_owned())) });
    }

    #[test]
    fn out_of_range_and_foreign_tokens_are_refused() {
        for (skip, limit, token) in
            [(-1, None, ""), (0, Some(0), ""), (0, Some(201), ""), (0, None, "?")]
        {
            let refusal = Page::<i32>::parse(skip, limit, 50, token).unwrap_err();
            assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
        }
    }
}
