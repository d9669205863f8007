//! Where the model lies.

use std::path::{Path, PathBuf};

use elenchus_settings::{Env, Invalid};

use crate::MODEL_NAME;

/// Where to read the model from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The folder with `model.safetensors`, `tokenizer.json` and `config.json`; none: no model here.
    pub folder: Option<PathBuf>,
}

impl Settings {
    /// Reads `EMBEDDING_MODEL_DIR`; when unset, takes the first folder that holds a model: in the
    /// data folder, in `target`, or near the program.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        if let Some(folder) = env.text("EMBEDDING_MODEL_DIR").map(PathBuf::from) {
            if !holds_model(&folder) {
                let problem = format!("{} does not hold model.safetensors", folder.display());
                return Err(Invalid::new("EMBEDDING_MODEL_DIR", problem));
            }
            return Ok(Self { folder: Some(folder) });
        }
        let data = Path::new(env.text("ELENCHUS_DATA_DIR").unwrap_or("data"));
        let program = std::env::current_exe().unwrap_or_default();
        // Of `target/debug/elenchus` these are `target/debug` and `target`; of an installed
        // `/opt/elenchus/bin/elenchus`, its `bin` and its prefix.
        let near_program = program.ancestors().skip(1).take(3);
        let folder = [data, Path::new("target")]
            .into_iter()
            .chain(near_program)
            .map(|parent| parent.join("models").join(MODEL_NAME))
            .find(|folder| holds_model(folder));
        Ok(Self { folder })
    }
}

fn holds_model(folder: &Path) -> bool {
    folder.join("model.safetensors").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_model_is_refused_by_name() {
        let env = Env::of_pairs([("EMBEDDING_MODEL_DIR", "/nonexistent")]);
        let refusal = Settings::from_env(&env).unwrap_err().to_string();
        assert_eq!(refusal, "EMBEDDING_MODEL_DIR: /nonexistent does not hold model.safetensors");
    }
}
