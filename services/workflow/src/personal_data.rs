//! What the service holds of a user.

use elenchus_personal_data::{Erase, Export, IDEMPOTENCY_KEY, Inventory, OUTBOX, Table};

use crate::NAME;

/// Every table of the service.
pub const PERSONAL_DATA: Inventory = Inventory {
    service: NAME,
    tables: &[
        Table {
            name: "workflow_execution",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[
                "grant_token",
                "sealed_grant",
                "due_at",
                "leased_by",
                "leased_until",
                "fence",
                "attempt",
            ]),
            erase: Erase::Delete,
        },
        Table {
            name: "workflow_step",
            rows: "t.workflow_execution_id IN (SELECT workflow_execution_id FROM workflow_execution
                                               WHERE user_id = $1)",
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "workflow_event",
            rows: "t.workflow_execution_id IN (SELECT workflow_execution_id FROM workflow_execution
                                               WHERE user_id = $1)",
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        IDEMPOTENCY_KEY,
        OUTBOX,
    ],
    impersonal: &["workflow_template", "workflow_template_version"],
};
