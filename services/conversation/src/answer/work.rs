//! The part of an answer that needs nothing of it to be stored: passages are found and the model is
//! asked while the question is being written down.

use std::sync::Arc;

use elenchus_llm::{Model, ModelEvent, Passage as Told, Prompt, Role};
use elenchus_rpc::{Caller, Shutdown};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::retrieve::Retriever;
use crate::domain::{Passage, Question};
use crate::generation::Failure;
use crate::store::Context;

/// Steps that wait. Few, so that whoever takes them slowly slows the model.
const WAITING: usize = 8;

/// One step on the way to an answer.
pub(super) enum Step {
    /// The passages that it is made from, and about how many tokens the model has to read.
    Retrieved(Vec<Passage>, usize),
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
    pub(super) model: Arc<dyn Model>,
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

    async fn work(&self, steps: &mpsc::Sender<Step>) -> Result<(), Failure> {
        let Self { caller, question, context, retriever, model } = self;
        let passages = retriever.passages(caller, question, &context.attached).await?;
        let prompt = prompt(question, context, &passages);
        let tokens = prompt.estimated_tokens();
        let mut events = model.answer(prompt);
        if steps.send(Step::Retrieved(passages, tokens)).await.is_err() {
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

fn prompt(question: &Question, context: &Context, passages: &[Passage]) -> Prompt {
    let history = context.history.iter().map(|turn| elenchus_llm::Turn {
        role: if turn.is_user { Role::User } else { Role::Assistant },
        text: turn.content.clone(),
    });
    Prompt {
        question: question.content.as_str().to_owned(),
        history: history.collect(),
        passages: passages.iter().map(told).collect(),
    }
}

/// A passage as a model is told of it.
fn told(passage: &Passage) -> Told {
    let name = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    Told {
        source: passage.filename.clone(),
        number: None,
        text: passage.content.clone(),
        page: passage.page.and_then(|page| u32::try_from(page).ok()),
        start_char: usize::try_from(passage.start_char).unwrap_or_default(),
        end_char: usize::try_from(passage.end_char).unwrap_or_default(),
        document_id: name(passage.document_id),
        chunk_id: name(passage.chunk_id),
    }
}
