//! One answer in the making: told step by step, kept alive, ended once.

use std::time::{Duration, Instant};

use elenchus_llm::{ModelEvent, estimated_tokens};
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_rpc::Shutdown;
use tokio::time::sleep;

use super::checking::Checking;
use super::memory::Summing;
use super::work::{Step, Work};
use super::{MOST_BYTES, Pace, counted};
use crate::citation::Found;
use crate::domain::{MessageStatus, Passage, Usage, storable};
use crate::generation::{Failure, Log, Making as Open, What, numbered};
use crate::store::{Asked, Ending, Kept, Store};

/// What an answer in hand gets to end by itself once the process has to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How often, and how long after each other, the end of an answer is tried to be stored.
const END_ATTEMPTS: u32 = 5;
const END_PAUSE: Duration = Duration::from_millis(200);

/// Why the making of an answer ended before its end.
enum Stop {
    /// Nobody reads it any more, or someone wants it to stop.
    Unwanted,
    /// It cannot go on.
    Failed(Failure),
    /// Nothing more can be told; the log knows why.
    Untold,
}

/// What of an answer was told so far.
#[derive(Default)]
struct Told {
    content: String,
    /// What it is made from.
    passages: Vec<Passage>,
    /// The model that answers, where it is not the one that was asked.
    answered_by: Option<String>,
    /// About how many tokens the model was given to read.
    prompt_tokens: usize,
    /// What the model says that it read and wrote.
    usage: Option<elenchus_llm::Usage>,
}

/// One answer in the making.
pub(super) struct Making {
    pub(super) store: Store,
    pub(super) shutdown: Shutdown,
    pub(super) pace: Pace,
    pub(super) asked: Asked,
    pub(super) model: String,
    pub(super) began: Instant,
    /// Whether it is made to its end when whoever asked leaves.
    pub(super) is_detached: bool,
    pub(super) checking: Checking,
    pub(super) summing: Summing,
    pub(super) scored_trace: Option<String>,
}

impl Making {
    pub(super) async fn run(self, mut work: Work, open: Open) {
        let Open { log, live, place } = open;
        let mut told = Told::default();
        let made = tokio::select! {
            made = told.relay(&mut work, &log) => made,
            () = live.stop.cancelled() => Err(Stop::Unwanted),
            () = live.gone.cancelled(), if !self.is_detached => Err(Stop::Unwanted),
            () = self.out_of_time() => Err(Stop::Failed(Failure::INTERRUPTED)),
            failure = self.give_signs() => Err(Stop::Failed(failure)),
        };
        // The model first: it costs.
        work.leave().await;
        place.hurry();
        let span = tracing::Span::current();
        let usage = told.usage();
        span.record("gen_ai.usage.input_tokens", usage.prompt_tokens);
        span.record("gen_ai.usage.output_tokens", usage.completion_tokens);
        let closed = log.close().await;
        let last_seq = match (closed, made) {
            (Ok(last_seq), Ok(())) => Ok((last_seq, MessageStatus::Complete, None)),
            (Ok(last_seq), Err(Stop::Unwanted)) => Ok((last_seq, MessageStatus::Stopped, None)),
            (Ok(last_seq), Err(Stop::Failed(failure))) => {
                Ok((last_seq, told.broken(), Some(failure)))
            }
            (Ok(_), Err(Stop::Untold)) => Err(Failure::STORE),
            (Err(failure), _) => Err(failure),
        };
        match last_seq {
            Ok((last_seq, status, failure)) => {
                let model = told.answered_by.take().unwrap_or_else(|| self.model.clone());
                let found = self.check(&told).await;
                let mut ending = told.end(last_seq, status, failure, found, self.began.elapsed());
                ending.scored_trace.clone_from(&self.scored_trace);
                let last = self.end(&model, &ending).await;
                live.show(match last.is_empty() {
                    true => self.last_of_deleted(ending.usage, last_seq).await,
                    false => last,
                });
                // No reader waits for it.
                drop(place);
                self.summing.run(&self.asked).await;
            }
            // Whoever sweeps ends it with what is stored.
            Err(failure) => {
                tracing::warn!(code = failure.code, "an answer was given up");
                live.show(self.last_of_deleted(usage, live.last_seq()).await);
            }
        }
    }

    /// Holds what was said against its sources, and gives signs of life meanwhile.
    async fn check(&self, told: &Told) -> Found {
        tokio::select! {
            found = self.checking.check(&told.content, &told.passages) => found,
            // Then nothing of it can be stored either.
            _ = self.give_signs() => Found::default(),
        }
    }

    /// Says again and again that the answer is still being made. A store that is away for a moment
    /// stops nothing.
    async fn give_signs(&self) -> Failure {
        loop {
            sleep(self.pace.sign_every).await;
            match self.store.keep(self.asked.answer_id, self.pace.lease).await {
                Ok(Kept::Lost) => return Failure::LOST,
                Ok(Kept::Ours) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an answer could not give a sign of life"
                ),
            }
        }
    }

    /// What the readers of an answer are told that was deleted while it was made. Nothing where it is there,
    /// and another process ends it.
    async fn last_of_deleted(&self, usage: Usage, last_seq: i32) -> Vec<pb::ChatEvent> {
        let id = self.asked.answer_id;
        match self.store.has_answer(id).await {
            Ok(false) => {
                numbered(id, last_seq, &[], [What::Usage(usage), What::Failed(Failure::LOST)])
            }
            Ok(true) | Err(_) => Vec::new(),
        }
    }

    async fn out_of_time(&self) {
        self.shutdown.stopping().await;
        sleep(DRAIN).await;
    }

    /// Stores the end. Returns what the readers are told of it.
    async fn end(&self, model: &str, ending: &Ending) -> Vec<pb::ChatEvent> {
        for attempt in 1..=END_ATTEMPTS {
            match self.store.end(&self.asked, model, ending).await {
                Ok(Some((_, last))) => return last,
                Ok(None) => {
                    tracing::info!("an answer was deleted, or ended by another process");
                    return Vec::new();
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        attempt,
                        "an answer's end is not stored"
                    );
                    sleep(END_PAUSE * attempt).await;
                }
            }
        }
        Vec::new()
    }
}

impl Told {
    /// Tells what the work comes to, until it has ended.
    async fn relay(&mut self, work: &mut Work, log: &Log) -> Result<(), Stop> {
        loop {
            let step = work.next().await;
            // Nothing is counted as told that may be dropped while it waits.
            let room = log.room().await.ok_or(Stop::Untold)?;
            match step {
                Step::Retrieved { passages, remembered, prompt_tokens } => {
                    self.prompt_tokens = prompt_tokens;
                    self.passages.clone_from(&passages);
                    room.tell(What::Retrieval(passages, remembered));
                }
                Step::Said(ModelEvent::Delta(text)) => {
                    let text = storable(text);
                    if self.content.len() + text.len() > MOST_BYTES {
                        return Err(Stop::Failed(Failure::TOO_LONG));
                    }
                    self.content.push_str(&text);
                    room.tell(What::Delta(text));
                }
                // What a model says of its quotes is not believed: they are checked like any other.
                Step::Said(ModelEvent::Citation(_)) => {}
                Step::Said(ModelEvent::AnsweredBy(name)) => self.answered_by = Some(name),
                Step::Said(ModelEvent::Usage(usage)) => self.usage = Some(usage),
                Step::Failed(failure) => return Err(Stop::Failed(failure)),
                Step::Done => return Ok(()),
            }
        }
    }

    /// What was read and written: the model's own count, or ours where it was left before it told.
    fn usage(&self) -> Usage {
        counted(self.usage.unwrap_or_else(|| elenchus_llm::Usage {
            prompt_tokens: self.prompt_tokens,
            completion_tokens: estimated_tokens(&self.content),
            is_estimated: true,
            ..Default::default()
        }))
    }

    /// How an answer that could not be finished is called.
    fn broken(&self) -> MessageStatus {
        if self.content.is_empty() { MessageStatus::Failed } else { MessageStatus::Incomplete }
    }

    fn end(
        self,
        last_seq: i32,
        status: MessageStatus,
        failure: Option<Failure>,
        found: Found,
        duration: Duration,
    ) -> Ending {
        let usage = self.usage();
        let Found { citations, report } = found;
        let content = self.content;
        let scored_trace = None;
        Ending {
            status,
            content,
            citations,
            report,
            usage,
            failure,
            last_seq,
            duration,
            scored_trace,
        }
    }
}
