//! Where a service's database is, and how many connections it may hold.

use std::str::FromStr;
use std::time::Duration;

use elenchus_settings::{Env, Invalid};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use crate::Error;

const UNUSABLE: &str = "is not one that PostgreSQL understands: write \
    postgres://user:password@host:5432/database and percent-encode what is special in the password";

/// A database's URL, which is a secret, and the limits of its pool.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    url: SecretString,
    pub(crate) max_connections: u32,
    pub(crate) start_timeout: Duration,
    pub(crate) acquire_timeout: Duration,
}

impl DatabaseSettings {
    /// The database at this URL, with the default limits.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            max_connections: 30,
            start_timeout: Duration::from_secs(30),
            acquire_timeout: Duration::from_secs(5),
        }
    }

    /// Reads `<SERVICE>_DATABASE_URL`, else `DATABASE_URL`, and the size of the pool.
    pub fn from_env(env: &Env, service: &str) -> Result<Self, Invalid> {
        let own = format!("{service}_DATABASE_URL");
        let (read, url) = match env.secret(&own) {
            Some(url) => (own.as_str(), Some(url)),
            None => ("DATABASE_URL", env.secret("DATABASE_URL")),
        };
        let url = url.ok_or_else(|| {
            Invalid::new("DATABASE_URL", format!("is required but neither it nor {own} is set"))
        })?;

        let pool_size = env.or::<u32>("DATABASE_POOL_SIZE", 10)?;
        let overflow = env.or::<u32>("DATABASE_POOL_MAX_OVERFLOW", 20)?;
        let max_connections = pool_size.saturating_add(overflow);
        if max_connections == 0 {
            return Err(Invalid::new("DATABASE_POOL_SIZE", "0 connections are too few"));
        }

        let settings = Self { max_connections, ..Self::new(url) };
        match settings.connect_options() {
            Ok(_) => Ok(settings),
            Err(error) => Err(Invalid::new("DATABASE_URL", format!("{read}: {error}"))),
        }
    }

    /// The same database, with at most this many connections.
    #[must_use]
    pub fn with_max_connections(self, max_connections: u32) -> Self {
        Self { max_connections, ..self }
    }

    /// The same database, waiting this long for a server that is still starting.
    #[must_use]
    pub fn with_start_timeout(self, start_timeout: Duration) -> Self {
        Self { start_timeout, ..self }
    }

    /// The same database, where a call waits this long for a connection.
    #[must_use]
    pub fn with_acquire_timeout(self, acquire_timeout: Duration) -> Self {
        Self { acquire_timeout, ..self }
    }

    /// The URL as it was given, for those who connect by other means.
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    pub(crate) fn connect_options(&self) -> Result<PgConnectOptions, Error> {
        let (scheme, rest) =
            self.url.expose_secret().split_once("://").ok_or(Error::Url(UNUSABLE))?;
        // SQLAlchemy names its driver after a plus: postgresql+asyncpg.
        let dialect = scheme.split_once('+').map_or(scheme, |(dialect, _driver)| dialect);
        if !matches!(dialect, "postgres" | "postgresql") {
            return Err(Error::Url(UNUSABLE));
        }
        // asyncpg calls libpq's `sslmode` `ssl`.
        let rest = rest.replace("?ssl=", "?sslmode=").replace("&ssl=", "&sslmode=");
        // What sqlx says of a URL may quote it.
        PgConnectOptions::from_str(&format!("postgres://{rest}")).map_err(|_| Error::Url(UNUSABLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> PgConnectOptions {
        DatabaseSettings::new(url).connect_options().unwrap()
    }

    #[test]
    fn the_url_of_the_service_comes_first() {
        let env = Env::of_pairs([
            ("DATABASE_URL", "postgres://shared/all"),
            ("AUTH_DATABASE_URL", "postgres://own/auth"),
        ]);
        let host = |service| {
            let settings = DatabaseSettings::from_env(&env, service).unwrap();
            settings.connect_options().unwrap().get_host().to_owned()
        };
        assert_eq!(host("AUTH"), "own");
        assert_eq!(host("DOCUMENT"), "shared");
    }

    #[test]
    fn the_urls_of_sqlalchemy_are_understood() {
        let options = options("postgresql+asyncpg://ada:pass@db:6432/elenchus?ssl=disable");
        assert_eq!(options.get_host(), "db");
        assert_eq!(options.get_port(), 6432);
        assert_eq!(options.get_database(), Some("elenchus"));
        assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Disable));
    }

    #[test]
    fn a_url_is_neither_printed_nor_quoted() {
        let env = Env::of_pairs([("DATABASE_URL", "mysql://ada:hunter2@db/elenchus")]);
        let refusal = DatabaseSettings::from_env(&env, "AUTH").unwrap_err();
        assert!(!refusal.to_string().contains("hunter2"), "{refusal}");

        let settings = DatabaseSettings::new("postgres://ada:hunter2@db/elenchus");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn the_pool_holds_its_size_and_its_overflow() {
        let env = Env::of_pairs([
            ("DATABASE_URL", "postgres://db/elenchus"),
            ("DATABASE_POOL_SIZE", "3"),
            ("DATABASE_POOL_MAX_OVERFLOW", "4"),
        ]);
        assert_eq!(DatabaseSettings::from_env(&env, "AUTH").unwrap().max_connections, 7);
        assert!(DatabaseSettings::from_env(&Env::default(), "AUTH").is_err());
    }
}
