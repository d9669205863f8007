//! Starts the roles of a process: the private database where none is given, the services, and the
//! gateway in front of them.

use std::io::Write;
use std::path::Path;

use elenchus_postgres::cluster::{Cluster, Options, Programs};
use elenchus_process::{Farewell, Process, Role, StartError, serve};
use elenchus_rpc::{Server, Shutdown};
use elenchus_settings::Env;
use secrecy::ExposeSecret;

use crate::data_dir;
use crate::doctor::lacking;

/// What the process calls itself in logs and spans.
pub(crate) fn name(roles: &[Role]) -> &'static str {
    if let [role] = roles { role.name() } else { "mesh" }
}

/// Gets the roles going. What is returned runs after everything else has stopped.
pub(crate) async fn start(
    env: Env,
    roles: &[Role],
    shutdown: Shutdown,
) -> Result<Farewell, StartError> {
    let folder = data_dir::open(&env)?;
    let mut env = env.with("ELENCHUS_DATA_DIR", folder.to_string_lossy());
    let is_whole_mesh = Role::ALL.iter().all(|role| roles.contains(role));
    // Only a process that holds every key holder may make the key.
    if is_whole_mesh && env.text("SECRET_KEY").is_none() {
        let key = data_dir::secret_key(&folder)
            .map_err(|error| format!("the key in {} cannot be kept: {error}", folder.display()))?;
        env = env.with("SECRET_KEY", key);
    }
    // The spec's clients name their token in the URL; where proxies stand before us that is a leak.
    if is_whole_mesh && env.text("WEBSOCKET_QUERY_TOKEN").is_none() {
        env = env.with("WEBSOCKET_QUERY_TOKEN", "true");
    }
    let (env, cluster) = with_database(env, roles, &folder).await?;

    let process = Process::new(env, roles, shutdown).await?;
    for role in Role::SERVICES.into_iter().filter(|role| roles.contains(role)) {
        let server = build(role, &process).await?;
        process.peers.bind(role, server.transport());
        let told = role.listen_address(&process.env)?;
        // In a whole mesh the gateway is the only way in, unless a service is told to listen too.
        let address = if is_whole_mesh { told } else { told.or(Some(role.default_address())) };
        if let Some(address) = address {
            serve(&process, server, address).await?;
        }
    }
    let lacking = lacking(&process.env, roles)?;
    if !lacking.is_empty() {
        tracing::warn!("not there: {}; `elenchus doctor` says the mends", lacking.join(", "));
    }
    if roles.contains(&Role::Gateway) {
        let address = elenchus_gateway::start(&process).await?;
        announce(&format!("Elenchus is ready at http://{address}  (API: http://{address}/docs)"));
    }
    Ok(Box::pin(async move {
        if let Some(cluster) = cluster
            && let Err(error) = cluster.stop().await
        {
            tracing::warn!(%error, "the private PostgreSQL did not stop cleanly");
        }
    }))
}

/// Builds one service.
pub(crate) async fn build(role: Role, process: &Process) -> Result<Server, StartError> {
    match role {
        Role::Auth => elenchus_auth::start(process).await,
        Role::Conversation => elenchus_conversation::start(process).await,
        Role::Document => elenchus_document::start(process).await,
        Role::Workflow => elenchus_workflow::start(process).await,
        Role::Analytics => elenchus_analytics::start(process).await,
        Role::Gateway => Err("the gateway is not a service".into()),
    }
}

/// Starts a private PostgreSQL for the services that are given none.
pub(crate) async fn with_database(
    env: Env,
    roles: &[Role],
    folder: &Path,
) -> Result<(Env, Option<Cluster>), StartError> {
    let lacking = lacking_database(&env, roles);
    if lacking.is_empty() {
        return Ok((env, None));
    }
    let folder = folder.join("postgres");
    let programs = Programs::find(&env, &folder)?;
    tracing::info!(version = programs.version(), folder = %folder.display(), "starting a private PostgreSQL");
    let cluster = Cluster::start(&folder, &programs, Options::default()).await?;
    let mut env = env;
    for role in lacking {
        let url = cluster.url_for(role.name()).await?;
        env = env.with(&url_variable(role), url.expose_secret());
    }
    Ok((env, Some(cluster)))
}

/// The services among these roles that are given no database.
pub(crate) fn lacking_database(env: &Env, roles: &[Role]) -> Vec<Role> {
    Role::SERVICES
        .into_iter()
        .filter(|role| roles.contains(role))
        .filter(|role| {
            env.text("DATABASE_URL").is_none() && env.text(&url_variable(*role)).is_none()
        })
        .collect()
}

fn url_variable(role: Role) -> String {
    format!("{}_DATABASE_URL", role.name().to_uppercase())
}

/// One line on standard output, for people and for scripts that wait for it.
fn announce(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
