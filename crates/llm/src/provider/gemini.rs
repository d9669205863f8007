//! Google's `streamGenerateContent`.

use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use super::wire::{End, Protocol, Said, count, is_error, turns};
use crate::{Prompt, Usage, prompt};

/// A model behind `{base}/v1beta/models/{model}:streamGenerateContent`.
pub(crate) struct Gemini {
    pub(crate) base: String,
    pub(crate) model: String,
    pub(crate) key: HeaderValue,
}

impl Protocol for Gemini {
    fn request(&self, client: &reqwest::Client, prompt: &Prompt) -> reqwest::RequestBuilder {
        let said = turns(prompt).into_iter().map(|(is_user, text)| {
            let role = if is_user { "user" } else { "model" };
            json!({"role": role, "parts": [{"text": text}]})
        });
        let contents: Vec<Value> = said.collect();
        let body = json!({
            "systemInstruction": {"parts": [{"text": prompt::instructions(prompt)}]},
            "contents": contents,
        });
        let Self { base, model, key } = self;
        // In a header, because a URL is written down in many places.
        client
            .post(format!("{base}/v1beta/models/{model}:streamGenerateContent?alt=sse"))
            .header("x-goog-api-key", key.clone())
            .json(&body)
    }

    fn read(&self, event: &Value) -> Said {
        let parts = event.pointer("/candidates/0/content/parts").and_then(Value::as_array);
        // Thoughts are not part of the answer.
        let is_said = |part: &&Value| part.get("thought") != Some(&Value::Bool(true));
        let text = parts
            .into_iter()
            .flatten()
            .filter(is_said)
            .filter_map(|part| part.get("text")?.as_str())
            .collect();
        let reason = event.pointer("/candidates/0/finishReason").and_then(Value::as_str);
        let end = match reason {
            _ if is_error(event) => Some(End::Failed),
            _ if event.pointer("/promptFeedback/blockReason").is_some() => Some(End::Blocked),
            Some("STOP") => Some(End::Whole),
            Some("MAX_TOKENS") => Some(End::CutOff),
            Some(_) => Some(End::Blocked),
            None => None,
        };
        Said { text, usage: event.get("usageMetadata").and_then(usage), end }
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let reasoning_tokens = count(usage, "/thoughtsTokenCount").unwrap_or(0);
    Some(Usage {
        prompt_tokens: count(usage, "/promptTokenCount")?,
        completion_tokens: count(usage, "/candidatesTokenCount")? + reasoning_tokens,
        cached_tokens: count(usage, "/cachedContentTokenCount").unwrap_or(0),
        reasoning_tokens,
        is_estimated: false,
    })
}
