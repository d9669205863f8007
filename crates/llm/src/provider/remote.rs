//! A model at a provider: called within limits, again where that may help, and left where it fails.

use std::sync::Arc;
use std::time::Duration;

use async_stream::try_stream;
use elenchus_provider::{Caller, Trouble, send};
use futures_util::StreamExt;
use reqwest::Response;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::sse::Events;
use super::wire::{End, Protocol, Said};
use crate::{Model, ModelError, ModelEvent, ModelStream, Prompt};

/// How long a provider may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until there is a connection.
    pub connect: Duration,
    /// From the question to the first word, retries included.
    pub first_token: Duration,
    /// Between two words.
    pub between_tokens: Duration,
    /// For the whole answer.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [connect, first_token, between_tokens, whole] =
            [5, 60, 30, 300].map(Duration::from_secs);
        Self { connect, first_token, between_tokens, whole }
    }
}

/// A model at a provider.
pub(crate) struct Remote {
    inner: Arc<Inner>,
}

struct Inner {
    caller: Caller,
    protocol: Box<dyn Protocol>,
    client: reqwest::Client,
    patience: Patience,
    places: Arc<Semaphore>,
}

impl Remote {
    /// A model that answers at most so many questions at once.
    pub(crate) fn new(
        name: String,
        protocol: Box<dyn Protocol>,
        client: reqwest::Client,
        patience: Patience,
        places: Arc<Semaphore>,
    ) -> Self {
        let caller = Caller::new(name);
        Self { inner: Arc::new(Inner { caller, protocol, client, patience, places }) }
    }
}

impl Model for Remote {
    fn name(&self) -> &str {
        self.inner.caller.model()
    }

    fn answer(&self, prompt: Prompt) -> ModelStream {
        let model = Arc::clone(&self.inner);
        try_stream! {
            let asked = Instant::now();
            let until_first = asked + model.patience.first_token;
            let until_whole = asked + model.patience.whole;
            let Ok(_place) = Arc::clone(&model.places).try_acquire_owned() else {
                Err(model.error(Trouble::Overloaded))?;
                return;
            };
            let (mut answer, first) = model.begin(&prompt, until_first).await?;
            let mut said = Some(first);
            let end = loop {
                let now = match said.take() {
                    Some(said) => said,
                    None => {
                        let until = (Instant::now() + model.patience.between_tokens).min(until_whole);
                        model.judge(answer.next(&*model.protocol, until).await)?
                    }
                };
                if !now.text.is_empty() {
                    yield ModelEvent::Delta(now.text);
                }
                if let Some(usage) = now.usage {
                    answer.usage = Some(usage);
                }
                match now.end {
                    None => {}
                    Some(end @ (End::Whole | End::CutOff)) => break end,
                    Some(End::Blocked) => Err(model.error(Trouble::Blocked))?,
                    Some(End::Failed) => model.judge(Err(Trouble::Failed))?,
                }
            };
            // The counts may come after the end, and an answer is whole without them.
            let until = (Instant::now() + model.patience.between_tokens).min(until_whole);
            answer.read_counts(&*model.protocol, until).await;
            if let Some(usage) = answer.usage {
                yield ModelEvent::Usage(usage);
            }
            if end == End::CutOff {
                Err(model.error(Trouble::CutOff))?;
            }
        }
        .boxed()
    }
}

impl Inner {
    fn error(&self, trouble: Trouble) -> ModelError {
        ModelError { model: self.caller.model().to_owned(), trouble }
    }

    fn judge<T>(&self, outcome: Result<T, Trouble>) -> Result<T, ModelError> {
        self.caller.judge(outcome).map_err(|trouble| self.error(trouble))
    }

    /// Asks until there is a first word, or no more hope of one.
    async fn begin(&self, prompt: &Prompt, until: Instant) -> Result<(Answer, Said), ModelError> {
        let begun = self.caller.call(until, || self.try_begin(prompt, until)).await;
        begun.map_err(|trouble| self.error(trouble))
    }

    async fn try_begin(&self, prompt: &Prompt, until: Instant) -> Result<(Answer, Said), Trouble> {
        let request = self.protocol.request(&self.client, prompt);
        let mut answer = Answer::of(send(request, until).await?);
        loop {
            let said = answer.next(&*self.protocol, until).await?;
            match said.end {
                Some(End::Failed) => return Err(Trouble::Failed),
                // It only thought, called tools that nobody offered, or nothing at all.
                Some(End::Whole) if said.text.is_empty() => return Err(Trouble::Silent),
                Some(End::Whole | End::CutOff | End::Blocked) | None => {}
            }
            if !said.text.is_empty() || said.end.is_some() {
                return Ok((answer, said));
            }
            answer.usage = said.usage.or(answer.usage);
        }
    }
}

/// An answer under way.
struct Answer {
    response: Response,
    events: Events,
    waiting: std::collections::VecDeque<String>,
    usage: Option<crate::Usage>,
}

impl Answer {
    fn of(response: Response) -> Self {
        Self { response, events: Events::default(), waiting: Default::default(), usage: None }
    }

    /// What the provider says next.
    async fn next(&mut self, protocol: &dyn Protocol, until: Instant) -> Result<Said, Trouble> {
        loop {
            if let Some(data) = self.waiting.pop_front() {
                if data == "[DONE]" {
                    return Ok(Said { end: Some(End::Whole), ..Said::default() });
                }
                let event: Value = serde_json::from_str(&data).map_err(|_| Trouble::Malformed)?;
                return Ok(protocol.read(&event));
            }
            let chunk = timeout_at(until, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| Trouble::TimedOut)?.map_err(|_| Trouble::BrokenOff)?;
            // An end of the stream that nothing announced is a cut.
            let chunk = chunk.ok_or(Trouble::BrokenOff)?;
            self.waiting.extend(self.events.push(&chunk).map_err(|_| Trouble::Malformed)?);
        }
    }

    async fn read_counts(&mut self, protocol: &dyn Protocol, until: Instant) {
        while let Ok(said) = self.next(protocol, until).await {
            self.usage = said.usage.or(self.usage);
            if said == (Said { end: Some(End::Whole), ..Said::default() }) {
                return;
            }
        }
    }
}
