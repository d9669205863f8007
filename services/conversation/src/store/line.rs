//! Which message follows which: the line of messages that leads to a question.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Turn;
use crate::domain::{ConversationId, Error, Message, MessageId};
use elenchus_rpc::UserId;

use super::Store;

/// Messages before a question that its answer may take into account.
const HISTORY_MESSAGES: i64 = 10;

impl Store {
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

/// The last messages up to this one that say something, oldest first. Other branches are not among them.
pub(super) async fn history(
    connection: &mut PgConnection,
    last: Uuid,
) -> Result<Vec<Turn>, sqlx::Error> {
    let mut turns = sqlx::query_as::<_, Turn>(
        "WITH RECURSIVE line AS (
             SELECT message.*, 1 AS depth FROM message WHERE message_id = $1
             UNION ALL
             SELECT message.*, depth + 1
             FROM line JOIN message
               ON message.conversation_id = line.conversation_id
              AND (message.message_id = line.parent_id
                   OR line.parent_id IS NULL AND message.sequence = line.sequence - 1)
             -- Answers that say nothing take up places too.
             WHERE depth < 2 * $2)
         SELECT is_user, content FROM line
         WHERE status <> 'generating' AND content <> ''
         ORDER BY depth
         LIMIT $2",
    )
    .bind(last)
    .bind(HISTORY_MESSAGES)
    .fetch_all(connection)
    .await?;
    turns.reverse();
    Ok(turns)
}
