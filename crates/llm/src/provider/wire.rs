//! What a provider's protocol says, whichever it is.

use serde_json::Value;

use crate::{Prompt, Usage};

/// How a provider is spoken to.
pub(crate) trait Protocol: Send + Sync + 'static {
    /// The request for an answer that is streamed.
    fn request(&self, client: &reqwest::Client, prompt: &Prompt) -> reqwest::RequestBuilder;

    /// What an event of the stream says.
    fn read(&self, event: &Value) -> Said;
}

/// What one event of a provider says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) usage: Option<Usage>,
    pub(crate) end: Option<End>,
}

/// Why a provider says no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// All is said.
    Whole,
    /// More would be longer than the provider allows.
    CutOff,
    /// The provider's own rules forbid the rest.
    Blocked,
    /// The provider failed.
    Failed,
}

/// More tokens than any model reads or writes. Sums of such counts stay numbers of 32 bits.
const MOST_TOKENS: u64 = 100_000_000;

/// A count that a provider gave. One that cannot be is none.
pub(crate) fn count(usage: &Value, pointer: &str) -> Option<usize> {
    let count = usage.pointer(pointer)?.as_u64().filter(|count| *count <= MOST_TOKENS)?;
    usize::try_from(count).ok()
}

/// Whether an event says that the provider failed. Some say with every event that it did not.
pub(crate) fn is_error(event: &Value) -> bool {
    event.get("error").is_some_and(|error| !error.is_null())
}

/// The prompt as messages: who says it, and what.
pub(crate) fn turns(prompt: &Prompt) -> Vec<(bool, String)> {
    let mut turns: Vec<(bool, String)> = prompt
        .history
        .iter()
        .filter(|turn| turn.role != crate::Role::System)
        .map(|turn| (turn.role == crate::Role::User, turn.text.clone()))
        .collect();
    turns.push((true, crate::prompt::question(prompt)));
    turns
}
