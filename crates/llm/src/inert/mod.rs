//! Answers that do nothing by being shown. What a model says may have been put into its mouth by a
//! document: no Markdown or HTML of it opens a tag, shows an image or leads anywhere, except to addresses
//! that its sources hold, written out.

mod address;
mod filter;

use std::sync::Arc;

use async_stream::stream;
use futures_util::StreamExt;

use self::address::Known;
use self::filter::Filter;
use crate::{Model, ModelEvent, ModelStream, Prompt};

/// A model whose answers are inert.
pub(crate) struct Inert(pub(crate) Arc<dyn Model>);

impl Model for Inert {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn answer(&self, prompt: Prompt) -> ModelStream {
        let mut filter = Filter::knowing(Known::of(&prompt));
        let mut events = self.0.answer(prompt);
        stream! {
            while let Some(event) = events.next().await {
                match event {
                    Ok(ModelEvent::Delta(text)) => {
                        let shown = filter.push(&text);
                        if !shown.is_empty() {
                            yield Ok(ModelEvent::Delta(shown));
                        }
                    }
                    Ok(event @ (ModelEvent::AnsweredBy(_) | ModelEvent::Citation(_))) => {
                        yield Ok(event);
                    }
                    // Nothing is said after these.
                    last @ (Ok(ModelEvent::Usage(_)) | Err(_)) => {
                        let rest = filter.finish();
                        if !rest.is_empty() {
                            yield Ok(ModelEvent::Delta(rest));
                        }
                        yield last;
                    }
                }
            }
            let rest = filter.finish();
            if !rest.is_empty() {
                yield Ok(ModelEvent::Delta(rest));
            }
        }
        .boxed()
    }
}
