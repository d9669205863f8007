//! What can go wrong between a folder of model files and a vector.

use std::path::PathBuf;
use std::time::Duration;

use elenchus_provider::{Trouble, Unusable};

/// Why there is no vector.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A model file cannot be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },

    /// A model file is not what its name says.
    #[error("{} is not usable: {problem}", path.display())]
    Format { path: PathBuf, problem: String },

    /// The system gave no thread to work on.
    #[error("cannot start a thread for embedding")]
    Thread(#[source] std::io::Error),

    /// The model's numbers do not fit each other.
    #[error("the embedding model cannot be computed")]
    Compute(#[from] rten_gemm::GemmError),

    /// The provider's client.
    #[error("the provider of embeddings cannot be asked")]
    Unusable(#[from] Unusable),

    /// The provider did not answer as it should.
    #[error("embedding model {model}: {trouble}")]
    Provider { model: String, trouble: Trouble },

    /// The worker has ended and takes no more texts.
    #[error("the embedding worker has stopped")]
    Stopped,
}

impl Error {
    /// Whether the fault lies beyond this process, where it may pass or be mended while we go on.
    pub fn is_of_provider(&self) -> bool {
        matches!(self, Self::Provider { .. })
    }

    /// When the provider takes requests again, by its own word.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Provider { trouble: Trouble::RateLimited { retry_after }, .. } => *retry_after,
            _ => None,
        }
    }
}
