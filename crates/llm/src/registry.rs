//! Finds the model that a request names.

use std::sync::Arc;

use crate::{Extractive, Model, Settings};

/// The models that may be asked.
#[derive(Clone)]
pub struct Models {
    default: Arc<dyn Model>,
    others: Vec<Arc<dyn Model>>,
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
    /// The models of this build, with the default that the settings name.
    pub fn from_settings(settings: &Settings) -> Result<Self, UnknownModel> {
        let models = Self::new(Arc::new(Extractive), Vec::new());
        let default = models.find(&settings.default_model)?;
        Ok(Self { default, ..models })
    }

    /// Exactly these models.
    pub fn new(default: Arc<dyn Model>, others: Vec<Arc<dyn Model>>) -> Self {
        Self { default, others }
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
    fn a_default_that_is_not_here_is_refused_by_name() {
        let env = Env::of_pairs([("DEFAULT_AI_MODEL", "gemini-1.5-flash")]);
        assert_eq!(
            Settings::from_env(&env).unwrap_err().to_string(),
            "DEFAULT_AI_MODEL: \"gemini-1.5-flash\" is not available, choose one of: extractive"
        );
    }

    #[test]
    fn an_unknown_model_is_told_what_there_is() {
        let models = Models::new(Arc::new(Extractive), Vec::new());
        let refusal = models.find("gpt-9").err().unwrap().to_string();
        assert_eq!(refusal, "unknown model \"gpt-9\", available: extractive");
    }
}
