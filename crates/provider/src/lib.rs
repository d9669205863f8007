//! How providers of models are called, whatever they are asked for: where they are, who asks, how often a
//! call is made again, and when a provider is left alone.

mod account;
mod breaker;
mod call;
mod retry;
mod trouble;

pub use account::{Account, Unusable, client, google, openai, seconds, sensitive};
pub use call::{Caller, send};
pub use trouble::Trouble;
