//! The queries. Every promise that must hold against races is kept here, by one statement or one
//! row lock.

mod account;
mod alive;
mod audit;
mod credential;
mod erasure;
mod identity;
mod one_time;
mod second_factor;
mod session;
mod session_list;
mod signing_key;
mod ticket;
mod token;
mod user;

use std::time::Duration;

use sqlx::PgPool;
use sqlx::migrate::Migrator;

use elenchus_postgres::aside;
use elenchus_sealed::Sealer;

pub use self::account::{Account, NewAccount};
pub use self::audit::AuditKey;
pub(crate) use self::credential::NewPassword;
pub(crate) use self::identity::NewIdentity;
pub(crate) use self::one_time::Purpose;
pub use self::session::{EndReason, NewSession, Opened, Rotation};
pub use self::signing_key::{NewKey, StoredKey};
pub use self::user::UserFilter;

use crate::domain::Error;
use crate::mail::Outbox;

/// The tables of the auth service.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Connections for checks of credentials. A check is one look-up by key, and each credential is asked for
/// once a second.
const CHECKS: u32 = 4;

/// Accounts and sessions on PostgreSQL.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    /// For what every call of the mesh waits for, whatever sign-ins do to the pool.
    checks: PgPool,
    lifetime: SessionLifetime,
    mails: Outbox,
    sealer: Sealer,
}

/// When a session ends by itself.
#[derive(Debug, Clone, Copy)]
pub struct SessionLifetime {
    /// After its last refresh.
    pub idle: Duration,
    /// After its beginning, however much it is used.
    pub absolute: Duration,
}

impl Store {
    /// A store over a migrated database.
    pub fn new(pool: PgPool, lifetime: SessionLifetime, sealer: Sealer) -> Self {
        let mails = Outbox::new(pool.clone(), sealer.clone());
        let checks = aside(&pool, CHECKS);
        Self { pool, checks, lifetime, mails, sealer }
    }

    /// The mails that its changes cause.
    pub(crate) fn mails(&self) -> &Outbox {
        &self.mails
    }

    /// Whether the database answers.
    pub async fn is_reachable(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
