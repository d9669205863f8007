//! What the workflow service reads from the environment, and what is fixed in code but shorter in tests.

use std::time::Duration;

use elenchus_durable::Terms;
use elenchus_rpc::token::Keys;
use elenchus_sealed::Sealer;
use elenchus_settings::{Env, Invalid};

/// The settings of the service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The keys of the mesh.
    pub keys: Keys,
    /// Leave to act for users is stored sealed with this.
    pub sealer: Sealer,
    /// Runs that this process works on at once.
    pub concurrency: usize,
    /// How runs are leased.
    pub terms: Terms,
    /// How steps are tried again.
    pub retry: Retry,
}

/// How a step is tried again when a peer cannot answer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often a step is tried in all.
    pub attempts: i32,
    /// The pause after the first failure. It doubles with each further one.
    pub pause: Duration,
}

impl Settings {
    /// Reads `WORKFLOW_CONCURRENCY` and `SECRET_KEY`.
    pub fn from_env(env: &Env, keys: Keys) -> Result<Self, Invalid> {
        let concurrency = env.or("WORKFLOW_CONCURRENCY", 8)?;
        if !(1..=1000).contains(&concurrency) {
            let problem = format!("must be from 1 to 1000, not {concurrency}");
            return Err(Invalid::new("WORKFLOW_CONCURRENCY", problem));
        }
        Ok(Self {
            keys,
            sealer: Sealer::from_env(env)?,
            concurrency,
            terms: Terms::default(),
            retry: Retry { attempts: 5, pause: Duration::from_secs(1) },
        })
    }
}
