//! Full text over a user's own messages.

use std::ops::Range;

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use elenchus_rpc::page::Page;
use uuid::Uuid;

use super::Store;
use crate::domain::{ConversationId, Error, Match, MessageId, Search};

/// What PostgreSQL puts around the words that it found. No text of ours holds them.
const MARKS: [char; 2] = ['\u{2}', '\u{3}'];

#[derive(sqlx::FromRow)]
struct Row {
    message_id: Uuid,
    conversation_id: Uuid,
    title: String,
    is_user: bool,
    snippet: String,
    created_at: DateTime<Utc>,
}

impl Store {
    /// The owner's messages that hold the words, newest first. The page's key is a message.
    pub async fn search(
        &self,
        owner: UserId,
        search: &Search,
        page: &Page<Uuid>,
    ) -> Result<Vec<Match>, Error> {
        let [from, to] = MARKS;
        let rows: Vec<Row> = sqlx::query_as(
            "WITH found AS (
                 SELECT m.message_id, m.conversation_id, c.title, m.is_user, m.content, m.created_at
                 FROM message AS m JOIN conversation AS c USING (conversation_id)
                 WHERE c.user_id = $1
                   AND to_tsvector('english', left(m.content, 100000)) @@ websearch_to_tsquery('english', $2)
                   AND ($3 OR NOT c.is_archived)
                   AND ($4::uuid IS NULL OR m.conversation_id = $4)
                   AND ($5::boolean IS NULL OR m.is_user = $5)
                   AND ($6::timestamptz IS NULL OR m.created_at >= $6)
                   AND ($7::timestamptz IS NULL OR m.created_at < $7)
                   AND ($8::uuid IS NULL OR m.message_id < $8)
                 ORDER BY m.message_id DESC
                 LIMIT $9 OFFSET $10)
             -- Only of what is shown: a headline reads the whole message.
             SELECT message_id, conversation_id, title, is_user, created_at,
                    ts_headline('english', translate(left(content, 100000), $12, ''),
                                websearch_to_tsquery('english', $2), $11) AS snippet
             FROM found
             ORDER BY message_id DESC",
        )
        .bind(owner.0)
        .bind(&search.query)
        .bind(search.include_archived)
        .bind(search.conversation_id.map(|id| id.0))
        .bind(search.is_user)
        .bind(search.since)
        .bind(search.until)
        .bind(page.after)
        .bind(page.limit)
        .bind(page.skip)
        .bind(format!("StartSel=\"{from}\", StopSel=\"{to}\", MaxWords=40, MinWords=20"))
        .bind(String::from_iter(MARKS))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(found).collect())
    }
}

fn found(row: Row) -> Match {
    let (snippet, highlights) = unmarked(&row.snippet);
    Match {
        message_id: MessageId(row.message_id),
        conversation_id: ConversationId(row.conversation_id),
        conversation_title: row.title,
        is_user: row.is_user,
        snippet,
        highlights,
        created_at: row.created_at,
    }
}

/// The text without the marks, and where they stood.
fn unmarked(marked: &str) -> (String, Vec<Range<usize>>) {
    let (mut text, mut places) = (String::with_capacity(marked.len()), Vec::new());
    let (mut chars, mut start) = (0, 0);
    for character in marked.chars() {
        if character == MARKS[0] {
            start = chars;
        } else if character == MARKS[1] {
            places.push(start..chars);
        } else {
            text.push(character);
            chars += 1;
        }
    }
    (text, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_places() {
        let (text, places) = unmarked("the \u{2}§ rent\u{3} and \u{2}more\u{3}");
        assert_eq!((text.as_str(), places), ("the § rent and more", vec![4..10, 15..19]));
    }
}
