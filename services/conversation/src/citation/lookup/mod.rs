//! Asks CourtListener whether the decisions that an answer cites exist. It is told the citations and
//! nothing of the answer. What it cannot be asked in time stays unknown, and no answer waits for longer.

mod wire;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use elenchus_cache::{Cache, Quota};
use elenchus_citation::{CitationKind, Kind, Status};
use elenchus_process::StartError;
use elenchus_settings::Env;
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};

use self::wire::{CourtListener, Trouble};
use super::Found;
use crate::domain::{Citation, Lookup};

/// The service's own limits.
const MOST_AT_ONCE: usize = 250;
const PER_MINUTE: u32 = 60;
/// How long an outcome is believed. A decision that is not known yet may be added.
const FOUND_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
const NOT_FOUND_FOR: Duration = Duration::from_secs(24 * 3600);
/// How long the service is left alone that failed or did not answer.
const PAUSE: Duration = Duration::from_secs(30);
const PAUSED: &str = "courtlistener:paused";

/// Looks citations up, where there is a token to do so.
#[derive(Clone)]
pub struct Lookups(Option<Arc<Inner>>);

struct Inner {
    service: CourtListener,
    cache: Cache,
    /// What an answer waits for at most.
    budget: Duration,
}

impl Lookups {
    /// What an answer waits for at most.
    pub const BUDGET: Duration = Duration::from_secs(2);

    /// Looks nothing up.
    pub fn off() -> Self {
        Self(None)
    }

    /// As `COURTLISTENER_TOKEN` and `COURTLISTENER_URL` say. Without a token nothing is looked up.
    pub fn from_env(env: &Env, cache: Cache, budget: Duration) -> Result<Self, StartError> {
        let Some(token) = env.secret("COURTLISTENER_TOKEN") else { return Ok(Self::off()) };
        let url = env.text("COURTLISTENER_URL").unwrap_or("https://www.courtlistener.com");
        let service = CourtListener::new(url, token.expose_secret())?;
        Ok(Self(Some(Arc::new(Inner { service, cache, budget }))))
    }

    /// Adds what is known of each decision that is cited in full.
    pub(crate) async fn complete(&self, found: &mut Found) {
        let Some(inner) = &self.0 else { return };
        let mut names: Vec<String> = found.citations.iter().filter_map(name).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(MOST_AT_ONCE);
        if names.is_empty() {
            return;
        }
        let known = inner.look_up(names, Instant::now() + inner.budget).await;
        for citation in &mut found.citations {
            let lookup = name(citation).and_then(|name| known.get(&name)).cloned();
            if let Some(checked) = &mut citation.checked {
                checked.lookup = lookup;
            }
        }
        found.count_lookups();
    }
}

impl Inner {
    async fn look_up(&self, names: Vec<String>, until: Instant) -> HashMap<String, Lookup> {
        let remembered = join_all(names.iter().map(|name| self.remembered(name)));
        let Ok(remembered) = timeout_at(until, remembered).await else { return HashMap::new() };
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        for (name, lookup) in names.into_iter().zip(remembered) {
            match lookup {
                Some(lookup) => drop(known.insert(name, lookup)),
                None => unknown.push(name),
            }
        }
        if let Ok(asked) = timeout_at(until, self.ask(unknown, until)).await {
            known.extend(asked);
        }
        known
    }

    async fn remembered(&self, name: &str) -> Option<Lookup> {
        serde_json::from_slice(&self.cache.get(&key(name)).await?).ok()
    }

    async fn ask(&self, mut names: Vec<String>, until: Instant) -> HashMap<String, Lookup> {
        if names.is_empty() || self.cache.get(PAUSED).await.is_some() {
            return HashMap::new();
        }
        let quota = Quota { per_minute: PER_MINUTE, burst: PER_MINUTE };
        let mut allowed = 0;
        while allowed < names.len() && self.cache.take("courtlistener", quota).await.is_granted {
            allowed += 1;
        }
        names.truncate(allowed);
        if names.is_empty() {
            return HashMap::new();
        }
        // Ends in time to be remembered as a failure.
        let asked = timeout_at(until - self.budget / 10, self.service.look_up(&names)).await;
        match asked.unwrap_or(Err(Trouble::Failed)) {
            Ok(lookups) => {
                join_all(lookups.iter().map(|(name, lookup)| self.remember(name, lookup))).await;
                lookups
            }
            Err(trouble) => {
                tracing::warn!(?trouble, "citations could not be looked up");
                let pause = match trouble {
                    Trouble::Busy { wait } => wait.max(PAUSE),
                    Trouble::Failed => PAUSE,
                };
                self.cache.set(PAUSED, "1", pause).await;
                HashMap::new()
            }
        }
    }

    async fn remember(&self, name: &str, lookup: &Lookup) {
        let Ok(value) = serde_json::to_vec(lookup) else { return };
        let time = if lookup.is_found() { FOUND_FOR } else { NOT_FOUND_FOR };
        self.cache.set(&key(name), value, time).await;
    }
}

fn key(name: &str) -> String {
    format!("courtlistener:{name}")
}

/// How a decision is asked for: by volume, reporter and page. One that cannot be right is not.
fn name(citation: &Citation) -> Option<String> {
    let checked = citation.checked.as_ref()?;
    let facts = checked.facts.as_ref().filter(|facts| facts.kind == CitationKind::Case)?;
    let is_asked = checked.kind == Kind::LegalCitation && checked.status != Status::Implausible;
    is_asked.then(|| format!("{} {} {}", facts.volume, facts.reporter, facts.page))
}
