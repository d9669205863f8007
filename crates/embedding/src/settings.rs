//! Which model gives vectors, where it is, and how many threads it has.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Duration;

use elenchus_provider::{Account, google, openai, seconds};
use elenchus_settings::{Env, Invalid};

use crate::MODEL_NAME;
use crate::remote::Purpose;

const MODEL: &str = "EMBEDDING_MODEL";
/// What to write where no model is wanted.
const NO_MODEL: &str = "none";

/// Where to read the model from, or who offers it, and what it may use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder with `model.safetensors`, `tokenizer.json` and `config.json`; none: no model here.
    pub folder: Option<PathBuf>,
    /// A provider's model, which goes before that of the folder.
    pub offer: Option<Offer>,
    /// Threads that embed passages.
    pub threads: NonZeroUsize,
}

/// A provider's model.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What the provider calls it.
    pub model: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Where it is, and who asks.
    pub account: Account,
    /// How long its vectors are to be, where it gives a choice.
    pub dimensions: Option<usize>,
    /// How long it may take.
    pub patience: Patience,
}

/// The language of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OpenAI's, and that of the many servers that speak it.
    OpenAi,
    /// Google's.
    Gemini,
}

/// How long a provider may take, retries included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until there is a connection.
    pub connect: Duration,
    /// For a question: whoever asks it is waiting, and words alone are an answer too.
    pub query: Duration,
    /// For a batch of passages.
    pub passages: Duration,
}

impl Patience {
    pub(crate) fn of(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Query => self.query,
            Purpose::Passage => self.passages,
        }
    }
}

impl Offer {
    /// The model's name, and the length of its vectors where the settings say it.
    pub(crate) fn full_name(&self) -> String {
        match self.dimensions {
            Some(dimensions) => format!("{}@{dimensions}", self.model),
            None => self.model.clone(),
        }
    }

    /// Reads who offers the model of that name: Google where it begins with `gemini`, else whoever speaks
    /// OpenAI's protocol.
    fn from_env(env: &Env, model: &str) -> Result<Self, Invalid> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        if !model.bytes().all(is_word) {
            return Err(Invalid::new(MODEL, format!("{model:?} is not a model's name")));
        }
        let protocol =
            if model.starts_with("gemini") { Protocol::Gemini } else { Protocol::OpenAi };
        let account = match protocol {
            Protocol::Gemini => google(env)?,
            Protocol::OpenAi => compatible(env)?,
        };
        let needs = || match protocol {
            Protocol::Gemini => format!("{model:?} needs GOOGLE_API_KEY"),
            Protocol::OpenAi => format!("{model:?} needs OPENAI_API_KEY or EMBEDDING_BASE_URL"),
        };
        let account = account.ok_or_else(|| Invalid::new(MODEL, needs()))?;
        let dimensions: Option<NonZeroUsize> = env.optional("EMBEDDING_DIMENSIONS")?;
        let wait = |name, default| seconds(env, name, Duration::from_secs(default));
        let patience = Patience {
            connect: wait("MODEL_CONNECT_TIMEOUT_SECONDS", 5)?,
            query: wait("EMBEDDING_QUERY_TIMEOUT_SECONDS", 5)?,
            passages: wait("EMBEDDING_TIMEOUT_SECONDS", 60)?,
        };
        let dimensions = dimensions.map(NonZeroUsize::get);
        Ok(Self { model: model.to_owned(), protocol, account, dimensions, patience })
    }
}

/// The account of a server for embeddings alone, else the one that models are asked at too. A key goes
/// nowhere but to the address that it was set with.
fn compatible(env: &Env) -> Result<Option<Account>, Invalid> {
    const BASE: &str = "EMBEDDING_BASE_URL";
    match env.text(BASE) {
        Some(base) => Account::from_env(env, "EMBEDDING_API_KEY", BASE, base),
        None => openai(env),
    }
}

impl Settings {
    /// Whether passages get vectors at all.
    pub fn has_model(&self) -> bool {
        self.folder.is_some() || self.offer.is_some()
    }

    /// Reads `EMBEDDING_MODEL`, and the settings of whoever offers it. When it is unset or names the built-in
    /// model, `EMBEDDING_MODEL_DIR` says where that is; when that is unset too, it is the first folder that
    /// holds it: in the data folder, in `target`, or near the program. `WORKER_THREADS` bounds the threads,
    /// else the cores do.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let cores = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let threads = env.or("WORKER_THREADS", cores)?;
        let (folder, offer) = match env.text(MODEL) {
            None => (folder(env)?, None),
            Some(NO_MODEL) => (None, None),
            Some(MODEL_NAME) => {
                let missing =
                    || Invalid::new(MODEL, "its files are missing: scripts/fetch-model.sh");
                (Some(folder(env)?.ok_or_else(missing)?), None)
            }
            Some(model) => (None, Some(Offer::from_env(env, model)?)),
        };
        Ok(Self { folder, offer, threads })
    }
}

fn folder(env: &Env) -> Result<Option<PathBuf>, Invalid> {
    if let Some(folder) = env.text("EMBEDDING_MODEL_DIR").map(PathBuf::from) {
        if !holds_model(&folder) {
            let problem = format!("{} does not hold model.safetensors", folder.display());
            return Err(Invalid::new("EMBEDDING_MODEL_DIR", problem));
        }
        return Ok(Some(folder));
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
    Ok(folder)
}

fn holds_model(folder: &Path) -> bool {
    folder.join("model.safetensors").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pairs: &[(&str, &str)]) -> String {
        let env = Env::of_pairs(pairs.iter().copied());
        Settings::from_env(&env).unwrap_err().to_string()
    }

    #[test]
    fn a_model_that_cannot_be_had_is_refused_by_name() {
        assert_eq!(
            refusal(&[("EMBEDDING_MODEL_DIR", "/nonexistent")]),
            "EMBEDDING_MODEL_DIR: /nonexistent does not hold model.safetensors"
        );
        assert_eq!(
            refusal(&[(MODEL, "gemini-embedding-001")]),
            "EMBEDDING_MODEL: \"gemini-embedding-001\" needs GOOGLE_API_KEY"
        );
        assert_eq!(
            refusal(&[(MODEL, "nomic-embed-text")]),
            "EMBEDDING_MODEL: \"nomic-embed-text\" needs OPENAI_API_KEY or EMBEDDING_BASE_URL"
        );
        let of_ours = [(MODEL, "nomic-embed-text"), ("EMBEDDING_BASE_URL", "localhost")];
        assert_eq!(refusal(&of_ours), "EMBEDDING_BASE_URL: is not a URL such as https://host/v1");
    }

    #[test]
    fn no_model_is_a_choice_and_a_key_goes_only_to_its_own_address() {
        let settings = |pairs: &[(&str, &str)]| {
            Settings::from_env(&Env::of_pairs(pairs.iter().copied())).unwrap()
        };
        let none = settings(&[(MODEL, NO_MODEL), ("GOOGLE_API_KEY", "secret-key")]);
        assert!(none.folder.is_none() && none.offer.is_none());
        let of_ours = [
            (MODEL, "nomic-embed-text"),
            ("EMBEDDING_BASE_URL", "http://localhost:11434/v1/"),
            ("OPENAI_API_KEY", "secret-key"),
        ];
        let offer = settings(&of_ours).offer.unwrap();
        assert_eq!(offer.account.base, "http://localhost:11434/v1");
        assert!(offer.account.key.is_none());
        let of_openai = [(MODEL, "text-embedding-3-small"), ("OPENAI_API_KEY", "secret-key")];
        let offer = settings(&of_openai).offer.unwrap();
        assert!(offer.account.key.is_some() && !format!("{offer:?}").contains("secret-key"));
    }
}
