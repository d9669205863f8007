//! Turns text into vectors with the sentence model all-MiniLM-L6-v2, on the processor and without
//! a network. It knows no document and no store.

mod attention;
mod embedder;
mod error;
mod layer;
mod mini_lm;
mod settings;
mod similarity;
mod weights;
mod word_piece;

pub use embedder::Embedder;
pub use error::Error;
pub use mini_lm::MiniLm;
pub use settings::Settings;
pub use similarity::similarity;

/// The model's name, to be kept beside every vector: vectors of two models do not compare.
pub const MODEL_NAME: &str = "all-MiniLM-L6-v2";

/// The length of every vector.
pub const DIMENSIONS: usize = 384;

/// The tokens of a text that the model reads, its two marks included. What follows is not seen.
pub const MAX_TOKENS: usize = 256;
