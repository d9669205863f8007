//! Finds the model that a request names.

use std::sync::Arc;

use elenchus_provider::{Account, Unusable, client, sensitive};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use crate::inert::Inert;
use crate::provider::{Chain, Gemini, OpenAi, Remote};
use crate::settings::{self, Offer};
use crate::{Extractive, Model, Settings};

/// The models that may be asked.
#[derive(Clone)]
pub struct Models {
    default: Arc<dyn Model>,
    others: Vec<Arc<dyn Model>>,
    history_tokens: usize,
}

/// A request names a model that is not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown model {name:?}, available: {available}")]
pub struct UnknownModel {
    /// What the request said.
    pub name: String,
    /// What it could have said.
    pub available: String,
}

impl Models {
    /// The models that the settings name. The built-in one is always among them.
    pub fn from_settings(settings: &Settings) -> Result<Self, Unusable> {
        let client = client(settings.patience.connect)?;
        let places = Arc::new(Semaphore::new(settings.concurrency));
        let build = |name: &String| build(name, settings, &client, &places);
        let first = build(&settings.default_model)?;
        let others = settings.fallbacks.iter().map(build).collect::<Result<Vec<_>, _>>()?;
        let default: Arc<dyn Model> =
            if others.is_empty() { first } else { Arc::new(Chain { first, others }) };
        let mut models = settings.models.iter().map(build).collect::<Result<Vec<_>, _>>()?;
        models.push(Arc::new(Extractive));
        models.retain(|model| model.name() != default.name());
        Ok(Self::new(default, models).remembering(settings.history_tokens))
    }

    /// Exactly these models. Nothing of what they say acts where it is shown.
    pub fn new(default: Arc<dyn Model>, others: Vec<Arc<dyn Model>>) -> Self {
        let inert = |model| Arc::new(Inert(model)) as Arc<dyn Model>;
        let others = others.into_iter().map(inert).collect();
        Self { default: inert(default), others, history_tokens: settings::HISTORY_TOKENS }
    }

    /// The same, told so many tokens of a conversation.
    #[must_use]
    pub fn remembering(self, history_tokens: usize) -> Self {
        Self { history_tokens, ..self }
    }

    /// The tokens of a conversation that a model is told with a question.
    pub fn history_tokens(&self) -> usize {
        self.history_tokens
    }

    /// The model of that name; the default one for an empty name.
    pub fn find(&self, name: &str) -> Result<Arc<dyn Model>, UnknownModel> {
        if name.is_empty() {
            return Ok(Arc::clone(&self.default));
        }
        self.all().find(|model| model.name() == name).map(Arc::clone).ok_or_else(|| {
            let available: Vec<_> = self.all().map(|model| model.name()).collect();
            UnknownModel { name: name.to_owned(), available: available.join(", ") }
        })
    }

    fn all(&self) -> impl Iterator<Item = &Arc<dyn Model>> {
        std::iter::once(&self.default).chain(&self.others)
    }
}

fn build(
    name: &str,
    settings: &Settings,
    client: &reqwest::Client,
    places: &Arc<Semaphore>,
) -> Result<Arc<dyn Model>, Unusable> {
    let remote = |protocol| {
        let (client, places) = (client.clone(), Arc::clone(places));
        Arc::new(Remote::new(name.to_owned(), protocol, client, settings.patience, places))
    };
    let model = name.to_owned();
    Ok(match (Offer::of(name), &settings.google, &settings.openai) {
        (Offer::Google, Some(Account { base, key: Some(key) }), _) => {
            let (base, key) = (base.clone(), sensitive(key.expose_secret())?);
            remote(Box::new(Gemini { base, model, key }))
        }
        (Offer::OpenAi, _, Some(account)) => {
            let (base, authorization) = (account.base.clone(), account.bearer()?);
            remote(Box::new(OpenAi { base, model, authorization }))
        }
        // The settings name no model whose provider they do not name.
        _ => Arc::new(Extractive),
    })
}

#[cfg(test)]
mod tests {
    use elenchus_settings::Env;

    use super::*;

    #[test]
    fn the_built_in_model_is_the_default() {
        for env in [Env::default(), Env::default().with("DEFAULT_AI_MODEL", "extractive")] {
            let models = Models::from_settings(&Settings::from_env(&env).unwrap()).unwrap();
            assert_eq!(models.find("").unwrap().name(), "extractive");
        }
    }

    #[test]
    fn a_model_whose_provider_is_not_set_is_refused_by_name() {
        let env = Env::of_pairs([("DEFAULT_AI_MODEL", "gemini-1.5-flash")]);
        assert_eq!(
            Settings::from_env(&env).unwrap_err().to_string(),
            "DEFAULT_AI_MODEL: \"gemini-1.5-flash\" needs GOOGLE_API_KEY"
        );
        for (name, value) in [
            ("AI_MODELS", r#"["gpt-4o"]"#),
            ("MODEL_FALLBACKS", r#"["a b"]"#),
            ("OPENAI_BASE_URL", "localhost"),
            ("MODEL_TIMEOUT_SECONDS", "0"),
            ("MODEL_HISTORY_TOKENS", "10"),
        ] {
            let refusal = Settings::from_env(&Env::of_pairs([(name, value)])).unwrap_err();
            assert_eq!(refusal.variable, name);
        }
    }

    #[test]
    fn a_key_is_enough_and_does_not_print() {
        let env = Env::of_pairs([
            ("GOOGLE_API_KEY", "secret-key"),
            ("AI_MODELS", "[\"gemini-2.5-pro\"]"),
        ]);
        let settings = Settings::from_env(&env).unwrap();
        assert!(!format!("{settings:?}").contains("secret-key"));
        let models = Models::from_settings(&settings).unwrap();
        assert_eq!(models.find("").unwrap().name(), "gemini-1.5-flash");
        for name in ["gemini-2.5-pro", "extractive"] {
            assert_eq!(models.find(name).unwrap().name(), name);
        }
        assert!(models.find("gemini-9").is_err(), "only what is allowed can be asked");
    }

    #[test]
    fn an_unknown_model_is_told_what_there_is() {
        let models = Models::new(Arc::new(Extractive), Vec::new());
        let refusal = models.find("gpt-9").err().unwrap().to_string();
        assert_eq!(refusal, "unknown model \"gpt-9\", available: extractive");
    }
}
