//! What gives texts their vectors: the model of this process, or a provider's.

use std::sync::Arc;

use crate::local::Local;
use crate::remote::{Purpose, Remote};
use crate::{DIMENSIONS, Error, MODEL_NAME, MiniLm, Settings};

/// Gives texts their vectors. Clones share its threads and its connections.
#[derive(Clone)]
pub struct Embedder {
    model: Arc<str>,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Local(Local),
    Remote(Arc<Remote>),
}

impl Embedder {
    /// Prepares the model that the settings name, if they name one. Blocks for a fraction of a second.
    pub fn open(settings: &Settings) -> Result<Option<Self>, Error> {
        let (model, engine) = match (&settings.offer, &settings.folder) {
            (Some(offer), _) => {
                let remote = Remote::new(offer)?;
                tracing::info!(model = remote.model(), "passages are embedded by a provider");
                (remote.model().into(), Engine::Remote(Arc::new(remote)))
            }
            (None, Some(folder)) => {
                let local = Local::start(MiniLm::load(folder)?, settings.threads)?;
                tracing::info!(folder = %folder.display(), "loaded the embedding model");
                (MODEL_NAME.into(), Engine::Local(local))
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(Self { model, engine }))
    }

    /// The model's name, to be kept beside every vector: vectors of two models do not compare, nor do those
    /// of one model at two lengths, which its name tells apart.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// How long its vectors are. None while only the first answer of a provider can tell.
    pub fn dimensions(&self) -> Option<usize> {
        match &self.engine {
            Engine::Local(_) => Some(DIMENSIONS),
            Engine::Remote(remote) => remote.dimensions(),
        }
    }

    /// The vector of a question, of length 1. Does not wait for passages.
    pub async fn embed_query(&self, text: String) -> Result<Vec<f32>, Error> {
        match &self.engine {
            Engine::Local(local) => local.embed_query(text).await,
            Engine::Remote(remote) => {
                let vectors = remote.embed(vec![text], Purpose::Query).await?;
                vectors.into_iter().next().ok_or(Error::Stopped)
            }
        }
    }

    /// One vector of length 1 for each passage, in order. Waits its turn; dropping the future drops the work.
    pub async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
        match &self.engine {
            Engine::Local(local) => local.embed_passages(texts).await,
            Engine::Remote(remote) => remote.embed(texts, Purpose::Passage).await,
        }
    }
}
