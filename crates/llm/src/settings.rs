//! Which models there are, where they are, and how long they may take.

use elenchus_provider::{Account, seconds};
use elenchus_settings::{Env, Invalid};

use crate::{Extractive, Patience};

/// What answers where only a key is set.
const GEMINI_DEFAULT: &str = "gemini-1.5-flash";
const OPENAI_DEFAULT: &str = "gpt-4o-mini";

/// What a model is told of a conversation, where nothing else is set.
pub(crate) const HISTORY_TOKENS: usize = 8_000;
/// With less, not even a short answer would be remembered.
const LEAST_HISTORY_TOKENS: usize = 500;

/// What the models are told at start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `DEFAULT_AI_MODEL`: the model that answers when a request names none.
    pub default_model: String,
    /// `AI_MODELS`: the other models that a request may name.
    pub models: Vec<String>,
    /// `MODEL_FALLBACKS`: who is asked, in this order, while the default model cannot answer.
    pub fallbacks: Vec<String>,
    /// Where Google's models are.
    pub google: Option<Account>,
    /// Where the models of OpenAI, or of a server that speaks its protocol, are.
    pub openai: Option<Account>,
    /// How long a provider may take.
    pub patience: Patience,
    /// `MODEL_CONCURRENCY`: questions that providers answer at once for this process.
    pub concurrency: usize,
    /// `MODEL_HISTORY_TOKENS`: the tokens of a conversation that a model is told with a question.
    pub history_tokens: usize,
}

/// Who offers a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    BuiltIn,
    Google,
    OpenAi,
}

impl Offer {
    /// By the model's name alone.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            Extractive::NAME => Self::BuiltIn,
            name if name.starts_with("gemini") => Self::Google,
            _ => Self::OpenAi,
        }
    }
}

impl Settings {
    /// Reads every variable that is set. Without a key the built-in model answers.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let google = elenchus_provider::google(env)?;
        let openai = elenchus_provider::openai(env)?;
        let default_model = match (env.text("DEFAULT_AI_MODEL"), &google, &openai) {
            (Some(name), _, _) => name,
            (None, Some(_), _) => GEMINI_DEFAULT,
            (None, None, Some(_)) => OPENAI_DEFAULT,
            (None, None, None) => Extractive::NAME,
        };
        let settings = Self {
            default_model: default_model.to_owned(),
            models: env.json("AI_MODELS")?.unwrap_or_default(),
            fallbacks: env.json("MODEL_FALLBACKS")?.unwrap_or_default(),
            google,
            openai,
            patience: patience(env)?,
            concurrency: env.or("MODEL_CONCURRENCY", 64)?,
            history_tokens: history_tokens(env)?,
        };
        settings.check("DEFAULT_AI_MODEL", std::slice::from_ref(&settings.default_model))?;
        settings.check("AI_MODELS", &settings.models)?;
        settings.check("MODEL_FALLBACKS", &settings.fallbacks)?;
        Ok(settings)
    }

    /// Refuses models that nobody here could ask.
    fn check(&self, variable: &'static str, names: &[String]) -> Result<(), Invalid> {
        let refuse = |problem: String| Err(Invalid::new(variable, problem));
        for name in names {
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_word) {
                return refuse(format!("{name:?} is not a model's name"));
            }
            match Offer::of(name) {
                Offer::Google if self.google.is_none() => {
                    return refuse(format!("{name:?} needs GOOGLE_API_KEY"));
                }
                Offer::OpenAi if self.openai.is_none() => {
                    return refuse(format!("{name:?} needs OPENAI_API_KEY or OPENAI_BASE_URL"));
                }
                Offer::BuiltIn | Offer::Google | Offer::OpenAi => {}
            }
        }
        Ok(())
    }
}

fn history_tokens(env: &Env) -> Result<usize, Invalid> {
    let tokens = env.or("MODEL_HISTORY_TOKENS", HISTORY_TOKENS)?;
    if tokens < LEAST_HISTORY_TOKENS {
        let problem = format!("must be at least {LEAST_HISTORY_TOKENS}, not {tokens}");
        return Err(Invalid::new("MODEL_HISTORY_TOKENS", problem));
    }
    Ok(tokens)
}

fn patience(env: &Env) -> Result<Patience, Invalid> {
    let default = Patience::default();
    Ok(Patience {
        connect: seconds(env, "MODEL_CONNECT_TIMEOUT_SECONDS", default.connect)?,
        first_token: seconds(env, "MODEL_FIRST_TOKEN_TIMEOUT_SECONDS", default.first_token)?,
        between_tokens: seconds(env, "MODEL_TOKEN_TIMEOUT_SECONDS", default.between_tokens)?,
        whole: seconds(env, "MODEL_TIMEOUT_SECONDS", default.whole)?,
    })
}
