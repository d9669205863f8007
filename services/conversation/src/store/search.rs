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
        let ([from, to], terms) = (MARKS, search.query.terms());
        let rows: Vec<Row> = sqlx::query_as(
            "WITH term AS MATERIALIZED (
                 SELECT alternative, is_excluded, websearch_to_tsquery('english', text) AS query
                 FROM unnest($3::int[], $4::text[], $5::boolean[]) AS given (alternative, text, is_excluded)),
             -- Words that every text holds, such as \"the\", ask for nothing.
             meant AS MATERIALIZED (SELECT * FROM term WHERE numnode(query) > 0),
             found AS MATERIALIZED (
                 SELECT m.message_id, m.conversation_id, c.title, m.is_user, m.created_at
                 FROM message AS m JOIN conversation AS c USING (conversation_id)
                 WHERE c.user_id = $1
                   AND m.message_id IN (SELECT message_id FROM message_piece
                                        WHERE words @@ websearch_to_tsquery('english', $2))
                   -- Each word in whichever piece.
                   AND EXISTS (
                       SELECT FROM meant GROUP BY alternative
                       HAVING bool_and(is_excluded <> EXISTS (
                           SELECT FROM message_piece AS piece
                           WHERE piece.message_id = m.message_id AND piece.words @@ meant.query)))
                   AND ($6 OR NOT c.is_archived)
                   AND ($7::uuid IS NULL OR m.conversation_id = $7)
                   AND ($8::boolean IS NULL OR m.is_user = $8)
                   AND ($9::timestamptz IS NULL OR m.created_at >= $9)
                   AND ($10::timestamptz IS NULL OR m.created_at < $10)
                   AND ($11::uuid IS NULL OR m.message_id < $11)
                 ORDER BY m.message_id DESC
                 LIMIT $12 OFFSET $13),
             asked AS MATERIALIZED (
                 SELECT websearch_to_tsquery('english', $2) AS \"any\",
                        websearch_to_tsquery('english', $14) AS whole)
             -- Only of what is shown, and of one piece of it: a headline reads all of its text.
             SELECT found.message_id, found.conversation_id, title, found.is_user, found.created_at,
                    ts_headline('english', translate(message_piece_text(content, best.number), $15, ''),
                                CASE WHEN is_whole THEN whole ELSE \"any\" END, $16) AS snippet
             FROM found JOIN message USING (message_id) CROSS JOIN asked
             CROSS JOIN LATERAL (
                 SELECT number, words @@ whole AS is_whole FROM message_piece AS piece
                 WHERE piece.message_id = found.message_id AND words @@ \"any\"
                 ORDER BY words @@ whole DESC, ts_rank(words, \"any\") DESC, number
                 LIMIT 1) AS best
             ORDER BY found.message_id DESC",
        )
        .bind(owner.0)
        .bind(search.query.any())
        .bind(terms.iter().map(|term| term.alternative).collect::<Vec<_>>())
        .bind(terms.iter().map(|term| term.text.as_str()).collect::<Vec<_>>())
        .bind(terms.iter().map(|term| term.is_excluded).collect::<Vec<_>>())
        .bind(search.include_archived)
        .bind(search.conversation_id.map(|id| id.0))
        .bind(search.is_user)
        .bind(search.since)
        .bind(search.until)
        .bind(page.after)
        .bind(page.limit)
        .bind(page.skip)
        .bind(search.query.as_str())
        .bind(String::from_iter(MARKS))
        .bind(format!("StartSel=\"{from}\", StopSel=\"{to}\", MaxWords=40, MinWords=20"))
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
