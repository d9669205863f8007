//! The protocols: OpenAI's `embeddings`, which many servers speak, and Google's `batchEmbedContents`.

use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::Error;
use crate::settings::{Offer, Protocol};

/// What a text is embedded for. Some models put questions and passages differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Query,
    Passage,
}

/// How a provider is spoken to.
pub(crate) struct Wire {
    protocol: Protocol,
    base: String,
    model: String,
    key: Option<HeaderValue>,
    dimensions: Option<usize>,
}

impl Wire {
    pub(crate) fn new(offer: &Offer) -> Result<Self, Error> {
        let account = &offer.account;
        let key = match offer.protocol {
            Protocol::OpenAi => account.bearer()?,
            Protocol::Gemini => {
                let key = account.key.as_ref().map(ExposeSecret::expose_secret);
                key.map(elenchus_provider::sensitive).transpose()?
            }
        };
        let (base, model) = (account.base.clone(), offer.model.clone());
        Ok(Self { protocol: offer.protocol, base, model, key, dimensions: offer.dimensions })
    }

    pub(crate) fn request(
        &self,
        client: &reqwest::Client,
        texts: &[String],
        purpose: Purpose,
    ) -> RequestBuilder {
        let Self { base, model, .. } = self;
        let (url, body, header) = match self.protocol {
            Protocol::OpenAi => {
                (format!("{base}/embeddings"), self.openai(texts), AUTHORIZATION.as_str())
            }
            // The key goes in a header, because a URL is written down in many places.
            Protocol::Gemini => (
                format!("{base}/v1beta/models/{model}:batchEmbedContents"),
                self.gemini(texts, purpose),
                "x-goog-api-key",
            ),
        };
        let request = client.post(url).json(&body);
        match &self.key {
            Some(key) => request.header(header, key.clone()),
            None => request,
        }
    }

    fn openai(&self, texts: &[String]) -> Value {
        let mut body = json!({"model": self.model, "input": texts, "encoding_format": "float"});
        if let Some(dimensions) = self.dimensions {
            body["dimensions"] = dimensions.into();
        }
        body
    }

    fn gemini(&self, texts: &[String], purpose: Purpose) -> Value {
        let task = match purpose {
            Purpose::Query => "RETRIEVAL_QUERY",
            Purpose::Passage => "RETRIEVAL_DOCUMENT",
        };
        let request = |text: &String| {
            let mut request = json!({
                "model": format!("models/{}", self.model),
                "content": {"parts": [{"text": text}]},
                "taskType": task,
            });
            if let Some(dimensions) = self.dimensions {
                request["outputDimensionality"] = dimensions.into();
            }
            request
        };
        json!({"requests": texts.iter().map(request).collect::<Vec<_>>()})
    }

    /// The vectors of an answer, in the order of the texts.
    pub(crate) fn read(&self, answer: Value) -> Option<Vec<Vec<f32>>> {
        let (list, field) = match self.protocol {
            Protocol::OpenAi => ("data", "embedding"),
            Protocol::Gemini => ("embeddings", "values"),
        };
        let mut found: Vec<(u64, Vec<f32>)> = Vec::new();
        for (one, place) in answer.get(list)?.as_array()?.iter().zip(0..) {
            let numbers = one.get(field)?.as_array()?;
            let vector = numbers.iter().map(|number| number.as_f64().map(|number| number as f32));
            let place = one.get("index").and_then(Value::as_u64).unwrap_or(place);
            found.push((place, vector.collect::<Option<_>>()?));
        }
        found.sort_by_key(|(place, _)| *place);
        Some(found.into_iter().map(|(_, vector)| vector).collect())
    }
}
