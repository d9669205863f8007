//! CourtListener's citation lookup, version 4.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use elenchus_process::StartError;
use elenchus_settings::Invalid;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::domain::{Lookup, Outcome};

const PATH: &str = "/api/rest/v4/citation-lookup/";
/// The longest answer that is read.
const MOST_BYTES: usize = 16 << 20;
/// The longest that the service may be believed to be busy.
const MOST_WAIT: Duration = Duration::from_secs(3600);

/// Why nothing was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It takes no more for so long.
    Busy { wait: Duration },
    /// It cannot be reached, failed, or says what cannot be read.
    Failed,
}

/// The service, and what opens it.
pub(super) struct CourtListener {
    client: reqwest::Client,
    base: String,
    authorization: HeaderValue,
}

/// What it says of one citation.
#[derive(Deserialize)]
struct Entry {
    citation: String,
    status: u16,
    #[serde(default)]
    clusters: Vec<Cluster>,
}

/// A decision with all its opinions.
#[derive(Deserialize)]
struct Cluster {
    #[serde(default)]
    case_name: String,
    #[serde(default)]
    absolute_url: String,
}

/// Why it takes no more.
#[derive(Deserialize)]
struct Throttled {
    wait_until: DateTime<Utc>,
}

impl CourtListener {
    pub(super) fn new(url: &str, token: &str) -> Result<Self, StartError> {
        let base = url.trim_end_matches('/').to_owned();
        if !reqwest::Url::parse(&base).is_ok_and(|url| url.has_host()) {
            return Err(
                Invalid::new("COURTLISTENER_URL", "is not a URL such as https://host").into()
            );
        }
        let authorization = HeaderValue::try_from(format!("Token {token}"));
        let mut authorization = authorization
            .map_err(|_| Invalid::new("COURTLISTENER_TOKEN", "holds what no header can"))?;
        authorization.set_sensitive(true);
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(1))
            // The token must not go where an answer says.
            .redirect(Policy::none())
            .user_agent(concat!("elenchus/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, base, authorization })
    }

    /// What it knows of these citations. Those that it says nothing certain of are not among them.
    pub(super) async fn look_up(
        &self,
        names: &[String],
    ) -> Result<HashMap<String, Lookup>, Trouble> {
        let request = self
            .client
            .post(format!("{}{PATH}", self.base))
            .header(AUTHORIZATION, self.authorization.clone())
            .form(&[("text", names.join("\n"))]);
        let response = request.send().await.map_err(|_| Trouble::Failed)?;
        let status = response.status();
        match status {
            StatusCode::OK => {}
            StatusCode::TOO_MANY_REQUESTS => return Err(busy(response).await),
            status => {
                tracing::warn!(status = status.as_u16(), "CourtListener refuses a request");
                return Err(Trouble::Failed);
            }
        }
        let entries: Vec<Entry> =
            serde_json::from_slice(&read(response).await?).map_err(|_| Trouble::Failed)?;
        let lookup = |entry: Entry| Some((entry.citation.clone(), self.lookup(entry)?));
        Ok(entries.into_iter().filter_map(lookup).collect())
    }

    fn lookup(&self, entry: Entry) -> Option<Lookup> {
        let outcome = match entry.status {
            200 => Outcome::Found,
            300 => Outcome::Ambiguous,
            404 => Outcome::NotFound,
            // A reporter that it does not know, or more than it looks up at once.
            _ => return None,
        };
        let decision = entry.clusters.into_iter().next().filter(|_| outcome == Outcome::Found);
        let named = decision
            .map(|cluster| (cluster.case_name, format!("{}{}", self.base, cluster.absolute_url)));
        let (case_name, url) = named.unwrap_or_default();
        Some(Lookup { outcome, case_name, url })
    }
}

async fn busy(response: Response) -> Trouble {
    let throttled = read(response).await.ok();
    let until = throttled.and_then(|body| serde_json::from_slice::<Throttled>(&body).ok());
    let wait = until.and_then(|until| (until.wait_until - Utc::now()).to_std().ok());
    Trouble::Busy { wait: wait.unwrap_or_default().min(MOST_WAIT) }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Trouble::Failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            return Err(Trouble::Failed);
        }
    }
    Ok(body)
}
