//! Langfuse's API for scores.

use std::time::Duration;

use chrono::Utc;
use elenchus_process::StartError;
use elenchus_settings::Invalid;
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::store::Scored;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The way to a project of Langfuse. The key does not print.
#[derive(Clone)]
pub(super) struct Langfuse {
    client: reqwest::Client,
    url: Url,
    public_key: String,
    secret_key: SecretString,
}

/// Why scores were not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Trying again may help.
    #[error("Langfuse cannot be reached, or takes nothing now")]
    Passing,
    /// It does not.
    #[error("Langfuse refuses the scores with {0}")]
    Refused(u16),
}

/// What became of each part of a batch.
#[derive(Deserialize, Default)]
struct Taken {
    #[serde(default)]
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    status: u16,
}

impl Langfuse {
    pub(super) fn new(host: &str, public: &str, secret: &SecretString) -> Result<Self, StartError> {
        let url = format!("{}/api/public/ingestion", host.trim_end_matches('/'));
        let url = Url::parse(&url).ok().filter(Url::has_host);
        let url = url.ok_or(Invalid::new("LANGFUSE_HOST", "is not a URL such as https://host"))?;
        // The key must not go where an answer says.
        let client =
            reqwest::Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build()?;
        let (public_key, secret_key) = (public.to_owned(), secret.clone());
        Ok(Self { client, url, public_key, secret_key })
    }

    /// Sends the scores of one answer. Sending them again changes nothing.
    pub(super) async fn send(&self, answer: Uuid, scored: &Scored) -> Result<(), Failure> {
        let request = self
            .client
            .post(self.url.clone())
            .basic_auth(&self.public_key, Some(self.secret_key.expose_secret()))
            .json(&json!({"batch": batch(answer, scored)}));
        let response = request.send().await.map_err(|_| Failure::Passing)?;
        judge(response.status())?;
        let taken: Taken = response.json().await.unwrap_or_default();
        let refused = taken.errors.iter().map(|refusal| refusal.status);
        refused.filter_map(|status| StatusCode::from_u16(status).ok()).try_for_each(judge)
    }
}

fn judge(status: StatusCode) -> Result<(), Failure> {
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Err(Failure::Passing),
        status if status.is_server_error() => Err(Failure::Passing),
        status => Err(Failure::Refused(status.as_u16())),
    }
}

/// One score for each status that was given, by its count, and one that says whether all was checked.
fn batch(answer: Uuid, scored: &Scored) -> Vec<Value> {
    let checked =
        ("citations.checked".to_owned(), u8::from(scored.report.is_checked).into(), "BOOLEAN");
    let statuses = scored.report.counts.iter().map(|(status, count)| (status.as_str(), *count));
    let lookups = scored.report.lookups.iter().map(|(outcome, count)| (outcome.as_str(), *count));
    let count = |(name, count)| (format!("citations.{name}"), json!(count), "NUMERIC");
    let scores =
        statuses
            .map(count)
            .chain(lookups.map(|(name, found)| {
                (format!("citations.lookup_{name}"), json!(found), "NUMERIC")
            }));
    let event = |(name, value, kind): (String, Value, &str)| {
        // The same whenever it is sent.
        let id = format!("{answer}-{name}");
        json!({
            "id": id,
            "timestamp": Utc::now().to_rfc3339(),
            "type": "score-create",
            "body": {
                "id": id,
                "traceId": scored.trace_id,
                "name": name,
                "value": value,
                "dataType": kind,
            },
        })
    };
    [checked].into_iter().chain(scores).map(event).collect()
}
