//! What the service holds of a user. What was used stays counted, and nobody can tell by whom.

use elenchus_personal_data::{Erase, Export, Inventory, Table};

use crate::NAME;

/// Every table of the service.
pub const PERSONAL_DATA: Inventory = Inventory {
    service: NAME,
    tables: &[
        Table {
            name: "user_analytics",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[]),
            erase: Erase::Delete,
        },
        Table {
            name: "event",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[]),
            erase: Erase::Set {
                to:
                    "user_id = '00000000-0000-0000-0000-000000000000', subject_id = '', name = NULL,
                     conversation_id = NULL",
                unless: "false",
            },
        },
    ],
    impersonal: &[],
};
