//! Calls of a model for one piece of work, and what they come to together.

use std::sync::{Arc, Mutex, PoisonError};

use elenchus_llm::{Extractive, Model, ModelEvent, Passage, Prompt, Role, Turn};
use futures_util::{Stream, StreamExt};
use tracing::Span;

use super::instruction::Instruction;
use crate::answer::{MOST_BYTES, counted};
use crate::domain::Usage;
use crate::generation::Failure;

/// A model, and what it was asked so far.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) model: Arc<dyn Model>,
    tally: Arc<Mutex<Tally>>,
}

/// What all calls come to.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    pub(super) usage: Usage,
    /// The model that answered, where it is not the one that was asked.
    pub(super) answered_by: Option<String>,
}

impl Asking {
    pub(super) fn new(model: Arc<dyn Model>) -> Self {
        Self { model, tally: Arc::default() }
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who answers, as far as it is known.
    pub(super) fn name(&self) -> String {
        self.tally().answered_by.unwrap_or_else(|| self.model.name().to_owned())
    }

    /// Whether no language model is there to follow instructions.
    pub(super) fn is_extractive(&self) -> bool {
        self.name() == Extractive::NAME
    }

    /// What the model says in the end.
    pub(super) async fn whole(
        &self,
        instruction: &Instruction,
        question: String,
        passages: Vec<Passage>,
    ) -> Result<String, Failure> {
        let mut said = std::pin::pin!(self.say(instruction, question, passages));
        let mut text = String::new();
        while let Some(delta) = said.next().await {
            text.push_str(&delta?);
        }
        Ok(text)
    }

    /// What the model says, as it says it.
    pub(super) fn say(
        &self,
        instruction: &Instruction,
        question: String,
        passages: Vec<Passage>,
    ) -> impl Stream<Item = Result<String, Failure>> + Send + use<> {
        let span = tracing::info_span!(
            "assistant.ask",
            gen_ai.request.model = self.model.name(),
            langfuse.observation.prompt.name = instruction.name,
            langfuse.observation.prompt.version = instruction.version,
            gen_ai.usage.input_tokens = tracing::field::Empty,
            gen_ai.usage.output_tokens = tracing::field::Empty,
        );
        let task = Turn { role: Role::System, text: instruction.text.to_owned() };
        let prompt = Prompt { question, history: vec![task], passages, ..Prompt::default() };
        let mut events = span.in_scope(|| self.model.answer(prompt));
        let asking = self.clone();
        async_stream::try_stream! {
            let mut bytes = 0;
            while let Some(event) = events.next().await {
                let event = event.map_err(|error| {
                    tracing::warn!(%error, "a model broke off");
                    Failure::of_model(error.trouble)
                })?;
                let Some(text) = asking.take(event, &span) else { continue };
                bytes += text.len();
                if bytes > MOST_BYTES {
                    Err(Failure::TOO_LONG)?;
                }
                yield text;
            }
        }
    }

    /// Counts what counts, and returns what was said.
    fn take(&self, event: ModelEvent, span: &Span) -> Option<String> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            ModelEvent::Delta(text) => return Some(text),
            // What a model says of its quotes is not believed: they are checked like any other.
            ModelEvent::Citation(_) => {}
            ModelEvent::AnsweredBy(name) => tally.answered_by = Some(name),
            ModelEvent::Usage(usage) => {
                let usage = counted(usage);
                span.record("gen_ai.usage.input_tokens", usage.prompt_tokens);
                span.record("gen_ai.usage.output_tokens", usage.completion_tokens);
                tally.add(usage);
            }
        }
        None
    }
}

impl Tally {
    fn add(&mut self, more: Usage) {
        let usage = &mut self.usage;
        for (sum, part) in [
            (&mut usage.prompt_tokens, more.prompt_tokens),
            (&mut usage.completion_tokens, more.completion_tokens),
            (&mut usage.cached_tokens, more.cached_tokens),
            (&mut usage.reasoning_tokens, more.reasoning_tokens),
            (&mut usage.cost_microusd, more.cost_microusd),
        ] {
            *sum = sum.saturating_add(part);
        }
        usage.is_estimated |= more.is_estimated;
    }
}
