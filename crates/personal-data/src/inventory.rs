//! The tables of a service, with how a user's rows are found, handed out and erased.

use sqlx::PgPool;

/// Every table of a service's schema.
#[derive(Debug, Clone, Copy)]
pub struct Inventory {
    /// The service, and its schema.
    pub service: &'static str,
    /// Those that hold something of users, in the order of export and erasure.
    pub tables: &'static [Table],
    /// Those that hold nothing of anybody.
    pub impersonal: &'static [&'static str],
}

/// A table that holds something of users.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The condition under which a row `t` is the user's, who is `$1::uuid`.
    pub rows: &'static str,
    /// What of a row is handed out.
    pub export: Export,
    /// How a row is erased.
    pub erase: Erase,
}

/// What of a row its user may have.
#[derive(Debug, Clone, Copy)]
pub enum Export {
    /// Everything but these columns: secrets, and what only machines need.
    RowWithout(&'static [&'static str]),
    /// Nothing: the row repeats what is handed out elsewhere, or is a secret as a whole.
    Nothing,
}

/// How a row ceases to be the user's.
#[derive(Debug, Clone, Copy)]
pub enum Erase {
    /// It is deleted.
    Delete,
    /// Something else does it: the row that it refers to goes, or the service's own code.
    Otherwise,
    /// It stays, changed.
    Set {
        /// What is assigned.
        to: &'static str,
        /// The condition under which a row is so already.
        unless: &'static str,
    },
}

/// The events that wait for analytics, in every service that tells it something. Their user stands in
/// an encoded message, as text.
pub const OUTBOX: Table = Table {
    name: "outbox",
    rows: "position(convert_to($1::uuid::text, 'UTF8') IN t.event) > 0",
    export: Export::Nothing,
    erase: Erase::Delete,
};

/// Calls with an `Idempotency-Key`, in every service that takes one. Their answers repeat what the service
/// hands out, and are gone after a day.
pub const IDEMPOTENCY_KEY: Table = Table {
    name: "idempotency_key",
    rows: "t.user_id = $1::uuid",
    export: Export::Nothing,
    erase: Erase::Delete,
};

impl Inventory {
    /// Tables of the schema that the inventory does not name, and names without a table. For tests.
    pub async fn differences(&self, pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
        // Those of migrations begin with an underscore.
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT relname::text FROM pg_class
             WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND relname NOT LIKE '\\_%'
             ORDER BY relname",
        )
        .bind(self.service)
        .fetch_all(pool)
        .await?;
        let named =
            self.tables.iter().map(|table| table.name).chain(self.impersonal.iter().copied());
        let named: Vec<&str> = named.collect();
        let missing = found.iter().filter(|table| !named.contains(&table.as_str())).cloned();
        let gone = named.iter().filter(|name| !found.iter().any(|table| table == *name));
        Ok(missing.chain(gone.map(|name| (*name).to_owned())).collect())
    }
}
