//! Which models there are, where they are, and how long they may take.

use std::time::Duration;

use elenchus_settings::{Env, Invalid};
use secrecy::SecretString;

use crate::{Extractive, Patience};

const GOOGLE: &str = "https://generativelanguage.googleapis.com";
const OPENAI: &str = "https://api.openai.com/v1";
/// What answers where only a key is set.
const GEMINI_DEFAULT: &str = "gemini-1.5-flash";
const OPENAI_DEFAULT: &str = "gpt-4o-mini";

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
}

/// The way to a provider. The key does not print.
#[derive(Debug, Clone)]
pub struct Account {
    /// Where its API begins.
    pub base: String,
    /// Servers of one's own may need none.
    pub key: Option<SecretString>,
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
        let google = account(env, "GOOGLE_API_KEY", "GOOGLE_BASE_URL", GOOGLE)?
            .filter(|account| account.key.is_some());
        let openai = account(env, "OPENAI_API_KEY", "OPENAI_BASE_URL", OPENAI)?;
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

fn account(
    env: &Env,
    key: &str,
    base: &'static str,
    default: &str,
) -> Result<Option<Account>, Invalid> {
    let (key, url) = (env.secret(key), env.text(base));
    if key.is_none() && url.is_none() {
        return Ok(None);
    }
    let url = url.unwrap_or(default).trim_end_matches('/');
    let parsed = reqwest::Url::parse(url).ok();
    if !parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        return Err(Invalid::new(base, "is not a URL such as https://host/v1"));
    }
    Ok(Some(Account { base: url.to_owned(), key }))
}

fn patience(env: &Env) -> Result<Patience, Invalid> {
    let default = Patience::default();
    let seconds = |name, default: Duration| {
        let seconds: f64 = env.or(name, default.as_secs_f64())?;
        let duration = Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero());
        let problem = || format!("{seconds} is not a number of seconds above 0");
        duration.ok_or_else(|| Invalid::new(name, problem()))
    };
    Ok(Patience {
        connect: seconds("MODEL_CONNECT_TIMEOUT_SECONDS", default.connect)?,
        first_token: seconds("MODEL_FIRST_TOKEN_TIMEOUT_SECONDS", default.first_token)?,
        between_tokens: seconds("MODEL_TOKEN_TIMEOUT_SECONDS", default.between_tokens)?,
        whole: seconds("MODEL_TIMEOUT_SECONDS", default.whole)?,
    })
}
