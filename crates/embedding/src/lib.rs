//! Turns text into vectors: with the sentence model all-MiniLM-L6-v2, on the processor and without a
//! network, or with a provider's model. It knows no document and no store.

mod attention;
mod embedder;
mod error;
mod layer;
mod local;
mod mini_lm;
mod remote;
mod rows;
mod settings;
mod similarity;
mod weights;
mod word_piece;

pub use embedder::Embedder;
pub use error::Error;
pub use mini_lm::MiniLm;
pub use settings::{Offer, Patience, Protocol, Settings};
pub use similarity::similarity;

/// The name of the built-in model.
pub const MODEL_NAME: &str = "all-MiniLM-L6-v2";

/// The length of its vectors.
pub const DIMENSIONS: usize = 384;

/// The tokens of a text that it reads, its two marks included. What follows is not seen.
pub const MAX_TOKENS: usize = 256;
