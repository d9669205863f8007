//! A model, and those that are asked in its place while it cannot answer.

use std::sync::Arc;

use async_stream::stream;
use futures_util::StreamExt;

use crate::{Model, ModelEvent, ModelStream, Prompt};

/// Models in the order in which they are asked.
pub(crate) struct Chain {
    pub(crate) first: Arc<dyn Model>,
    pub(crate) others: Vec<Arc<dyn Model>>,
}

impl Model for Chain {
    fn name(&self) -> &str {
        self.first.name()
    }

    fn answer(&self, prompt: Prompt) -> ModelStream {
        let models: Vec<_> = [&self.first].into_iter().chain(&self.others).cloned().collect();
        stream! {
            let last = models.len() - 1;
            'models: for (place, model) in models.into_iter().enumerate() {
                let mut has_spoken = false;
                let mut events = model.answer(prompt.clone());
                while let Some(event) = events.next().await {
                    match event {
                        Err(error) if !has_spoken && place < last => {
                            tracing::warn!(%error, "the next model is asked");
                            continue 'models;
                        }
                        event => {
                            if !has_spoken && place > 0 {
                                yield Ok(ModelEvent::AnsweredBy(model.name().to_owned()));
                            }
                            has_spoken = true;
                            yield event;
                        }
                    }
                }
                return;
            }
        }
        .boxed()
    }
}
