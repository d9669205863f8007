//! Which message follows which: the line of messages that leads to a question.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Store;
use crate::domain::{ConversationId, Error, Message, MessageId};
use elenchus_rpc::UserId;

/// Messages that are looked at from a question back, where no summary stands before.
const MOST_MESSAGES: i32 = 400;
/// What of a message a model may be told again.
const MOST_CHARS: i32 = 32_000;

/// The parent of a question that follows no message and is not the first of its conversation.
pub(super) const NOTHING: Uuid = Uuid::nil();

/// What was said before a question, on its own branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// What the messages before came to.
    pub summary: Option<String>,
    /// The messages after those, oldest first.
    pub turns: Vec<Turn>,
}

/// A message of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its id.
    pub id: MessageId,
    /// Whether the user said it.
    pub is_user: bool,
    /// What was said.
    pub content: String,
}

impl Line {
    /// All of it, in bytes.
    pub fn bytes(&self) -> usize {
        let turns: usize = self.turns.iter().map(|turn| turn.content.len()).sum();
        turns + self.summary.as_ref().map_or(0, String::len)
    }

    /// All of it as one text.
    pub fn transcript(&self) -> String {
        let summary = self.summary.iter().map(|summary| format!("Before: {summary}\n\n"));
        let turn = |turn: &Turn| format!("{}: {}\n\n", turn.speaker(), turn.content);
        summary.chain(self.turns.iter().map(turn)).collect()
    }
}

impl Turn {
    /// Who said it, in a transcript.
    pub fn speaker(&self) -> &'static str {
        if self.is_user { "User" } else { "Assistant" }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    message_id: Uuid,
    is_user: bool,
    content: String,
    summary: Option<String>,
}

impl Store {
    /// What was said up to this message.
    pub async fn line(&self, last: MessageId) -> Result<Line, Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(line(&mut connection, last.0).await?)
    }

    /// Keeps what a conversation came to up to a message, unless that is known.
    pub async fn keep_summary(
        &self,
        conversation: ConversationId,
        last: MessageId,
        summary: &str,
        model: &str,
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO context_summary (message_id, conversation_id, content, model_used)
             -- A message that was deleted meanwhile needs none.
             SELECT message_id, conversation_id, $3, $4 FROM message
             WHERE message_id = $1 AND conversation_id = $2
             ON CONFLICT DO NOTHING",
        )
        .bind(last.0)
        .bind(conversation.0)
        .bind(summary)
        .bind(model)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// An answer of the owner.
    pub async fn answer(&self, owner: UserId, id: MessageId) -> Result<Message, Error> {
        let answer = self.message(owner, id).await.map_err(missing)?;
        if answer.is_user { Err(Error::NotAnAnswer) } else { Ok(answer) }
    }

    /// The question of an answer of the owner.
    pub async fn question_of(&self, owner: UserId, answer: MessageId) -> Result<Message, Error> {
        let answer = self.answer(owner, answer).await?;
        let question = answer.parent.ok_or(Error::MessageNotFound)?;
        self.message(owner, question).await.map_err(missing)
    }
}

fn missing(error: Error) -> Error {
    if matches!(error, Error::GenerationNotFound) { Error::MessageNotFound } else { error }
}

/// The last message of a conversation.
pub(super) async fn last(
    connection: &mut PgConnection,
    id: ConversationId,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT message_id FROM message WHERE conversation_id = $1 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(id.0)
    .fetch_optional(connection)
    .await
}

/// The answer of a conversation that a question goes on from.
pub(super) async fn answer(
    connection: &mut PgConnection,
    id: ConversationId,
    answer: MessageId,
) -> Result<Uuid, Error> {
    let is_user: Option<bool> = sqlx::query_scalar(
        "SELECT is_user FROM message WHERE message_id = $1 AND conversation_id = $2",
    )
    .bind(answer.0)
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    match is_user {
        Some(false) => Ok(answer.0),
        Some(true) => Err(Error::NotAnAnswer),
        None => Err(Error::MessageNotFound),
    }
}

/// The message before a question of a conversation. None before its first.
pub(super) async fn before(
    connection: &mut PgConnection,
    id: ConversationId,
    question: MessageId,
) -> Result<Option<Uuid>, Error> {
    let found: Option<(bool, Option<Uuid>)> = sqlx::query_as(
        "SELECT is_user, coalesce(parent_id, (SELECT before.message_id FROM message AS before
                                              WHERE before.conversation_id = message.conversation_id
                                                AND before.sequence = message.sequence - 1))
         FROM message WHERE message_id = $1 AND conversation_id = $2",
    )
    .bind(question.0)
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    match found {
        Some((true, parent)) => Ok(parent.filter(|parent| *parent != NOTHING)),
        Some((false, _)) => Err(Error::NotAQuestion),
        None => Err(Error::MessageNotFound),
    }
}

/// The messages up to this one that say something, back to the last that a summary covers. Other branches
/// are not among them.
pub(super) async fn line(connection: &mut PgConnection, last: Uuid) -> Result<Line, sqlx::Error> {
    let rows = sqlx::query_as::<_, Row>(
        "WITH RECURSIVE line AS (
             SELECT message_id, conversation_id, sequence, parent_id, 1 AS depth
             FROM message WHERE message_id = $1
             UNION ALL
             SELECT before.message_id, before.conversation_id, before.sequence, before.parent_id, depth + 1
             FROM line JOIN message AS before
               ON before.conversation_id = line.conversation_id
              AND (before.message_id = line.parent_id
                   OR line.parent_id IS NULL AND before.sequence = line.sequence - 1)
             WHERE depth < $2
               AND NOT EXISTS (SELECT FROM context_summary AS known WHERE known.message_id = line.message_id))
         SELECT message_id, is_user, left(message.content, $3) AS content, summary.content AS summary
         FROM line JOIN message USING (message_id)
         LEFT JOIN context_summary AS summary USING (message_id)
         WHERE summary.content IS NOT NULL OR status <> 'generating' AND message.content <> ''
         ORDER BY depth DESC",
    )
    .bind(last)
    .bind(MOST_MESSAGES)
    .bind(MOST_CHARS)
    .fetch_all(connection)
    .await?;
    let mut line = Line::default();
    for Row { message_id, is_user, content, summary } in rows {
        match summary {
            Some(summary) => line.summary = Some(summary),
            None => line.turns.push(Turn { id: MessageId(message_id), is_user, content }),
        }
    }
    Ok(line)
}
