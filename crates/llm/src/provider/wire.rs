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
    /// All is said, or all that was allowed.
    Whole,
    /// The provider's own rules forbid the rest.
    Blocked,
    /// The provider failed.
    Failed,
}

/// A count that a provider gave. One that cannot be is none.
pub(crate) fn count(usage: &Value, pointer: &str) -> Option<usize> {
    let count = usage.pointer(pointer)?.as_u64()?;
    i32::try_from(count).ok().and_then(|count| usize::try_from(count).ok())
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
