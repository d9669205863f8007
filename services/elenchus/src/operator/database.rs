//! The auth service's database: the one that is named, or the private one of the data folder, whether
//! or not a mesh runs on it.

use std::path::Path;

use elenchus_auth::store::MIGRATOR;
use elenchus_auth::{NAME, Settings};
use elenchus_postgres::cluster::{Cluster, Entry, Options, Programs};
use elenchus_postgres::{Database, DatabaseSettings};
use elenchus_settings::Env;
use secrecy::ExposeSecret;
use sqlx::PgPool;

use super::Failure;
use crate::data_dir;

const URL: &str = "AUTH_DATABASE_URL";

/// The auth service's settings and database.
pub(super) struct OfAuth {
    pub(super) settings: Settings,
    pub(super) pool: PgPool,
    entry: Option<Entry>,
}

impl OfAuth {
    /// Opens it as `elenchus serve` does.
    pub(super) async fn open() -> Result<Self, Failure> {
        let env = Env::of_process()?;
        let folder = data_dir::open(&env)?;
        let is_named = env.text("DATABASE_URL").is_some() || env.text(URL).is_some();
        let mut env = env.with("ELENCHUS_DATA_DIR", folder.to_string_lossy());
        // Beside somebody's own database, a key made here would be one that no service has.
        let has_key = !is_named || data_dir::holds_secret_key(&folder);
        if env.text("SECRET_KEY").is_none() && has_key {
            env = env.with("SECRET_KEY", data_dir::secret_key(&folder)?);
        }
        let settings = Settings::from_env(&env)?;
        if is_named {
            let pool = connect(&env).await?;
            return Ok(Self { settings, pool, entry: None });
        }
        let entry = enter(&env, &folder).await?;
        let pool = async {
            let url = entry.url_for(NAME).await?;
            connect(&env.with(URL, url.expose_secret())).await
        };
        match pool.await {
            Ok(pool) => Ok(Self { settings, pool, entry: Some(entry) }),
            Err(error) => {
                entry.leave().await?;
                Err(error)
            }
        }
    }

    /// Stops what was started for it.
    pub(super) async fn close(self) -> Result<(), Failure> {
        self.pool.close().await;
        if let Some(entry) = self.entry {
            entry.leave().await?;
        }
        Ok(())
    }
}

async fn connect(env: &Env) -> Result<PgPool, Failure> {
    let settings = DatabaseSettings::from_env(env, "AUTH")?.with_max_connections(2);
    Ok(Database::open(&settings, NAME, &MIGRATOR).await?)
}

async fn enter(env: &Env, folder: &Path) -> Result<Entry, Failure> {
    let folder = folder.join("postgres");
    let programs = Programs::find(env, &folder)?;
    Ok(Cluster::enter(&folder, &programs, Options::default()).await?)
}
