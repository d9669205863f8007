//! What a model is told of the conversation so far: within its budget the newest messages word for word,
//! and before them a summary of the others. A summary is made once an answer has ended, so that no
//! question waits for it.

mod gist;
mod summing;

use elenchus_llm::{Count, Role, count_tokens, estimated_tokens};

pub(super) use self::summing::Summing;
use crate::domain::{MessageId, Remembered};
use crate::generation::Failure;
use crate::store::{Line, Store, Turn};

/// What of a conversation a model is told.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    pub(super) summary: String,
    pub(super) turns: Vec<elenchus_llm::Turn>,
    /// What it comes to.
    pub(super) remembered: Remembered,
}

/// As much of the line up to this message as the model's budget holds, the newest first.
pub(super) async fn recall(
    store: &Store,
    last: Option<MessageId>,
    model: &str,
    budget: usize,
) -> Result<Recalled, Failure> {
    let Some(last) = last else { return Ok(Recalled::default()) };
    let line = store.line(last).await.map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "a conversation could not be read");
        Failure::STORE
    })?;
    if line.bytes() <= budget {
        // No token is shorter than a byte: all of it fits, and need not be counted.
        let estimate = |text: &str| Count { tokens: estimated_tokens(text), is_estimated: true };
        return Ok(fit(line, budget, estimate));
    }
    let model = model.to_owned();
    // Long texts take long enough to hold up other requests.
    let counted = move || fit(line, budget, |text| count_tokens(&model, text));
    tokio::task::spawn_blocking(counted).await.map_err(|error| {
        tracing::error!(%error, "a history could not be counted");
        Failure::MODEL
    })
}

fn fit(line: Line, budget: usize, count: impl Fn(&str) -> Count) -> Recalled {
    let summary = line.summary.unwrap_or_default();
    let mut total = if summary.is_empty() { Count::default() } else { count(&summary) };
    let is_summarised = !summary.is_empty();
    let mut turns = Vec::new();
    for turn in line.turns.into_iter().rev() {
        let more = count(&turn.content);
        if total.tokens + more.tokens > budget {
            break;
        }
        total.tokens += more.tokens;
        total.is_estimated |= more.is_estimated;
        turns.push(told(turn));
    }
    turns.reverse();
    let remembered = Remembered {
        messages: i32::try_from(turns.len()).unwrap_or(i32::MAX),
        tokens: i32::try_from(total.tokens).unwrap_or(i32::MAX),
        is_estimated: total.is_estimated,
        is_summarised,
    };
    Recalled { summary, turns, remembered }
}

fn told(turn: Turn) -> elenchus_llm::Turn {
    let role = if turn.is_user { Role::User } else { Role::Assistant };
    elenchus_llm::Turn { role, text: turn.content }
}
