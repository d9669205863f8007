//! Sums up the beginning of a conversation whose messages a model is no longer told of word for word.

use std::sync::Arc;
use std::time::Instant;

use elenchus_llm::{Extractive, Model, ModelEvent, Passage, Prompt, Role, count_tokens};
use elenchus_rpc::Shutdown;
use futures_util::StreamExt;
use tracing::Instrument;

use super::gist;
use crate::answer::counted;
use crate::domain::{Error, MessageId, MessageStatus, Usage};
use crate::store::{Asked, Line, Store};

const INSTRUCTION: &str = include_str!("../../../prompts/summary.v1.md");
const NAME: &str = "summary";
const VERSION: i64 = 1;

/// Sums up conversations, one answer after the other.
pub(in crate::answer) struct Summing {
    pub(in crate::answer) store: Store,
    pub(in crate::answer) model: Arc<dyn Model>,
    /// The tokens that a model is told of.
    pub(in crate::answer) budget: usize,
    pub(in crate::answer) shutdown: Shutdown,
}

/// A summary, and who wrote it.
struct Written {
    text: String,
    model: String,
}

impl Summing {
    /// Sums up what no longer fits after this answer. What cannot be summed up now is with the next.
    pub(in crate::answer) async fn run(&self, asked: &Asked) {
        let summed = tokio::select! {
            summed = self.sum_up(asked) => summed,
            () = self.shutdown.stopping() => return,
        };
        if let Err(error) = summed {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a conversation was not summed up"
            );
        }
    }

    async fn sum_up(&self, asked: &Asked) -> Result<(), Error> {
        let line = self.store.line(asked.answer_id).await?;
        let Some((before, last)) = self.outgrown(line).await else { return Ok(()) };
        let written = match self.ask(asked, &before).await {
            Some(written) => written,
            None => Written {
                text: gist::of(&before, self.most_chars()),
                model: Extractive::NAME.to_owned(),
            },
        };
        if written.text.is_empty() {
            return Ok(());
        }
        self.store.keep_summary(asked.conversation_id, last, &written.text, &written.model).await
    }

    /// A summary takes a quarter of the budget at most, at four characters a token.
    fn most_chars(&self) -> usize {
        self.budget
    }

    /// What is to be summed up, and its last message: all but the newest half of a budget. None where
    /// everything fits.
    async fn outgrown(&self, mut line: Line) -> Option<(Line, MessageId)> {
        if line.bytes() <= self.budget {
            return None;
        }
        let (model, budget) = (self.model.name().to_owned(), self.budget);
        let split = move || {
            let count = |text: &str| count_tokens(&model, text).tokens;
            let counts: Vec<usize> = line.turns.iter().map(|turn| count(&turn.content)).collect();
            let before = line.summary.as_deref().map_or(0, count);
            if before + counts.iter().sum::<usize>() <= budget {
                return None;
            }
            let mut kept = 0;
            let is_kept = |tokens: &&usize| {
                kept += **tokens;
                kept <= budget / 2
            };
            let newest = counts.iter().rev().take_while(is_kept).count();
            line.turns.truncate(counts.len() - newest);
            let last = line.turns.last()?.id;
            Some((line, last))
        };
        tokio::task::spawn_blocking(split).await.ok().flatten()
    }

    /// The model's own summary. None where there is no language model, or it says nothing now.
    async fn ask(&self, asked: &Asked, before: &Line) -> Option<Written> {
        if self.model.name() == Extractive::NAME {
            return None;
        }
        let began = Instant::now();
        let source = "the conversation so far".to_owned();
        let passage = Passage { source, text: before.transcript(), ..Passage::default() };
        let task = elenchus_llm::Turn { role: Role::System, text: INSTRUCTION.to_owned() };
        let prompt = Prompt {
            question: "Write the summary.".to_owned(),
            history: vec![task],
            passages: vec![passage],
            ..Prompt::default()
        };
        let span = tracing::info_span!(
            "conversation.sum_up",
            conversation.id = %asked.conversation_id.0,
            gen_ai.request.model = self.model.name(),
            langfuse.observation.prompt.name = NAME,
            langfuse.observation.prompt.version = VERSION,
        );
        let (written, usage) = self.listen(prompt).instrument(span).await;
        let status = match written {
            Some(_) => MessageStatus::Complete,
            None => MessageStatus::Failed,
        };
        let name = written.as_ref().map_or(self.model.name(), |written| &written.model);
        let told =
            self.store.tell_of_work(asked.owner, name, status, &usage, began.elapsed()).await;
        if let Err(error) = told {
            tracing::warn!(error = &error as &dyn std::error::Error, "a summary was not counted");
        }
        written
    }

    async fn listen(&self, prompt: Prompt) -> (Option<Written>, Usage) {
        let mut events = self.model.answer(prompt);
        let (mut text, mut usage) = (String::new(), Usage::default());
        let mut model = self.model.name().to_owned();
        while let Some(event) = events.next().await {
            match event {
                Ok(ModelEvent::Delta(more)) => text.push_str(&more),
                // It follows no instructions.
                Ok(ModelEvent::AnsweredBy(name)) if name == Extractive::NAME => {
                    return (None, usage);
                }
                Ok(ModelEvent::AnsweredBy(name)) => model = name,
                Ok(ModelEvent::Citation(_)) => {}
                Ok(ModelEvent::Usage(used)) => usage = counted(used),
                Err(error) => {
                    tracing::warn!(%error, "a model broke off");
                    return (None, usage);
                }
            }
            // A model that says more than it was told to is not listened to any longer.
            if text.len() > 4 * self.most_chars() {
                break;
            }
        }
        let text = gist::cut(text.trim(), self.most_chars());
        ((!text.is_empty()).then_some(Written { text, model }), usage)
    }
}
