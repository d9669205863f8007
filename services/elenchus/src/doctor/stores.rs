//! The databases, and Redis.

use std::collections::BTreeMap;

use elenchus_postgres::cluster::{Cluster, Options, Programs};
use elenchus_postgres::{DatabaseSettings, Inspection, Vector, inspect};
use elenchus_process::Role;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::accounts;
use super::installation::Installation;
use super::report::Check;
use crate::serve::lacking_database;

const POSTGRES: &str = "postgresql";
const VECTOR: &str = "pgvector";

/// The server of each service: those that are named, and the private one of the others.
pub(super) async fn postgres(installation: &Installation) -> Vec<Check> {
    let lacking = lacking_database(&installation.env, &installation.roles);
    let mut checks = Vec::new();
    if !lacking.is_empty() {
        checks.extend(private(installation, lacking.contains(&Role::Document)).await);
    }
    // Services may share a URL, which is then looked at once.
    let mut named: BTreeMap<String, (DatabaseSettings, Vec<Role>)> = BTreeMap::new();
    for role in &installation.roles {
        if *role == Role::Gateway || lacking.contains(role) {
            continue;
        }
        let service = role.name().to_uppercase();
        match DatabaseSettings::from_env(&installation.env, &service) {
            Ok(settings) => {
                let url = settings.url().expose_secret().to_owned();
                named.entry(url).or_insert((settings, Vec::new())).1.push(*role);
            }
            Err(invalid) => checks.push(Check::failed(
                POSTGRES,
                invalid.to_string(),
                "write it as postgres://user:password@host:5432/database",
            )),
        }
    }
    for (settings, roles) in named.into_values() {
        checks.extend(of_server(&settings, &roles).await);
    }
    checks.extend(accounts::signing_key(installation, lacking.contains(&Role::Auth)).await);
    checks
}

async fn of_server(settings: &DatabaseSettings, roles: &[Role]) -> Vec<Check> {
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    match inspect(settings).await {
        Ok(found) => {
            let of = format!("of {} at {}", names.join(", "), found.address);
            says(&found, &of, roles.contains(&Role::Document))
        }
        Err(error) => vec![Check::failed(
            POSTGRES,
            format!("of {}: {error}", names.join(", ")),
            "start the server, or correct DATABASE_URL: host, port, user, password and database",
        )],
    }
}

/// Starts a passing one with the programs that a start would use: that they are there does not say
/// that they run.
async fn private(installation: &Installation, searches: bool) -> Vec<Check> {
    let folder = installation.folder.join("postgres");
    let inspected = async {
        let programs = Programs::find(&installation.env, &folder)?;
        let scratch = TempDir::new().map_err(|source| elenchus_postgres::cluster::Error::Io {
            path: std::env::temp_dir(),
            source,
        })?;
        let cluster =
            Cluster::start(&scratch.path().join("postgres"), &programs, Options { fsync: false })
                .await?;
        let found = inspect(&DatabaseSettings::new(cluster.superuser_url())).await;
        cluster.stop().await?;
        Ok::<_, elenchus_postgres::cluster::Error>((programs, found))
    };
    match inspected.await {
        Ok((programs, Ok(found))) => {
            let of = format!("private, by the programs in {}", programs.bin().display());
            says(&found, &of, searches)
        }
        Ok((_, Err(error))) => vec![Check::failed(POSTGRES, error.to_string(), MEND)],
        Err(error) => vec![Check::failed(POSTGRES, error.to_string(), MEND)],
    }
}

const MEND: &str =
    "run scripts/fetch-postgres.sh, or apt-get install postgresql, or set DATABASE_URL";

fn says(found: &Inspection, of: &str, searches: bool) -> Vec<Check> {
    let mut checks = vec![Check::ok(POSTGRES, format!("{} {of}", found.version))];
    if !searches {
        return checks;
    }
    checks.push(match &found.vector {
        Vector::Installed(version) => Check::ok(VECTOR, format!("{version} is installed")),
        Vector::Available(version) => {
            Check::ok(VECTOR, format!("{version} is there; the document service installs it where it may"))
        }
        Vector::Absent => Check::missing(
            VECTOR,
            "searches by meaning look at each passage, which is slow in large libraries",
            format!(
                "apt-get install postgresql-{}-pgvector, or use a server that has it, then CREATE EXTENSION \
                 vector SCHEMA public in the document service's database",
                found.version
            ),
        ),
    });
    checks
}

/// The Redis that replicas share, where one is set.
pub(super) async fn redis(installation: &Installation) -> Vec<Check> {
    const NAME: &str = "redis";
    vec![match elenchus_cache::probe(&installation.env).await {
        Ok(Some(version)) => Check::ok(NAME, format!("{version} takes values")),
        Ok(None) => Check::missing(
            NAME,
            "limits and small values are kept by each process for itself",
            "set REDIS_URL where several processes have the same role",
        ),
        Err(error) => Check::failed(
            NAME,
            error.to_string(),
            "start Redis, or correct REDIS_URL and REDIS_PASSWORD, or unset REDIS_URL",
        ),
    }]
}
