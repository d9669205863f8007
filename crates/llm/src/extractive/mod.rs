//! The model that is always there: it needs no key and no network, and writes nothing of its own
//! but quotes what the sources say.

mod clause;
mod question;
mod ranking;
mod reply;
mod term;
mod topic;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{Citation, Model, ModelError, ModelEvent, ModelStream, Prompt, Trouble};

/// Quotes the one to three sentences of the sources that fit a question best.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extractive;

impl Extractive {
    /// The name that a request asks for it by.
    pub const NAME: &str = "extractive";

    /// What of the passages answers the question: nothing where nothing fits.
    pub fn quotes(prompt: &Prompt) -> Vec<Citation> {
        reply::quotes(prompt)
    }

    /// What of the passages is about a topic, of which the question names the words. The most telling,
    /// in the order of the passages, at most so many.
    pub fn about(prompt: &Prompt, most: usize) -> Vec<Citation> {
        topic::about(prompt, most)
    }
}

impl Model for Extractive {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn answer(&self, prompt: Prompt) -> ModelStream {
        let events = async move {
            // Half a megabyte of sources takes long enough to hold up other requests.
            tokio::task::spawn_blocking(move || reply::to(&prompt)).await.map_err(|error| {
                tracing::error!(%error, "the extractive model failed");
                ModelError { model: Self::NAME.to_owned(), trouble: Trouble::Failed }
            })
        };
        stream::once(events)
            .map_ok(|events: Vec<ModelEvent>| stream::iter(events.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }
}
