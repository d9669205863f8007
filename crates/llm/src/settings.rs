//! Which model answers when a request names none.

use elenchus_settings::{Env, Invalid};

use crate::Extractive;

/// The models of this build.
const AVAILABLE: [&str; 1] = [Extractive::NAME];

/// What the models are told at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The model that answers when a request names none.
    pub default_model: String,
}

impl Settings {
    /// Reads `DEFAULT_AI_MODEL`; when unset, the built-in model answers.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let name = env.text("DEFAULT_AI_MODEL").unwrap_or(Extractive::NAME);
        if !AVAILABLE.contains(&name) {
            let available = AVAILABLE.join(", ");
            let problem = format!("{name:?} is not available, choose one of: {available}");
            return Err(Invalid::new("DEFAULT_AI_MODEL", problem));
        }
        Ok(Self { default_model: name.to_owned() })
    }
}
