//! From a question to its answer: stored first, then retrieved for, then made by a model while the
//! reader watches. A reader who leaves stops the model; what was shown is what is stored.

mod event;
mod retrieve;
mod source;

use std::time::{Duration, Instant};

use elenchus_llm::{Model, ModelEvent, Models, Prompt, Role};
use elenchus_rpc::{Caller, Shutdown, Transport};
use futures_util::StreamExt;
use serde_json::{Map, json};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::Instrument;

pub use self::event::{Event, What};
use self::event::{Gone, Narrator};
use self::retrieve::Retriever;
use crate::domain::{Citation, Error, MessageStatus, Passage, Question, Usage, storable};
use crate::store::{Asked, Ending, Kept, Store};

/// How long the maker of an answer is believed to live without a sign.
const LEASE: Duration = Duration::from_secs(30);
const SIGN_EVERY: Duration = Duration::from_secs(5);
/// How often, and how long after each other, the end of an answer is tried to be stored.
const END_ATTEMPTS: u32 = 5;
const END_PAUSE: Duration = Duration::from_millis(200);

/// Why there is no whole answer, in words for the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub detail: &'static str,
    /// Whether asking again may help.
    pub is_retryable: bool,
}

impl Failure {
    /// A document that was named is not there.
    pub const DOCUMENT: Self =
        Self { code: "DOCUMENT_NOT_FOUND", detail: "document not found", is_retryable: false };
    const DOCUMENTS: Self = Self {
        code: "DOCUMENTS_UNAVAILABLE",
        detail: "the documents cannot be searched right now; ask again in a moment",
        is_retryable: true,
    };
    const MODEL: Self = Self {
        code: "MODEL_UNAVAILABLE",
        detail: "the model broke off; what it had said is kept, and asking again may help",
        is_retryable: true,
    };
    const STORE: Self = Self {
        code: "STORE_UNAVAILABLE",
        detail: "the answer could not be stored; ask again in a moment",
        is_retryable: true,
    };
    const LOST: Self = Self {
        code: "CONVERSATION_DELETED",
        detail: "the conversation was deleted while it was answered",
        is_retryable: false,
    };
}

/// Makes answers.
#[derive(Clone)]
pub struct Answers {
    store: Store,
    models: Models,
    retriever: Retriever,
    shutdown: Shutdown,
}

/// Why the making of an answer ended before its end.
enum Stop {
    /// Nobody reads it any more.
    Gone,
    /// It cannot go on.
    Failed(Failure),
}

impl From<Gone> for Stop {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl Answers {
    /// Puts the parts together. `documents` signs as this service.
    pub fn new(store: Store, models: Models, documents: Transport, shutdown: Shutdown) -> Self {
        Self { store, models, retriever: Retriever::new(documents), shutdown }
    }

    /// Stores a question and begins its answer. Dropping what is returned stops the answer.
    pub async fn ask(
        &self,
        caller: Caller,
        question: Question,
        model: &str,
    ) -> Result<mpsc::Receiver<Event>, Error> {
        let model = self
            .models
            .find(model)
            .map_err(|unknown| Error::invalid("model", unknown.to_string()))?;
        let asked = self.store.ask(caller.user_id, &question, model.name(), LEASE).await?;
        let (narrator, events) = Narrator::new();
        let span = tracing::info_span!(
            "conversation.answer",
            conversation.id = %asked.conversation_id.0,
            message.id = %asked.answer_id.0,
            gen_ai.request.model = model.name(),
            gen_ai.usage.input_tokens = tracing::field::Empty,
            gen_ai.usage.output_tokens = tracing::field::Empty,
        );
        let making = Making {
            answers: self.clone(),
            began: Instant::now(),
            content: String::new(),
            citations: Vec::new(),
            usage: Usage::default(),
            narrator,
            asked,
        };
        self.shutdown.spawn(making.run(caller, question, model).instrument(span));
        Ok(events)
    }

    /// Answers from passages alone, and keeps nothing.
    pub async fn answer(&self, prompt: Prompt, model: &str) -> Result<Answered, Error> {
        let model = self
            .models
            .find(model)
            .map_err(|unknown| Error::invalid("model", unknown.to_string()))?;
        let mut answered = Answered { model: model.name().to_owned(), ..Answered::default() };
        let mut events = model.answer(prompt);
        while let Some(event) = events.next().await {
            match event {
                Ok(ModelEvent::Delta(text)) => answered.text.push_str(&text),
                Ok(ModelEvent::Citation(citation)) => answered.citations.push(citation),
                Ok(ModelEvent::Usage(usage)) => answered.usage = counted(usage),
                Err(error) => {
                    tracing::warn!(%error, "a model broke off");
                    return Err(Error::ModelUnavailable);
                }
            }
        }
        Ok(answered)
    }
}

/// A whole answer that nothing keeps.
#[derive(Debug, Default)]
pub struct Answered {
    /// The text.
    pub text: String,
    /// The model that answered.
    pub model: String,
    /// What it read and wrote.
    pub usage: Usage,
    /// What it quotes, by the place of the passage.
    pub citations: Vec<elenchus_llm::Citation>,
}

/// One answer in the making.
struct Making {
    answers: Answers,
    asked: Asked,
    narrator: Narrator,
    began: Instant,
    /// What was shown so far.
    content: String,
    citations: Vec<Citation>,
    usage: Usage,
}

impl Making {
    async fn run(mut self, caller: Caller, question: Question, model: std::sync::Arc<dyn Model>) {
        let made = self.make(&caller, question, model.as_ref()).await;
        let span = tracing::Span::current();
        span.record("gen_ai.usage.input_tokens", self.usage.prompt_tokens);
        span.record("gen_ai.usage.output_tokens", self.usage.completion_tokens);
        // Told also before bad news; whoever left does not hear it.
        let _ = self.narrator.tell(What::Usage(self.usage)).await;
        let (status, failure) = match made {
            Ok(()) => (MessageStatus::Complete, None),
            Err(Stop::Gone) => (MessageStatus::Stopped, None),
            Err(Stop::Failed(failure)) if self.content.is_empty() => {
                (MessageStatus::Failed, Some(failure))
            }
            Err(Stop::Failed(failure)) => (MessageStatus::Incomplete, Some(failure)),
        };
        let last = self.end(status, failure, model.name()).await;
        let _ = self.narrator.tell(last).await;
    }

    async fn make(
        &mut self,
        caller: &Caller,
        question: Question,
        model: &dyn Model,
    ) -> Result<(), Stop> {
        let started = What::Started {
            conversation_id: self.asked.conversation_id,
            answer_id: self.asked.answer_id,
            question_id: self.asked.question_id,
            model: model.name().to_owned(),
        };
        self.narrator.tell(started).await?;
        let retriever = self.answers.retriever.clone();
        let passages = tokio::select! {
            passages = retriever.passages(caller, &question, &self.asked.attached) => {
                passages.map_err(Stop::Failed)?
            }
            () = self.narrator.abandoned() => return Err(Stop::Gone),
        };
        self.narrator.tell(What::Retrieval(passages.clone())).await?;
        self.relay(model, prompt(&question, &self.asked, &passages), &passages).await
    }

    /// Shows what the model says, and keeps it, until either has had enough.
    async fn relay(
        &mut self,
        model: &dyn Model,
        prompt: Prompt,
        passages: &[Passage],
    ) -> Result<(), Stop> {
        let mut events = model.answer(prompt);
        let mut signs = interval(SIGN_EVERY);
        signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        signs.tick().await;
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = self.narrator.abandoned() => return Err(Stop::Gone),
                _ = signs.tick() => {
                    self.give_sign().await?;
                    continue;
                }
            };
            match event {
                None => return Ok(()),
                Some(Ok(event)) => self.show(event, passages).await?,
                Some(Err(error)) => {
                    tracing::warn!(%error, "a model broke off");
                    return Err(Stop::Failed(Failure::MODEL));
                }
            }
        }
    }

    async fn show(&mut self, event: ModelEvent, passages: &[Passage]) -> Result<(), Stop> {
        match event {
            ModelEvent::Delta(text) => {
                let text = storable(text);
                self.narrator.tell(What::Delta(text.clone())).await?;
                self.content.push_str(&text);
            }
            ModelEvent::Citation(citation) => {
                if let Some(citation) =
                    passages.get(citation.passage_index).map(|p| place(&citation, p))
                {
                    self.narrator.tell(What::Citation(citation.clone())).await?;
                    self.citations.push(citation);
                }
            }
            ModelEvent::Usage(usage) => self.usage = counted(usage),
        }
        Ok(())
    }

    /// Says that the answer is still being made. A store that is away for a moment stops nothing.
    async fn give_sign(&self) -> Result<(), Stop> {
        match self.answers.store.keep(self.asked.answer_id, &self.content, LEASE).await {
            Ok(Kept::Lost) => Err(Stop::Failed(Failure::LOST)),
            Ok(Kept::Ours) => Ok(()),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an answer could not give a sign of life"
                );
                Ok(())
            }
        }
    }

    /// Stores the end, and says what the reader is told of it.
    async fn end(&self, status: MessageStatus, failure: Option<Failure>, model: &str) -> What {
        let mut metadata = Map::new();
        if let Some(failure) = failure {
            metadata.insert(
                "error".to_owned(),
                json!({"code": failure.code, "detail": failure.detail}),
            );
        }
        let ending = Ending {
            status,
            content: self.content.clone(),
            citations: self.citations.clone(),
            usage: self.usage,
            metadata,
            duration: self.began.elapsed(),
        };
        for attempt in 1..=END_ATTEMPTS {
            match (self.answers.store.end(&self.asked, model, &ending).await, failure) {
                (Ok(Some(message)), None) => return What::Completed(message),
                (Ok(_), Some(failure)) => return What::Failed(failure),
                (Ok(None), None) => return What::Failed(Failure::LOST),
                (Err(error), _) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        attempt,
                        "an answer's end is not stored"
                    );
                    tokio::time::sleep(END_PAUSE * attempt).await;
                }
            }
        }
        What::Failed(Failure::STORE)
    }
}

fn prompt(question: &Question, asked: &Asked, passages: &[Passage]) -> Prompt {
    let history = asked.history.iter().map(|turn| elenchus_llm::Turn {
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
fn told(passage: &Passage) -> elenchus_llm::Passage {
    let name = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    elenchus_llm::Passage {
        source: passage.filename.clone(),
        text: passage.content.clone(),
        page: passage.page.and_then(|page| u32::try_from(page).ok()),
        start_char: usize::try_from(passage.start_char).unwrap_or_default(),
        end_char: usize::try_from(passage.end_char).unwrap_or_default(),
        document_id: name(passage.document_id),
        chunk_id: name(passage.chunk_id),
    }
}

/// Where a quotation from a passage stands in its document.
fn place(citation: &elenchus_llm::Citation, passage: &Passage) -> Citation {
    let at = |offset: usize| passage.start_char + i32::try_from(offset).unwrap_or_default();
    Citation {
        marker: citation.marker.clone(),
        quote: citation.quote.clone(),
        document_id: passage.document_id,
        chunk_id: passage.chunk_id,
        filename: passage.filename.clone(),
        page: passage.page,
        start_char: at(citation.start_char),
        end_char: at(citation.end_char),
    }
}

fn counted(usage: elenchus_llm::Usage) -> Usage {
    let count = |tokens: usize| i32::try_from(tokens).unwrap_or(i32::MAX);
    Usage {
        prompt_tokens: count(usage.prompt_tokens),
        completion_tokens: count(usage.completion_tokens),
        is_estimated: usage.is_estimated,
        cost_microusd: 0,
    }
}
