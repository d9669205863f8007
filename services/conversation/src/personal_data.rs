//! What the service holds of a user.

use elenchus_personal_data::{Erase, Export, IDEMPOTENCY_KEY, Inventory, OUTBOX, Table};

use crate::NAME;

const OF_CONVERSATIONS: &str =
    "t.conversation_id IN (SELECT conversation_id FROM conversation WHERE user_id = $1)";
const OF_MESSAGES: &str =
    "t.message_id IN (SELECT message_id FROM message JOIN conversation USING (conversation_id)
     WHERE user_id = $1)";

/// Every table of the service.
pub const PERSONAL_DATA: Inventory = Inventory {
    service: NAME,
    tables: &[
        Table {
            name: "conversation",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[]),
            erase: Erase::Delete,
        },
        Table {
            name: "conversation_document",
            rows: OF_CONVERSATIONS,
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "forgotten_document",
            rows: "t.user_id = $1",
            export: Export::Nothing,
            erase: Erase::Delete,
        },
        Table {
            name: "message",
            rows: OF_CONVERSATIONS,
            export: Export::RowWithout(&["generating_until", "stop_requested_at"]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "message_piece",
            rows: OF_MESSAGES,
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "context_summary",
            rows: OF_CONVERSATIONS,
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "message_feedback",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "citation_score",
            rows: OF_MESSAGES,
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "unfinished_answer",
            rows: OF_MESSAGES,
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "chat_event",
            rows: OF_MESSAGES,
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        IDEMPOTENCY_KEY,
        OUTBOX,
    ],
    impersonal: &[],
};
