//! The part of an answer that needs nothing of it to be stored: passages are found and the model is
//! asked while the question is being written down.

use std::sync::Arc;

use elenchus_llm::{Model, ModelEvent, Prompt};
use elenchus_rpc::{Caller, Shutdown};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::memory::recall;
use super::retrieve::Retriever;
use crate::domain::{Passage, Question, Remembered};
use crate::generation::Failure;
use crate::store::{Context, Store};

/// Steps that wait. Few, so that whoever takes them slowly slows the model.
const WAITING: usize = 8;

/// One step on the way to an answer.
pub(super) enum Step {
    /// What it is made from, and about how many tokens the model has to read.
    Retrieved { passages: Vec<Passage>, remembered: Remembered, prompt_tokens: usize },
    /// Something that the model said.
    Said(ModelEvent),
    /// It cannot go on.
    Failed(Failure),
    /// The model has said everything.
    Done,
}

/// Work under way. Dropping it leaves the model.
pub(super) struct Work {
    steps: mpsc::Receiver<Step>,
    task: JoinHandle<()>,
}

/// What is to be answered, and from what.
pub(super) struct Task {
    pub(super) caller: Caller,
    pub(super) question: Question,
    pub(super) context: Context,
    pub(super) retriever: Retriever,
    pub(super) store: Store,
    pub(super) model: Arc<dyn Model>,
    /// The tokens of the conversation that the model is told of.
    pub(super) budget: usize,
}

impl Work {
    /// Begins at once.
    pub(super) fn begin(task: Task, shutdown: &Shutdown) -> Self {
        let (sender, steps) = mpsc::channel(WAITING);
        let task = shutdown.spawn(task.run(sender).in_current_span());
        Self { steps, task }
    }

    /// The next step.
    pub(super) async fn next(&mut self) -> Step {
        self.steps.recv().await.unwrap_or(Step::Failed(Failure::MODEL))
    }

    /// Returns once the model has been left.
    pub(super) async fn leave(mut self) {
        self.task.abort();
        // Ends with "cancelled" or, where it panicked, with what was logged already.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Task {
    async fn run(self, steps: mpsc::Sender<Step>) {
        let last = match self.work(&steps).await {
            Ok(()) => Step::Done,
            Err(failure) => Step::Failed(failure),
        };
        // Whoever is gone needs no last step.
        let _ = steps.send(last).await;
    }

    async fn work(self, steps: &mpsc::Sender<Step>) -> Result<(), Failure> {
        let Self { caller, question, context, retriever, store, model, budget } = self;
        let (passages, recalled) = tokio::try_join!(
            retriever.passages(&caller, &question, &context.attached),
            recall(&store, context.last, model.name(), budget),
        )?;
        let prompt = Prompt {
            question: question.content.as_str().to_owned(),
            summary: recalled.summary,
            history: recalled.turns,
            passages: passages.iter().map(Into::into).collect(),
        };
        let (remembered, prompt_tokens) = (recalled.remembered, prompt.estimated_tokens());
        let mut events = model.answer(prompt);
        let retrieved = Step::Retrieved { passages, remembered, prompt_tokens };
        if steps.send(retrieved).await.is_err() {
            return Ok(());
        }
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| {
                tracing::warn!(%error, "a model broke off");
                Failure::of_model(error.trouble)
            })?;
            if steps.send(Step::Said(event)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}
