//! A call: within its time, again where that may help, and not at all while the provider is left alone.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};

use crate::Trouble;
use crate::breaker::Breaker;
use crate::retry::{ATTEMPTS, Budget, pause};

/// How a provider is called for one model, and how that went lately.
#[derive(Debug)]
pub struct Caller {
    model: String,
    breaker: Breaker,
    budget: Budget,
}

impl Caller {
    /// Knows nothing of the provider yet.
    pub fn new(model: String) -> Self {
        Self { model, breaker: Breaker::default(), budget: Budget::default() }
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Remembers how a call went.
    pub fn judge<T>(&self, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        match &outcome {
            Err(trouble) if trouble.is_of_provider() => self.breaker.failed(),
            Ok(_) | Err(_) => self.breaker.went_well(),
        }
        outcome
    }

    /// Calls until it goes well, or until there is no more hope that it does in time.
    pub async fn call<T, F>(&self, until: Instant, once: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        self.budget.earn();
        for attempt in 1.. {
            if !self.breaker.lets_through() {
                return Err(Trouble::Unreachable);
            }
            let trouble = match self.judge(once().await) {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let wait = match trouble {
                Trouble::RateLimited { retry_after: Some(wait) } => wait,
                _ => pause(attempt),
            };
            let has_time = Instant::now() + wait < until;
            let may_help = trouble.may_pass() && attempt < ATTEMPTS && has_time;
            if !may_help || !self.budget.take() {
                return Err(trouble);
            }
            tracing::info!(model = self.model, %trouble, attempt, "a model is asked again");
            sleep(wait).await;
        }
        Err(Trouble::Failed)
    }
}

/// Sends a request; the head of the answer, or what its status says.
pub async fn send(request: RequestBuilder, until: Instant) -> Result<Response, Trouble> {
    let response = timeout_at(until, request.send()).await.map_err(|_| Trouble::TimedOut)?;
    let response = response.map_err(|error| match error.is_timeout() {
        true => Trouble::TimedOut,
        false => Trouble::Unreachable,
    })?;
    let status = response.status();
    match status {
        StatusCode::OK => Ok(response),
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = response.headers().get(RETRY_AFTER);
            let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
            Err(Trouble::RateLimited { retry_after: seconds.map(Duration::from_secs) })
        }
        status if status.is_server_error() => Err(Trouble::Failed),
        status => {
            tracing::error!(status = status.as_u16(), "a provider refuses our requests");
            Err(Trouble::Refused)
        }
    }
}
