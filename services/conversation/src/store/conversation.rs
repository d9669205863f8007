//! Conversations and the documents attached to them.

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use elenchus_rpc::page::Page;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Store, lock};
use crate::domain::{Change, Conversation, ConversationId, Error, Metadata, NewConversation};

/// What a page of conversations is continued from: when the last one changed, and its id.
pub type ConversationKey = (DateTime<Utc>, Uuid);

#[derive(sqlx::FromRow)]
struct Row {
    conversation_id: Uuid,
    user_id: Uuid,
    title: String,
    session_id: Option<String>,
    metadata: Json<Map<String, Value>>,
    is_archived: bool,
    document_ids: Vec<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[sqlx(default)]
    context_summary: Option<String>,
}

/// What follows SELECT or RETURNING to fill a [`Row`].
macro_rules! columns {
    () => {
        "conversation_id, user_id, title, session_id, metadata, is_archived, created_at, updated_at,
         ARRAY(SELECT document_id FROM conversation_document AS attached
               WHERE attached.conversation_id = conversation.conversation_id
               ORDER BY attached.created_at, attached.document_id) AS document_ids"
    };
}

impl From<Row> for Conversation {
    fn from(row: Row) -> Self {
        Self {
            id: ConversationId(row.conversation_id),
            owner: UserId(row.user_id),
            title: row.title,
            session_id: row.session_id,
            metadata: Metadata::stored(row.metadata.0),
            is_archived: row.is_archived,
            document_ids: row.document_ids,
            created_at: row.created_at,
            updated_at: row.updated_at,
            context_summary: row.context_summary.unwrap_or_default(),
        }
    }
}

impl Conversation {
    /// The key after which the next page begins.
    pub fn key(&self) -> ConversationKey {
        (self.updated_at, self.id.0)
    }
}

impl Store {
    /// Makes a conversation, or returns the one that this `session_id` of the owner names.
    pub async fn create(
        &self,
        owner: UserId,
        new: &NewConversation,
    ) -> Result<Conversation, Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(insert(&mut connection, owner, new).await?)
    }

    /// One conversation of the owner.
    pub async fn find(
        &self,
        owner: UserId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(select(&mut connection, owner, id).await?)
    }

    /// The owner's conversations, the last changed first.
    pub async fn list(
        &self,
        owner: UserId,
        page: &Page<ConversationKey>,
        include_archived: bool,
    ) -> Result<Vec<Conversation>, Error> {
        let rows = sqlx::query_as::<_, Row>(concat!(
            "SELECT ",
            columns!(),
            " FROM conversation
              WHERE user_id = $1 AND ($2 OR NOT is_archived)
                AND ($3::timestamptz IS NULL OR (updated_at, conversation_id) < ($3, $4))
              ORDER BY updated_at DESC, conversation_id DESC
              LIMIT $5 OFFSET $6"
        ))
        .bind(owner.0)
        .bind(include_archived)
        .bind(page.after.map(|(updated_at, _)| updated_at))
        .bind(page.after.map(|(_, id)| id))
        .bind(page.limit)
        .bind(page.skip)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Changes a conversation and returns what it has become.
    pub async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        change: &Change,
    ) -> Result<Option<Conversation>, Error> {
        let row = sqlx::query_as::<_, Row>(concat!(
            "UPDATE conversation
             SET title = coalesce($3, title), is_archived = coalesce($4, is_archived),
                 metadata = coalesce($5, metadata), updated_at = clock_timestamp()
             WHERE conversation_id = $1 AND user_id = $2
             RETURNING ",
            columns!()
        ))
        .bind(id.0)
        .bind(owner.0)
        .bind(change.title.as_ref().map(|title| title.as_str()))
        .bind(change.is_archived)
        .bind(change.metadata.as_ref().map(|metadata| Json(metadata.as_map())))
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Into::into))
    }

    /// Deletes a conversation with its messages. False when there was none.
    pub async fn delete(&self, owner: UserId, id: ConversationId) -> Result<bool, Error> {
        let deleted =
            sqlx::query("DELETE FROM conversation WHERE conversation_id = $1 AND user_id = $2")
                .bind(id.0)
                .bind(owner.0)
                .execute(&self.pool)
                .await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Attaches a document. Attaching it again changes nothing.
    pub async fn attach(
        &self,
        owner: UserId,
        id: ConversationId,
        document_id: Uuid,
    ) -> Result<Conversation, Error> {
        let mut transaction = self.pool.begin().await?;
        if !lock(&mut transaction, owner, id).await? {
            return Err(Error::ConversationNotFound);
        }
        // The document was there when its own service was asked, and may have been deleted since.
        settle_existence(&mut transaction, document_id).await?;
        let added = sqlx::query(
            "INSERT INTO conversation_document (conversation_id, document_id) VALUES ($1, $2)
             ON CONFLICT DO NOTHING",
        )
        .bind(id.0)
        .bind(document_id)
        .execute(&mut *transaction)
        .await?;
        if is_forgotten(&mut transaction, document_id).await? {
            return Err(Error::DocumentNotFound);
        }
        let changed = self::changed(&mut transaction, owner, id, added.rows_affected() > 0).await?;
        if changed.document_ids.len() > Conversation::MAX_DOCUMENTS {
            return Err(Error::TooManyDocuments { most: Conversation::MAX_DOCUMENTS });
        }
        transaction.commit().await?;
        Ok(changed)
    }

    /// Detaches a document. Detaching one that is not attached changes nothing.
    pub async fn detach(
        &self,
        owner: UserId,
        id: ConversationId,
        document_id: Uuid,
    ) -> Result<Conversation, Error> {
        let mut transaction = self.pool.begin().await?;
        if !lock(&mut transaction, owner, id).await? {
            return Err(Error::ConversationNotFound);
        }
        let removed = sqlx::query(
            "DELETE FROM conversation_document WHERE conversation_id = $1 AND document_id = $2",
        )
        .bind(id.0)
        .bind(document_id)
        .execute(&mut *transaction)
        .await?;
        let changed =
            self::changed(&mut transaction, owner, id, removed.rows_affected() > 0).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// Detaches a document that is no more from all conversations of its owner, for good: nobody who is
    /// attaching it right now succeeds.
    pub async fn detach_everywhere(&self, owner: UserId, document_id: Uuid) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        settle_existence(&mut transaction, document_id).await?;
        sqlx::query(
            "INSERT INTO forgotten_document (document_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(document_id)
        .bind(owner.0)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "DELETE FROM conversation_document AS attached USING conversation
             WHERE attached.conversation_id = conversation.conversation_id
               AND conversation.user_id = $1 AND attached.document_id = $2",
        )
        .bind(owner.0)
        .bind(document_id)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Until the transaction ends, nobody else attaches or forgets the document.
async fn settle_existence(
    transaction: &mut PgConnection,
    document_id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))")
        .bind(document_id)
        .execute(transaction)
        .await?;
    Ok(())
}

async fn is_forgotten(
    transaction: &mut PgConnection,
    document_id: Uuid,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM forgotten_document WHERE document_id = $1)")
        .bind(document_id)
        .fetch_one(transaction)
        .await
}

/// Marks a locked conversation as changed, where it was, and reads it.
async fn changed(
    transaction: &mut PgConnection,
    owner: UserId,
    id: ConversationId,
    has_changed: bool,
) -> Result<Conversation, Error> {
    if has_changed {
        touch(&mut *transaction, id).await?;
    }
    select(transaction, owner, id).await?.ok_or(Error::ConversationNotFound)
}

/// Marks a conversation as changed now.
pub(super) async fn touch(
    transaction: &mut PgConnection,
    id: ConversationId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE conversation SET updated_at = clock_timestamp() WHERE conversation_id = $1",
    )
    .bind(id.0)
    .execute(transaction)
    .await?;
    Ok(())
}

async fn select(
    connection: &mut PgConnection,
    owner: UserId,
    id: ConversationId,
) -> Result<Option<Conversation>, sqlx::Error> {
    let row = sqlx::query_as::<_, Row>(concat!(
        "SELECT ",
        columns!(),
        ", (SELECT summary.content FROM context_summary AS summary
            WHERE summary.conversation_id = conversation.conversation_id
            ORDER BY summary.created_at DESC LIMIT 1) AS context_summary
          FROM conversation WHERE conversation_id = $1 AND user_id = $2"
    ))
    .bind(id.0)
    .bind(owner.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Into::into))
}

/// Inserts a conversation, or locks and returns the one that has its `session_id` already.
pub(super) async fn insert(
    connection: &mut PgConnection,
    owner: UserId,
    new: &NewConversation,
) -> Result<Conversation, sqlx::Error> {
    let row = sqlx::query_as::<_, Row>(concat!(
        "INSERT INTO conversation (conversation_id, user_id, title, session_id, metadata)
         VALUES ($1, $2, $3, $4, $5)
         -- An update that changes nothing, because DO NOTHING would return nothing.
         ON CONFLICT (user_id, session_id) DO UPDATE SET session_id = excluded.session_id
         RETURNING ",
        columns!()
    ))
    .bind(Uuid::now_v7())
    .bind(owner.0)
    .bind(new.title.as_str())
    .bind(new.session_id.as_ref().map(|session_id| session_id.as_str()))
    .bind(Json(new.metadata.as_map()))
    .fetch_one(connection)
    .await?;
    Ok(row.into())
}
