//! Erasing a user's rows, some at a time, so that no statement locks much or runs long, and whatever
//! stops it leaves less to do.

use std::time::{Duration, Instant};

use elenchus_rpc::UserId;
use sqlx::{AssertSqlSafe, PgPool};

use crate::{Erase, Inventory, Table};

/// Rows in one statement. What refers to them goes with them.
const BATCH: u64 = 200;

/// Erases for about so long. True when nothing is left.
pub(crate) async fn erase(
    pool: &PgPool,
    inventory: &Inventory,
    user: UserId,
    budget: Duration,
) -> Result<bool, sqlx::Error> {
    let began = Instant::now();
    for statement in inventory.tables.iter().filter_map(statement) {
        loop {
            let done =
                sqlx::query(AssertSqlSafe(statement.as_str())).bind(user.0).execute(pool).await?;
            if done.rows_affected() < BATCH {
                break;
            }
            if began.elapsed() > budget {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn statement(table: &Table) -> Option<String> {
    let Table { name, rows, .. } = table;
    let batch = |rows: &str| {
        format!(
            "ctid = ANY (ARRAY (SELECT t.ctid FROM {name} t WHERE {rows} LIMIT {BATCH} FOR UPDATE))"
        )
    };
    match table.erase {
        Erase::Delete => Some(format!("DELETE FROM {name} WHERE {}", batch(rows))),
        Erase::Set { to, unless } => {
            let rows = format!("({rows}) AND NOT ({unless})");
            Some(format!("UPDATE {name} SET {to} WHERE {}", batch(&rows)))
        }
        Erase::Otherwise => None,
    }
}
