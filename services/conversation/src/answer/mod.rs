//! From a question to its answer: passages are found and a model is asked while the question is
//! stored, and what comes of it is told to the readers. What was shown is what is stored.

mod abandoned;
mod checking;
mod making;
mod memory;
mod retrieve;
mod source;
mod work;

use std::sync::Arc;
use std::time::{Duration, Instant};

use elenchus_idempotency::Unusable;
use elenchus_llm::{ModelEvent, Models, Prompt, Trouble};
use elenchus_rpc::caller::Grant;
use elenchus_rpc::{Caller, Shutdown};
use futures_util::StreamExt;
use tracing::Instrument;

use self::checking::Checking;
use self::making::Making;
use self::memory::Summing;
pub(crate) use self::retrieve::Retriever;
use self::work::{Task, Work};
use crate::Checks;
use crate::citation::Found;
use crate::domain::{Error, MessageId, Passage, Question, Source, Usage};
use crate::generation::{Generations, Reader};
use crate::store::{Handover, Store};

/// The longest answer, in bytes.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// How soon the death of whoever makes an answer is seen.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long the maker of an answer is believed to live without a sign.
    pub lease: Duration,
    /// How often it gives one.
    pub sign_every: Duration,
    /// How often answers without a living maker are looked for.
    pub sweep_every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let [lease, sign_every, sweep_every] = [15, 3, 5].map(Duration::from_secs);
        Self { lease, sign_every, sweep_every }
    }
}

/// An answer that was begun for a call.
pub(crate) enum Begun {
    /// By the call itself.
    Now(Reader),
    /// By an earlier call with the same key.
    Before(MessageId),
}

/// Makes answers.
#[derive(Clone)]
pub struct Answers {
    store: Store,
    models: Models,
    generations: Generations,
    retriever: Retriever,
    checks: Checks,
    pace: Pace,
    shutdown: Shutdown,
}

impl Answers {
    /// Puts the parts together.
    pub(crate) fn new(
        store: Store,
        models: Models,
        generations: Generations,
        retriever: Retriever,
        checks: Checks,
        pace: Pace,
        shutdown: Shutdown,
    ) -> Self {
        Self { store, models, generations, retriever, checks, pace, shutdown }
    }

    /// As [`Answers::ask`]; a question whose key was used for it before is not asked again.
    pub(crate) async fn ask_once(
        &self,
        caller: Caller,
        question: Question,
        model: &str,
    ) -> Result<Begun, Error> {
        let Some(keyed) = question.keyed.clone() else {
            return self.ask(caller, question, model).await.map(Begun::Now);
        };
        if let Some(answer) = self.store.asked_before(&keyed).await? {
            return Ok(Begun::Before(answer));
        }
        match self.ask(caller, question, model).await {
            // Another call with the key was faster.
            Err(Error::Key(Unusable::Taken)) => {
                let answer = self.store.asked_before(&keyed).await?;
                Ok(Begun::Before(answer.ok_or(Unusable::Taken)?))
            }
            asked => asked.map(Begun::Now),
        }
    }

    /// Stores a question and begins its answer. Dropping what is returned stops the answer, unless
    /// the question says otherwise.
    pub async fn ask(
        &self,
        caller: Caller,
        question: Question,
        model: &str,
    ) -> Result<Reader, Error> {
        let began = Instant::now();
        let model = self
            .models
            .find(model)
            .map_err(|unknown| Error::invalid("model", unknown.to_string()))?;
        let (owner, name) = (caller.user_id, model.name().to_owned());
        let context = self.store.context(owner, &question.place).await?;
        let span = tracing::info_span!(
            "conversation.answer",
            conversation.id = tracing::field::Empty,
            message.id = tracing::field::Empty,
            gen_ai.request.model = name,
            gen_ai.usage.input_tokens = tracing::field::Empty,
            gen_ai.usage.output_tokens = tracing::field::Empty,
        );
        let task = Task {
            caller,
            question: question.clone(),
            context,
            retriever: self.retriever.clone(),
            store: self.store.clone(),
            model: Arc::clone(&model),
            budget: self.models.history_tokens(),
        };
        // Beside the commit, so that it costs no time until the first word.
        let handover = Handover {
            leave: Some(task.caller.leave()),
            scored_trace: span.in_scope(|| self.checks.scores.trace()),
        };
        let work = span.in_scope(|| Work::begin(task, &self.shutdown));
        let stored = self.store.ask(owner, &question, &name, self.pace.lease, &handover).await;
        let (asked, started) = stored?;
        span.record("conversation.id", tracing::field::display(asked.conversation_id.0));
        span.record("message.id", tracing::field::display(asked.answer_id.0));

        let (open, reader) = span.in_scope(|| self.generations.begin(&asked, started));
        let making = Making {
            store: self.store.clone(),
            shutdown: self.shutdown.clone(),
            pace: self.pace,
            asked,
            model: name,
            began,
            is_detached: question.is_detached,
            checking: self.checking(handover.leave, question.sources),
            summing: Summing {
                store: self.store.clone(),
                model,
                budget: self.models.history_tokens(),
                shutdown: self.shutdown.clone(),
            },
            scored_trace: handover.scored_trace,
        };
        self.shutdown.spawn(making.run(work, open).instrument(span));
        Ok(reader)
    }

    /// Answers from passages alone, checks what was said, and keeps nothing.
    pub(crate) async fn answer(
        &self,
        caller: Caller,
        prompt: Prompt,
        passages: &[Passage],
        model: &str,
    ) -> Result<Answered, Error> {
        let model = self
            .models
            .find(model)
            .map_err(|unknown| Error::invalid("model", unknown.to_string()))?;
        let mut answered = Answered { model: model.name().to_owned(), ..Answered::default() };
        let mut events = model.answer(prompt);
        while let Some(event) = events.next().await {
            match event {
                Ok(ModelEvent::Delta(text)) if answered.text.len() + text.len() > MOST_BYTES => {
                    tracing::warn!("a model did not come to an end");
                    return Err(Error::ModelUnavailable);
                }
                Ok(ModelEvent::Delta(text)) => answered.text.push_str(&text),
                Ok(ModelEvent::AnsweredBy(name)) => answered.model = name,
                // What a model says of its quotes is not believed: they are checked like any other.
                Ok(ModelEvent::Citation(_)) => {}
                Ok(ModelEvent::Usage(usage)) => answered.usage = counted(usage),
                Err(error) => {
                    tracing::warn!(%error, "a model broke off");
                    return Err(match error.trouble {
                        Trouble::CutOff => Error::AnswerCutOff,
                        _ => Error::ModelUnavailable,
                    });
                }
            }
        }
        let checking = self.checking(Some(caller.leave()), Vec::new());
        answered.found = checking.check(&answered.text, passages).await;
        Ok(answered)
    }

    fn checking(&self, leave: Option<Grant>, sources: Vec<Source>) -> Checking {
        let (retriever, lookups) = (self.retriever.clone(), self.checks.lookups.clone());
        Checking { leave, sources, retriever, lookups }
    }
}

/// A whole answer that nothing keeps.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    /// The text.
    pub(crate) text: String,
    /// The model that answered.
    pub(crate) model: String,
    /// What it read and wrote.
    pub(crate) usage: Usage,
    /// What it quotes and cites, as it was checked.
    pub(crate) found: Found,
}

pub(crate) fn counted(usage: elenchus_llm::Usage) -> Usage {
    let count = |tokens: usize| i32::try_from(tokens).unwrap_or(i32::MAX);
    Usage {
        prompt_tokens: count(usage.prompt_tokens),
        cached_tokens: count(usage.cached_tokens),
        reasoning_tokens: count(usage.reasoning_tokens),
        completion_tokens: count(usage.completion_tokens),
        is_estimated: usage.is_estimated,
        cost_microusd: 0,
    }
}
