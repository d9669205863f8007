//! A database for each test.

use elenchus_postgres::cluster::Cluster;
use elenchus_postgres::{Database, DatabaseSettings};
use secrecy::ExposeSecret;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{CLUSTER, DATABASE_URL, servers, variable};

/// The server of a process that was not given one, and its folder.
static OWN: OnceCell<(Cluster, TempDir)> = OnceCell::const_new();

/// An empty database that no other test knows.
pub struct TestDatabase {
    url: String,
}

impl TestDatabase {
    /// Where it is, as a superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The settings of a service on it, with few connections.
    pub fn settings(&self) -> DatabaseSettings {
        DatabaseSettings::new(self.url.clone()).with_max_connections(10)
    }
}

/// A fresh database without any table.
pub async fn empty_database() -> TestDatabase {
    let admin_url = server_url().await;
    let mut admin = PgConnection::connect(&admin_url).await.expect("the test server answers");
    let name = format!("test_{}", Uuid::now_v7().simple());
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut admin)
        .await
        .expect("a database can be made");
    let options: PgConnectOptions = admin_url.parse().expect("our own URL is one");
    let url = sqlx::ConnectOptions::to_url_lossy(&options.database(&name)).to_string();
    TestDatabase { url }
}

/// A fresh database with a service's schema, migrated.
pub async fn database(schema: &'static str, migrator: &Migrator) -> (TestDatabase, PgPool) {
    let database = empty_database().await;
    let pool = Database::open(&database.settings(), schema, migrator).await.expect("it migrates");
    (database, pool)
}

/// The server of the test run, after checking that it is ours; or one of this process.
async fn server_url() -> String {
    let Some(url) = variable(DATABASE_URL) else {
        let (cluster, _) = OWN
            .get_or_init(|| async {
                let folder = TempDir::new().expect("a folder can be made");
                let cluster =
                    servers::postgres(&folder).await.expect("a private PostgreSQL starts");
                (cluster, folder)
            })
            .await;
        return cluster.superuser_url().expose_secret().to_owned();
    };
    let mut connection = PgConnection::connect(&url).await.expect("the test server answers");
    let name: String = sqlx::query_scalar("SHOW cluster_name")
        .fetch_one(&mut connection)
        .await
        .expect("it has a name");
    assert_eq!(Some(name), variable(CLUSTER), "a stranger's PostgreSQL was reached");
    url
}
