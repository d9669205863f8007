//! What can go wrong between a folder of model files and a vector.

use std::path::PathBuf;

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

    /// The worker has ended and takes no more texts.
    #[error("the embedding worker has stopped")]
    Stopped,
}
