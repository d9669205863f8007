//! Analyses and briefs: sources read whole, part by part, and written up heading by heading. Every
//! quote and citation is checked against the whole of the sources, and nothing is kept. Descriptions of
//! documents beside them.

mod asking;
mod authority;
mod description;
mod event;
mod instruction;
mod notes;
mod offline;
mod part;
mod task;

use std::sync::Arc;
use std::time::{Duration, Instant};

use elenchus_llm::{Model, Models, Passage};
use elenchus_rpc::{Caller, Shutdown, UserId};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use tracing::Instrument;

use self::asking::Asking;
pub(crate) use self::authority::Authority;
pub(crate) use self::description::Described;
use self::event::Out;
pub(crate) use self::event::{Stage, What, Written};
pub(crate) use self::part::Part;
use self::part::Sources;
pub(crate) use self::task::Task;
use self::task::{Kind, Section};
use crate::answer::Retriever;
use crate::citation::{self, Found, Lookups};
use crate::domain::{Error, MessageStatus};
use crate::generation::Failure;
use crate::store::Store;

/// Events that wait for their reader.
const WAITING: usize = 16;
/// How long the check of a long text may take.
const CHECK_BUDGET: Duration = Duration::from_secs(60);
const AUTHORITIES: &str = "Table of Authorities";

/// Makes analyses and briefs.
#[derive(Clone)]
pub(crate) struct Assistant {
    pub(crate) store: Store,
    pub(crate) models: Models,
    pub(crate) retriever: Retriever,
    pub(crate) lookups: Lookups,
    pub(crate) shutdown: Shutdown,
}

impl Assistant {
    /// Begins. Dropping what is returned leaves the model at once.
    pub(crate) async fn begin(
        &self,
        caller: Caller,
        task: Task,
        model: &str,
    ) -> Result<impl Stream<Item = What> + Send + use<>, Error> {
        let model = self
            .models
            .find(model)
            .map_err(|unknown| Error::invalid("model", unknown.to_string()))?;
        for id in task.documents() {
            self.retriever.look_up(&caller, id).await?;
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        let span = tracing::info_span!("assistant.work", work.kind = task.kind.word());
        let work = self.clone().work(caller, task, model, Out(sender));
        self.shutdown.spawn(work.instrument(span));
        Ok(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))))
    }

    /// Works until it is done, cannot go on, or nobody listens any more.
    async fn work(self, caller: Caller, task: Task, model: Arc<dyn Model>, out: Out) {
        let (owner, began, asking) = (caller.user_id, Instant::now(), Asking::new(model));
        let made = tokio::select! {
            made = self.make(caller, task, &asking, &out) => made,
            () = out.0.closed() => return self.count(owner, &asking, MessageStatus::Stopped, began).await,
            () = self.shutdown.stopping() => Err(Failure::INTERRUPTED),
        };
        let status = match &made {
            Ok(_) => MessageStatus::Complete,
            Err(_) => MessageStatus::Failed,
        };
        self.count(owner, &asking, status, began).await;
        out.tell(What::Usage(asking.tally().usage)).await;
        out.tell(match made {
            Ok(written) => What::Completed(Box::new(written)),
            Err(failure) => What::Failed(unkept(failure)),
        })
        .await;
    }

    async fn make(
        &self,
        caller: Caller,
        task: Task,
        asking: &Asking,
        out: &Out,
    ) -> Result<Written, Failure> {
        let Task { kind, subject, sections, given } = task;
        let Sources { parts, material } = Sources::read(&self.retriever, &caller, given).await?;
        out.tell(What::Started { model: asking.name(), parts: parts.clone() }).await;
        let parts = Arc::new(parts);
        let notes = match asking.is_extractive() {
            true => None,
            false => notes::take(asking, &subject, &parts, out).await?,
        };
        let mut draft = Draft { kind, subject, parts, notes, asking, out, text: String::new() };
        let mut written = draft.write(&sections).await?;
        let mut text = draft.text;

        out.progress(Stage::Checking, 0, 1).await;
        let mut found = citation::check(&text, &material, CHECK_BUDGET).await;
        self.lookups.complete(&mut found).await;
        let Found { citations, report } = found;
        for citation in &citations {
            out.tell(What::Citation(Box::new(citation.clone()))).await;
        }
        let mut authorities = Vec::new();
        if kind == Kind::Brief {
            authorities = authority::table(&citations);
            let table = authority::text(&authorities);
            let more = format!("## {AUTHORITIES}\n\n{table}");
            text.push_str(&more);
            out.tell(What::Delta(more)).await;
            written.push((AUTHORITIES.to_owned(), table));
        }
        out.progress(Stage::Checking, 1, 1).await;
        Ok(Written {
            text,
            sections: written,
            model: asking.name(),
            is_extractive: asking.is_extractive(),
            usage: asking.tally().usage,
            citations,
            report,
            authorities,
        })
    }

    /// Tells analytics what was used, however it ended.
    async fn count(&self, owner: UserId, asking: &Asking, status: MessageStatus, began: Instant) {
        let usage = asking.tally().usage;
        let told =
            self.store.tell_of_work(owner, &asking.name(), status, &usage, began.elapsed()).await;
        if let Err(error) = told {
            tracing::warn!(error = &error as &dyn std::error::Error, "work was not counted");
        }
    }
}

/// What a reader is told of a failure: of work that broke off nothing is kept.
fn unkept(failure: Failure) -> Failure {
    let of_answers = [Failure::INTERRUPTED, Failure::MODEL, Failure::MODEL_SLOW, Failure::CUT_OFF];
    if of_answers.contains(&failure) {
        let detail = "the work broke off and nothing of it is kept; asking again may help";
        return Failure { detail, ..failure };
    }
    failure
}

/// A text that is being written.
struct Draft<'a> {
    kind: Kind,
    subject: String,
    parts: Arc<Vec<Part>>,
    /// What a model writes from. None where there is no language model.
    notes: Option<Vec<Passage>>,
    asking: &'a Asking,
    out: &'a Out,
    text: String,
}

impl Draft<'_> {
    /// Writes heading by heading. Returns each with the text below it.
    async fn write(&mut self, sections: &[Section]) -> Result<Vec<(String, String)>, Failure> {
        let mut written = Vec::with_capacity(sections.len());
        if self.notes.is_none() {
            self.say(offline::opening(self.kind)).await;
        }
        for (done, section) in sections.iter().enumerate() {
            self.out.progress(Stage::Writing, done, sections.len()).await;
            self.say(format!("## {}\n\n", section.title)).await;
            let from = self.text.len();
            match &self.notes {
                Some(notes) => self.ask(section, notes.clone()).await?,
                None => {
                    let text = offline::section(section, &self.parts).await?;
                    self.say(text).await;
                }
            }
            written.push((section.title.clone(), self.text[from..].trim().to_owned()));
            self.say("\n\n".to_owned()).await;
        }
        self.out.progress(Stage::Writing, sections.len(), sections.len()).await;
        Ok(written)
    }

    async fn ask(&mut self, section: &Section, notes: Vec<Passage>) -> Result<(), Failure> {
        let question =
            format!("{}\n\nWrite the section “{}”: {}.", self.subject, section.title, section.aim);
        let instruction = self.kind.instruction();
        let mut said = std::pin::pin!(self.asking.say(instruction, question, notes));
        while let Some(delta) = said.next().await {
            self.say(delta?).await;
        }
        Ok(())
    }

    async fn say(&mut self, text: String) {
        self.text.push_str(&text);
        self.out.tell(What::Delta(text)).await;
    }
}
