//! Language models behind one trait. It knows no conversation and no store: a question and its
//! sources go in, text, citations and usage come out as a stream.

mod extractive;
mod inert;
mod model;
mod prompt;
mod provider;
mod registry;
mod settings;
mod token;

pub use elenchus_provider::{Account, Trouble, Unusable};
pub use extractive::Extractive;
pub use model::{
    Citation, Model, ModelError, ModelEvent, ModelStream, Passage, Prompt, Role, Turn, Usage,
};
pub use provider::Patience;
pub use registry::{Models, UnknownModel};
pub use settings::Settings;
pub use token::{Count, count_tokens, estimated_tokens};
