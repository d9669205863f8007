//! What users say of answers.

use elenchus_rpc::UserId;
use sqlx::types::Json;

use super::Store;
use crate::domain::{Error, Feedback, MessageId, Opinion};

impl Store {
    /// Stores what the owner says of an answer, in the place of what was said before.
    pub async fn rate(
        &self,
        owner: UserId,
        id: MessageId,
        opinion: &Opinion,
    ) -> Result<Feedback, Error> {
        let is_user: Option<bool> = sqlx::query_scalar(
            "SELECT is_user FROM message JOIN conversation USING (conversation_id)
             WHERE message_id = $1 AND user_id = $2",
        )
        .bind(id.0)
        .bind(owner.0)
        .fetch_optional(&self.pool)
        .await?;
        if is_user.ok_or(Error::MessageNotFound)? {
            return Err(Error::NotAnAnswer);
        }
        let stored: Json<Feedback> = sqlx::query_scalar(
            "INSERT INTO message_feedback AS f (message_id, user_id, rating, comment)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (message_id) DO UPDATE
             SET rating = excluded.rating, comment = excluded.comment, updated_at = clock_timestamp()
             RETURNING to_jsonb(f)",
        )
        .bind(id.0)
        .bind(owner.0)
        .bind(opinion.rating.as_str())
        .bind(&opinion.comment)
        .fetch_one(&self.pool)
        .await?;
        Ok(stored.0)
    }
}
