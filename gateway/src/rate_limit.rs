//! How often one client may call. A client is the user that a token names, or else an address.
//!
//! The gateway does not check tokens, so a made-up one could open an allowance of its own. Every
//! token that a service refuses is therefore charged to its address, and an address that has used
//! up that allowance is no longer believed: its requests count for the address, whatever they name.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use elenchus_cache::{Allowed, Cache, Quota};
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::problem::Problem;
use crate::settings::Rate;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
/// How long an address that sent too many bad tokens is not believed.
const DISTRUST: Duration = Duration::from_secs(60);
/// Addresses that are remembered as such.
const MOST_DISTRUSTED: usize = 10_000;

/// Counts requests by client.
pub(crate) struct RateLimit {
    rate: Rate,
    cache: Cache,
    distrusted: Mutex<HashMap<IpAddr, Instant>>,
}

/// What a request took of its client's allowance.
pub(crate) struct Verdict {
    headers: HeaderMap,
    /// Whether it was charged to the user that its token names.
    is_by_token: bool,
}

impl Verdict {
    /// What the client is told of its allowance.
    pub(crate) fn headers(self) -> HeaderMap {
        self.headers
    }
}

impl RateLimit {
    pub(crate) fn new(rate: Rate, cache: Cache) -> Self {
        Self { rate, cache, distrusted: Mutex::default() }
    }

    /// Charges a request to its client, or refuses it.
    pub(crate) async fn take(
        &self,
        context: &Context,
        headers: &HeaderMap,
    ) -> Result<Verdict, Problem> {
        if self.rate.per_minute == 0 {
            return Ok(Verdict { headers: HeaderMap::new(), is_by_token: false });
        }
        let address = network(context.client);
        let subject = if self.is_distrusted(address) { None } else { subject(headers) };
        let is_by_token = subject.is_some();
        let key = subject.unwrap_or_else(|| format!("address:{address}"));
        let taken = self.charge(&key).await;
        let told = self::headers(taken, self.rate);
        if taken.is_granted {
            return Ok(Verdict { headers: told, is_by_token });
        }
        let problem =
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests; try again later");
        Err(told.into_iter().fold(problem, |problem, (name, value)| match name {
            Some(name) => problem.with_header(name, Some(value)),
            None => problem,
        }))
    }

    /// Charges a token that turned out to be bad to the address that it came from.
    pub(crate) async fn note_bad_credential(&self, context: &Context, verdict: &Verdict) {
        if !verdict.is_by_token {
            return;
        }
        let address = network(context.client);
        if self.charge(&format!("address:{address}")).await.is_granted {
            return;
        }
        let mut distrusted = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        if distrusted.len() >= MOST_DISTRUSTED {
            distrusted.retain(|_, since| since.elapsed() < DISTRUST);
        }
        if distrusted.len() < MOST_DISTRUSTED {
            distrusted.insert(address, Instant::now());
        }
    }

    async fn charge(&self, key: &str) -> Allowed {
        let Rate { per_minute, burst } = self.rate;
        self.cache.take(key, Quota { per_minute, burst }).await
    }

    fn is_distrusted(&self, address: IpAddr) -> bool {
        let distrusted = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        distrusted.get(&address).is_some_and(|since| since.elapsed() < DISTRUST)
    }
}

/// An allowance, as clients are told of it.
fn headers(taken: Allowed, rate: Rate) -> HeaderMap {
    let seconds = u64::try_from(taken.wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
    let seconds = HeaderValue::from(seconds.max(1));
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(LIMIT, HeaderValue::from(rate.per_minute));
    headers.insert(REMAINING, HeaderValue::from(taken.remaining));
    headers.insert(RESET, seconds.clone());
    if !taken.is_granted {
        headers.insert(RETRY_AFTER, seconds);
    }
    headers
}

/// A user of the token that a request carries, whether the token is good or not.
fn subject(headers: &HeaderMap) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let claims = token.split('.').nth(1).filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
    let claims: Claims =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    // Hashed, so that the cache holds no user's id, nor text of a client's choice and length.
    let hash = Sha256::digest(claims.sub.as_bytes());
    Some(format!("user:{}", BASE64_URL_SAFE_NO_PAD.encode(&hash[..16])))
}

/// An address, or the network that one IPv6 customer usually has whole.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}
