//! What the service holds of a user.

use elenchus_personal_data::{Erase, Export, IDEMPOTENCY_KEY, Inventory, OUTBOX, Table};

use crate::NAME;

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
            rows: "t.conversation_id IN (SELECT conversation_id FROM conversation WHERE user_id = $1)",
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
            rows: "t.conversation_id IN (SELECT conversation_id FROM conversation WHERE user_id = $1)",
            export: Export::RowWithout(&["generating_until", "stop_requested_at"]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "message_piece",
            rows: "t.message_id IN (SELECT message_id FROM message JOIN conversation USING (conversation_id)
                                    WHERE user_id = $1)",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "context_summary",
            rows: "t.conversation_id IN (SELECT conversation_id FROM conversation WHERE user_id = $1)",
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
            rows: "t.message_id IN (SELECT message_id FROM message JOIN conversation USING (conversation_id)
                                    WHERE user_id = $1)",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "unfinished_answer",
            rows: "t.message_id IN (SELECT message_id FROM message JOIN conversation USING (conversation_id)
                                    WHERE user_id = $1)",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "chat_event",
            rows: "t.message_id IN (SELECT message_id FROM message JOIN conversation USING (conversation_id)
                                    WHERE user_id = $1)",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        IDEMPOTENCY_KEY,
        OUTBOX,
    ],
    impersonal: &[],
};
