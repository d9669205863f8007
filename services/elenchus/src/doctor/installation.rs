//! The settings: each group is read as the role that needs it reads it at its start.

use std::collections::HashSet;
use std::path::PathBuf;

use elenchus_process::{Peers, Role};
use elenchus_rpc::token::Keys;
use elenchus_rpc::{Shutdown, Tls};
use elenchus_settings::{Env, Invalid};

use super::report::Check;
use crate::data_dir;

const NAME: &str = "settings";
const KEY: &str = "secret key";

/// What an installation is told, as far as it can be read.
pub(super) struct Installation {
    pub(super) env: Env,
    pub(super) roles: Vec<Role>,
    pub(super) folder: PathBuf,
    /// None where its settings cannot be read, which has been said then.
    pub(super) auth: Option<elenchus_auth::Settings>,
    pub(super) document: Option<elenchus_document::Settings>,
    pub(super) models: Option<elenchus_llm::Settings>,
}

impl Installation {
    /// Reads everything that these roles read. What is wrong with it comes back too.
    pub(super) fn read(roles: &[Role]) -> Result<(Self, Vec<Check>), Box<Check>> {
        let env = Env::of_process().map_err(|invalid| Box::new(refused(&invalid)))?;
        let folder = data_dir::open(&env).map_err(|invalid| Box::new(refused(&invalid)))?;
        let env = env.with("ELENCHUS_DATA_DIR", folder.to_string_lossy());
        let is_whole_mesh = Role::ALL.iter().all(|role| roles.contains(role));
        let (env, key) = with_key(env, is_whole_mesh, &folder);

        let mut reading = Reading::default();
        let keys = reading.keep(Keys::from_env(&env));
        reading.keep(Tls::from_env(&env));
        reading.keep(Peers::from_env(&env, roles, None, &Shutdown::new()));
        reading.keep(elenchus_telemetry::Settings::from_env(&env));
        let is_here = |role| roles.contains(&role);
        if is_here(Role::Gateway) {
            reading.keep(elenchus_gateway::Settings::from_env(&env));
        }
        if let Some(keys) = keys.filter(|_| is_here(Role::Workflow)) {
            reading.keep(elenchus_workflow::Settings::from_env(&env, keys));
        }
        let mut installation =
            Self { env, roles: roles.to_vec(), folder, auth: None, document: None, models: None };
        let env = &installation.env;
        if is_here(Role::Auth) {
            installation.auth = reading.keep(elenchus_auth::Settings::from_env(env));
        }
        if is_here(Role::Document) {
            installation.document = reading.keep(elenchus_document::Settings::from_env(env));
        }
        if is_here(Role::Conversation) {
            installation.models = reading.keep(elenchus_llm::Settings::from_env(env));
        }
        let mut checks = reading.checks();
        checks.extend(key);
        Ok((installation, checks))
    }
}

/// What was wrong, each variable once.
#[derive(Default)]
struct Reading {
    wrong: Vec<Check>,
    named: HashSet<&'static str>,
}

impl Reading {
    fn keep<T>(&mut self, read: Result<T, Invalid>) -> Option<T> {
        match read {
            Ok(settings) => Some(settings),
            Err(invalid) => {
                if self.named.insert(invalid.variable) {
                    self.wrong.push(refused(&invalid));
                }
                None
            }
        }
    }

    fn checks(self) -> Vec<Check> {
        if self.wrong.is_empty() {
            return vec![Check::ok(NAME, "every variable can be used")];
        }
        self.wrong
    }
}

fn refused(invalid: &Invalid) -> Check {
    let mend = format!("set {} as .env.example says, or unset it", invalid.variable);
    Check::failed(NAME, invalid.to_string(), mend)
}

/// A whole mesh makes its own key at its first start; until then a passing one stands in.
fn with_key(env: Env, is_whole_mesh: bool, folder: &std::path::Path) -> (Env, Option<Check>) {
    if env.text("SECRET_KEY").is_some() {
        return (env, Some(Check::ok(KEY, "SECRET_KEY is set")));
    }
    if !is_whole_mesh {
        // What reads it says that it is required.
        return (env, None);
    }
    let (key, found) = match data_dir::holds_secret_key(folder) {
        true => (data_dir::secret_key(folder), "of this installation's own making"),
        false => (data_dir::draw_key(), "will be made at the first start"),
    };
    match key {
        Ok(key) => (env.with("SECRET_KEY", key), Some(Check::ok(KEY, found))),
        Err(error) => {
            let mend = format!("let {} be read and written, or set SECRET_KEY", folder.display());
            (env, Some(Check::failed(KEY, error.to_string(), mend)))
        }
    }
}
