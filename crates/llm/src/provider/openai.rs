//! OpenAI's chat completions, which many servers speak: Ollama, vLLM, Azure.

use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};

use super::wire::{End, Protocol, Said, count, is_error, turns};
use crate::{Prompt, Usage, prompt};

/// A model behind `{base}/chat/completions`.
pub(crate) struct OpenAi {
    pub(crate) base: String,
    pub(crate) model: String,
    /// `Bearer …`. Servers of one's own may need none.
    pub(crate) authorization: Option<HeaderValue>,
}

impl Protocol for OpenAi {
    fn request(&self, client: &reqwest::Client, prompt: &Prompt) -> reqwest::RequestBuilder {
        let said = turns(prompt).into_iter().map(|(is_user, text)| {
            json!({"role": if is_user { "user" } else { "assistant" }, "content": text})
        });
        let system = json!({"role": "system", "content": prompt::instructions(prompt)});
        let messages: Vec<Value> = [system].into_iter().chain(said).collect();
        let body = json!({
            "model": self.model,
            "messages": messages,
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        let request = client.post(format!("{}/chat/completions", self.base)).json(&body);
        match &self.authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        }
    }

    fn read(&self, event: &Value) -> Said {
        let text = |pointer| event.pointer(pointer).and_then(Value::as_str);
        let end = match text("/choices/0/finish_reason") {
            _ if is_error(event) => Some(End::Failed),
            Some("content_filter") => Some(End::Blocked),
            Some("length") => Some(End::CutOff),
            Some(_) => Some(End::Whole),
            None => None,
        };
        Said {
            text: text("/choices/0/delta/content").unwrap_or_default().to_owned(),
            usage: event.get("usage").and_then(usage),
            end,
        }
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    Some(Usage {
        prompt_tokens: count(usage, "/prompt_tokens")?,
        completion_tokens: count(usage, "/completion_tokens")?,
        cached_tokens: count(usage, "/prompt_tokens_details/cached_tokens").unwrap_or(0),
        reasoning_tokens: count(usage, "/completion_tokens_details/reasoning_tokens").unwrap_or(0),
        is_estimated: false,
    })
}
