//! The refresh token in a cookie that no script can read, for pages that ask for it with
//! `x-refresh-token: cookie` when they sign in. It knows the messages that carry the token.

use bytes::Bytes;
use elenchus_proto::pb::auth::v1 as pb;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use prost::Message;
use tonic::Status;

use crate::call::{FRAME_HEADER, frame, seal};

/// The header by which a page asks for the cookie.
const ASKING: &str = "x-refresh-token";
/// Bound to this very host, so that no neighbour in the domain can put another in its place.
const NAME: &str = "__Host-elenchus-refresh";
/// Longer than sessions live by default. The auth service decides when one has ended.
const MAX_AGE_SECONDS: u32 = 30 * 24 * 3600;

/// What the methods of a session do with the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Opens,
    Completes,
    Returns,
    Refreshes,
    Closes,
}

/// One request's dealings with the cookie.
pub(crate) struct RefreshCookie {
    part: Part,
    /// The token of the cookie that came.
    given: Option<String>,
    is_asked_for: bool,
}

impl RefreshCookie {
    /// Of a request for this method. None where the method has nothing to do with it.
    pub(crate) fn of(method: &str, headers: &HeaderMap) -> Option<Self> {
        let part = match method {
            "elenchus.auth.v1.AuthService.Login" => Part::Opens,
            "elenchus.auth.v1.SecondFactorService.CompleteLogin" => Part::Completes,
            "elenchus.auth.v1.OidcService.CompleteOidcLogin" => Part::Returns,
            "elenchus.auth.v1.AuthService.Refresh" => Part::Refreshes,
            "elenchus.auth.v1.AuthService.Logout" => Part::Closes,
            _ => return None,
        };
        let is_asked_for = headers.get(ASKING).is_some_and(|value| value == "cookie");
        Some(Self { part, given: cookie(headers, NAME), is_asked_for })
    }

    /// Puts the cookie's token into a request for a refresh that has none of its own.
    pub(crate) fn fill(&mut self, message: Bytes) -> Result<Bytes, Status> {
        let Some(token) = self.given.take().filter(|_| self.part == Part::Refreshes) else {
            return Ok(message);
        };
        let body = message.slice(FRAME_HEADER.min(message.len())..);
        let mut request = pb::RefreshRequest::decode(body).map_err(|_| unreadable())?;
        if !request.refresh_token.is_empty() {
            return Ok(message);
        }
        // Whoever keeps the token in the cookie gets the next one there too.
        self.is_asked_for = true;
        request.refresh_token = token;
        let mut framed = frame();
        request.encode(&mut framed).map_err(|_| unreadable())?;
        seal(framed)
    }

    /// Moves the token of an answer into the cookie where that was asked for.
    pub(crate) fn take(&self, message: Bytes) -> Result<(Bytes, Option<HeaderValue>), Status> {
        if self.part == Part::Closes {
            return Ok((message, set(NAME, "", "Strict", 0)));
        }
        if !self.is_asked_for {
            return Ok((message, None));
        }
        let (token, message) = match self.part {
            Part::Opens => parted::<pb::LoginResponse>(message, |it| &mut it.refresh_token)?,
            Part::Completes => {
                parted::<pb::CompleteLoginResponse>(message, |it| &mut it.refresh_token)?
            }
            Part::Returns => {
                parted::<pb::CompleteOidcLoginResponse>(message, |it| &mut it.refresh_token)?
            }
            Part::Refreshes | Part::Closes => {
                parted::<pb::RefreshResponse>(message, |it| &mut it.refresh_token)?
            }
        };
        // None where a second factor is still wanting.
        let header =
            if token.is_empty() { None } else { set(NAME, &token, "Strict", MAX_AGE_SECONDS) };
        Ok((message, header))
    }
}

/// The token of an answer, and the answer without it.
fn parted<M: Message + Default>(
    message: Bytes,
    token: impl FnOnce(&mut M) -> &mut String,
) -> Result<(String, Bytes), Status> {
    let mut answer = M::decode(message).map_err(|_| unreadable())?;
    let token = std::mem::take(token(&mut answer));
    Ok((token, answer.encode_to_vec().into()))
}

fn unreadable() -> Status {
    Status::internal("a message of a session cannot be read")
}

/// The value of a cookie. None where two of one name came: one of them is a stranger's.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(given, _)| *given == name)
        .map(|(_, value)| value.to_owned());
    let first = values.next().filter(|value| !value.is_empty())?;
    values.next().is_none().then_some(first)
}

/// A cookie that only this host gets, over TLS or on this machine, and no script.
pub(crate) fn set(name: &str, value: &str, same_site: &str, seconds: u32) -> Option<HeaderValue> {
    let text = format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={seconds}"
    );
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}
