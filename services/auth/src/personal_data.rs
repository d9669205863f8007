//! What the service holds of a user. The record of what happened stays, without where it was done from.

use elenchus_personal_data::{Erase, Export, IDEMPOTENCY_KEY, Inventory, OUTBOX, Table};

use crate::NAME;

const FROM_NOWHERE: &str = "address = '', user_agent = ''";
const IS_FROM_NOWHERE: &str = "address = '' AND user_agent = ''";

/// Every table of the service.
pub const PERSONAL_DATA: Inventory = Inventory {
    service: NAME,
    tables: &[
        Table {
            name: "account_role",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "session",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&["token_hash", "spent_token_hash"]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "refresh_token",
            rows: "t.session_id IN (SELECT session_id FROM session WHERE user_id = $1)",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "mail",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[
                "sealed",
                "due_at",
                "leased_by",
                "leased_until",
                "fence",
                "attempt",
            ]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "one_time_token",
            rows: "t.user_id = $1",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "second_factor",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&["sealed_secret"]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "recovery_code",
            rows: "t.user_id = $1",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "ticket",
            rows: "t.session_id IN (SELECT session_id FROM session WHERE user_id = $1)",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "identity",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "api_token",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&["token_hash"]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "user_grant",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&["token_hash"]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "audit_event",
            rows: "t.user_id = $1 AND (t.actor_id IS NULL OR t.actor_id = $1)",
            export: Export::RowWithout(&[]),
            erase: Erase::Set { to: FROM_NOWHERE, unless: IS_FROM_NOWHERE },
        },
        Table {
            name: "audit_event",
            rows: "t.user_id = $1 AND t.actor_id <> $1",
            export: Export::RowWithout(&["address", "user_agent"]),
            erase: Erase::Set { to: FROM_NOWHERE, unless: IS_FROM_NOWHERE },
        },
        Table {
            name: "audit_event",
            rows: "t.actor_id = $1 AND t.user_id IS DISTINCT FROM $1",
            export: Export::Nothing,
            erase: Erase::Set { to: FROM_NOWHERE, unless: IS_FROM_NOWHERE },
        },
        Table {
            name: "erasure",
            rows: "t.user_id = $1",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "account",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&["password_hash", "email_folded"]),
            erase: Erase::Delete,
        },
        IDEMPOTENCY_KEY,
        OUTBOX,
    ],
    impersonal: &["signing_key"],
};
