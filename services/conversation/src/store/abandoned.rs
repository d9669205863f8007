//! Ends the answers whose maker has died. What their readers saw stays, and is told to have ended.

use std::sync::Arc;
use std::time::Duration;

use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use elenchus_rpc::UserId;
use serde_json::json;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::answer::numbered;
use super::{Store, event};
use crate::citation::{self, Found, Material};
use crate::domain::{ConversationId, Error, MessageId, MessageStatus, Passage, Usage};
use crate::generation::{Failure, What};
use crate::outbox;

#[derive(sqlx::FromRow)]
struct Abandoned {
    user_id: Uuid,
    conversation_id: Uuid,
    message_id: Uuid,
    model_used: String,
    seconds: f64,
}

impl Store {
    /// Ends the answers whose maker has died. Returns how many there were.
    pub async fn end_abandoned(&self) -> Result<usize, Error> {
        let mut count = 0;
        while self.end_one_abandoned().await? {
            count += 1;
        }
        Ok(count)
    }

    async fn end_one_abandoned(&self) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        let found = sqlx::query_as::<_, Abandoned>(
            "SELECT c.user_id, m.conversation_id, m.message_id, m.model_used,
                    extract(epoch FROM clock_timestamp() - m.created_at)::float8 AS seconds
             FROM message AS m JOIN conversation AS c USING (conversation_id)
             WHERE m.status = 'generating' AND m.generating_until < clock_timestamp()
             ORDER BY m.generating_until
             LIMIT 1
             -- Another replica sweeps too, and the maker may come back to life right now.
             FOR UPDATE OF m SKIP LOCKED",
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(answer) = found else { return Ok(false) };
        let id = MessageId(answer.message_id);
        let shown = Shown::of(event::all(&mut transaction, id).await?);
        let material = Arc::new(Material::of_passages(&shown.passages));
        let found = citation::check(&shown.content, &material, citation::BUDGET).await;
        end(&mut transaction, id, &shown, &found).await?;
        let last = [What::Usage(shown.usage()), What::Failed(Failure::INTERRUPTED)];
        let last = numbered(id, shown.last_seq, &found.citations, last);
        event::insert(&mut transaction, id, &last).await?;
        let told = outbox::answer_ended(
            UserId(answer.user_id),
            ConversationId(answer.conversation_id),
            id,
            &answer.model_used,
            shown.status(),
            &shown.usage(),
            Duration::try_from_secs_f64(answer.seconds).unwrap_or_default(),
        );
        elenchus_outbox::record(&mut transaction, &told).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// What the readers of an answer saw of it.
#[derive(Default)]
struct Shown {
    content: String,
    passages: Vec<Passage>,
    last_seq: i32,
}

impl Shown {
    fn of(events: Vec<pb::ChatEvent>) -> Self {
        let mut shown = Self::default();
        for event in events {
            shown.last_seq = event.seq;
            match event.payload {
                Some(Payload::Delta(delta)) => shown.content.push_str(&delta.text),
                Some(Payload::Retrieval(retrieval)) => {
                    shown.passages = retrieval.passages.into_iter().map(Into::into).collect();
                }
                _ => {}
            }
        }
        shown
    }

    fn status(&self) -> MessageStatus {
        if self.content.is_empty() { MessageStatus::Failed } else { MessageStatus::Incomplete }
    }

    /// The provider's own count died with whoever asked it.
    fn usage(&self) -> Usage {
        let tokens = elenchus_llm::estimated_tokens(&self.content);
        Usage {
            completion_tokens: i32::try_from(tokens).unwrap_or(i32::MAX),
            is_estimated: true,
            ..Usage::default()
        }
    }
}

async fn end(
    transaction: &mut PgConnection,
    answer: MessageId,
    shown: &Shown,
    found: &Found,
) -> Result<(), sqlx::Error> {
    let Failure { code, detail, .. } = Failure::INTERRUPTED;
    let error = json!({"error": {"code": code, "detail": detail}});
    sqlx::query(
        "UPDATE message
         SET status = $2, content = $3, citations = $4, completion_tokens = $5, is_estimated = true,
             metadata = metadata || $6, citation_report = $7, generating_until = NULL
         WHERE message_id = $1",
    )
    .bind(answer.0)
    .bind(shown.status().as_str())
    .bind(&shown.content)
    .bind(Json(&found.citations))
    .bind(shown.usage().completion_tokens)
    .bind(Json(&error))
    .bind(Json(&found.report))
    .execute(transaction)
    .await?;
    Ok(())
}
