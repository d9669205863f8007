//! The end of an answer in the store, whoever brings it about. What is told of it is written in the same
//! transaction.

use std::time::Duration;

use elenchus_proto::pb::conversation::v1 as pb;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::answer::{Asked, find};
use super::conversation::touch;
use super::message::{Row, columns};
use super::{Store, event, score};
use crate::domain::{Citation, CitationReport, Error, Message, MessageId, MessageStatus, Usage};
use crate::generation::{Failure, What, numbered};
use crate::outbox;

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// Any but `Generating`.
    pub status: MessageStatus,
    /// All that was shown of it.
    pub content: String,
    /// Its quotes and citations, as they were checked.
    pub citations: Vec<Citation>,
    /// How the check went.
    pub report: CitationReport,
    /// What the model read and wrote.
    pub usage: Usage,
    /// Why it broke off.
    pub failure: Option<Failure>,
    /// The number of the last event so far.
    pub last_seq: i32,
    /// From the question to the end.
    pub duration: Duration,
    /// The trace that the check is told of as scores. None where nobody is told.
    pub scored_trace: Option<String>,
}

impl Store {
    /// Ends an answer, once, and returns it with its last events; ending it again in the same way
    /// changes nothing. None when it was deleted, or ended by someone who believed us dead.
    pub async fn end(
        &self,
        asked: &Asked,
        model: &str,
        ending: &Ending,
    ) -> Result<Option<(Message, Vec<pb::ChatEvent>)>, Error> {
        let mut transaction = self.pool.begin().await?;
        // The conversation first, as everywhere, so that no two transactions wait for each other.
        touch(&mut transaction, asked.conversation_id).await?;
        let row = end(&mut transaction, asked.answer_id, model, ending).await?;
        if row.is_none()
            && let Some(ended) = find(&mut transaction, asked.answer_id).await?
        {
            // A commit whose acknowledgement was lost is a commit.
            let is_ours = ended.status == ending.status && ended.content == ending.content;
            let last = last_events(&ended, ending);
            return Ok(is_ours.then_some((ended, last)));
        }
        // Of a deleted answer the tokens were used all the same.
        let ended = tell(&mut transaction, asked, model, ending, row).await?;
        transaction.commit().await?;
        Ok(ended)
    }
}

/// Stores the end, where the answer is still being made.
pub(super) async fn end(
    transaction: &mut PgConnection,
    answer: MessageId,
    model: &str,
    ending: &Ending,
) -> Result<Option<Row>, sqlx::Error> {
    let mut metadata = Map::new();
    if let Some(Failure { code, detail, .. }) = ending.failure {
        metadata.insert("error".to_owned(), json!({"code": code, "detail": detail}));
    }
    sqlx::query_as(concat!(
        "WITH handed_over AS (DELETE FROM unfinished_answer WHERE message_id = $1)
         UPDATE message
         SET status = $2, content = $3, citations = $4, prompt_tokens = $5, completion_tokens = $6,
             is_estimated = $7, cost_microusd = $8, metadata = $9, model_used = $10,
             cached_tokens = $11, reasoning_tokens = $12, citation_report = $13,
             generating_until = NULL
         WHERE message_id = $1 AND status = 'generating'
         RETURNING ",
        columns!()
    ))
    .bind(answer.0)
    .bind(ending.status.as_str())
    .bind(&ending.content)
    .bind(Json(&ending.citations))
    .bind(ending.usage.prompt_tokens)
    .bind(ending.usage.completion_tokens)
    .bind(ending.usage.is_estimated)
    .bind(ending.usage.cost_microusd)
    .bind(Json(&Value::Object(metadata)))
    .bind(model)
    .bind(ending.usage.cached_tokens)
    .bind(ending.usage.reasoning_tokens)
    .bind(Json(&ending.report))
    .fetch_optional(transaction)
    .await
}

/// Tells analytics, the readers and Langfuse of an end, in its transaction. Returns the message with its last
/// events, where there is one.
pub(super) async fn tell(
    transaction: &mut PgConnection,
    asked: &Asked,
    model: &str,
    ending: &Ending,
    row: Option<Row>,
) -> Result<Option<(Message, Vec<pb::ChatEvent>)>, Error> {
    let told = outbox::answer_ended(
        asked.owner,
        asked.conversation_id,
        asked.answer_id,
        model,
        ending.status,
        &ending.usage,
        ending.duration,
    );
    elenchus_outbox::record(&mut *transaction, &told).await?;
    let message: Option<Message> = row.map(TryInto::try_into).transpose()?;
    let last = message.as_ref().map(|message| last_events(message, ending));
    if let Some(last) = &last {
        event::insert(&mut *transaction, asked.answer_id, last).await?;
        if let Some(trace) = &ending.scored_trace {
            score::insert(transaction, asked.answer_id, trace, &ending.report).await?;
        }
    }
    Ok(message.zip(last))
}

/// What the readers of an answer are told at its end.
fn last_events(message: &Message, ending: &Ending) -> Vec<pb::ChatEvent> {
    let end = match ending.failure {
        Some(failure) => What::Failed(failure),
        None => What::Completed(Box::new(message.clone())),
    };
    let last = [What::Usage(ending.usage), end];
    numbered(message.id, ending.last_seq, &ending.citations, last)
}
