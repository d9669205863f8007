//! Models of providers, over their own wire protocols.
//!
//! The clients are thin and ours: what is hard is not the JSON but the time limits of each phase,
//! retries that stop at the first word, and an end that is told from a cut.

mod chain;
mod gemini;
mod openai;
mod remote;
mod sse;
mod wire;

pub(crate) use self::chain::Chain;
pub(crate) use self::gemini::Gemini;
pub(crate) use self::openai::OpenAi;
pub use self::remote::Patience;
pub(crate) use self::remote::Remote;
