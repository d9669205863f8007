//! The issuer over HTTP: what it offers, its keys, and the trade of a code for an ID token. Nothing is
//! asked of anybody but the issuer that the operator named and the places that it names; no redirect
//! is followed, no answer is awaited long or read far.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use moka::future::Cache;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::attempt::Attempt;
use super::id_token::{Expected, Rejected, verify};
use super::settings::{Settings, is_protected};
use crate::domain::{Error, Identity};

const PATIENCE: Duration = Duration::from_secs(5);
const LARGEST_ANSWER: usize = 256 << 10;
/// How long what the issuer published is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(3600);
/// An unknown key is looked for no more often.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The one issuer.
pub(crate) struct Provider {
    settings: Settings,
    http: reqwest::Client,
    metadata: Cache<(), Arc<Metadata>>,
    keys: Cache<(), Arc<Keys>>,
}

/// What the issuer offers.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

struct Keys {
    set: JwkSet,
    fetched_at: Instant,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// Why the issuer's answer cannot be used. Holds nothing of the answer.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("the issuer cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the issuer answered with status {0}")]
    Status(u16),
    #[error("the issuer's answer is larger than {LARGEST_ANSWER} bytes")]
    TooLarge,
    #[error("the issuer's answer is not the JSON that it should be")]
    Malformed,
    #[error(
        "the issuer calls itself by another name than OIDC_ISSUER, or names unprotected places"
    )]
    OtherIssuer,
}

impl From<reqwest::Error> for Unusable {
    fn from(error: reqwest::Error) -> Self {
        // A URL may hold what is nobody's business.
        Self::Unreachable(error.without_url())
    }
}

impl Provider {
    pub(super) fn new(settings: Settings) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .connect_timeout(PATIENCE)
            .build()?;
        Ok(Self { settings, http, metadata: published(), keys: published() })
    }

    /// Where somebody says to the issuer who they are.
    pub(super) async fn authorization_url(&self, attempt: &Attempt) -> Result<String, Error> {
        let metadata = self.metadata().await?;
        let challenge = attempt.challenge();
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.settings.redirect_url),
            ("scope", "openid email profile"),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let endpoint = &metadata.authorization_endpoint;
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{separator}{query}"))
    }

    /// Trades a code for the issuer's word on who it is.
    pub(super) async fn exchange(&self, code: &str, attempt: &Attempt) -> Result<Identity, Error> {
        let metadata = self.metadata().await?;
        let token = self.id_token(&metadata, code, attempt).await?;
        let keys = self.keys(&metadata).await?;
        let expected = Expected {
            issuer: &metadata.issuer,
            client_id: &self.settings.client_id,
            nonce: &attempt.nonce,
        };
        let outcome = match verify(&token, &keys.set, &expected) {
            // The issuer may have taken a new key since.
            Err(Rejected::UnknownKey) if keys.fetched_at.elapsed() > LOOK_EVERY => {
                self.keys.invalidate(&()).await;
                verify(&token, &self.keys(&metadata).await?.set, &expected)
            }
            outcome => outcome,
        };
        outcome.map_err(|rejected| {
            tracing::warn!(error = %rejected, "an ID token was refused");
            Error::OidcRefused
        })
    }

    async fn id_token(
        &self,
        metadata: &Metadata,
        code: &str,
        attempt: &Attempt,
    ) -> Result<String, Error> {
        let Settings { client_id, client_secret, redirect_url, .. } = &self.settings;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_url),
            ("code_verifier", &attempt.verifier),
        ];
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let is_in_body =
            !methods.is_empty() && !methods.iter().any(|it| it == "client_secret_basic");
        let mut request = self.http.post(&metadata.token_endpoint);
        if is_in_body {
            fields.push(("client_id", client_id));
            fields.push(("client_secret", client_secret.expose_secret()));
        } else {
            request = request
                .basic_auth(escaped(client_id), Some(escaped(client_secret.expose_secret())));
        }
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form(&fields));
        match read::<Tokens>(request).await {
            Ok(tokens) => Ok(tokens.id_token),
            // The code is not good: it was used, is too old, or is somebody's invention.
            Err(Unusable::Status(400..=499)) => Err(Error::OidcRefused),
            Err(unusable) => Err(unavailable(unusable)),
        }
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, Error> {
        let issuer = &self.settings.issuer;
        let ask = async {
            let url = format!("{issuer}/.well-known/openid-configuration");
            let metadata: Metadata = read(self.http.get(url)).await?;
            let places =
                [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
            let is_ours = metadata.issuer.trim_end_matches('/') == issuer;
            if !is_ours || !places.into_iter().all(|place| is_protected(place)) {
                return Err(Unusable::OtherIssuer);
            }
            Ok(Arc::new(metadata))
        };
        self.metadata.try_get_with((), ask).await.map_err(shared)
    }

    async fn keys(&self, metadata: &Metadata) -> Result<Arc<Keys>, Error> {
        let ask = async {
            let set = read(self.http.get(&metadata.jwks_uri)).await?;
            Ok(Arc::new(Keys { set, fetched_at: Instant::now() }))
        };
        self.keys.try_get_with((), ask).await.map_err(shared)
    }
}

/// What the issuer published, for a while.
fn published<T: Clone + Send + Sync + 'static>() -> Cache<(), T> {
    Cache::builder().max_capacity(1).time_to_live(BELIEVED_FOR).build()
}

/// Sends a request and reads its answer, as far as it may be read.
async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, Unusable> {
    let mut response = request.send().await?;
    if !response.status().is_success() {
        return Err(Unusable::Status(response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Unusable::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| Unusable::Malformed)
}

fn shared(unusable: Arc<Unusable>) -> Error {
    unavailable(unusable)
}

fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::OidcUnavailable(cause.into())
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    pairs.join("&")
}
