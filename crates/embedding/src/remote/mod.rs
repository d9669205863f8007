//! A provider's model: asked in batches, within limits, again where that may help, and left where it fails.

mod wire;

use std::sync::OnceLock;

use elenchus_provider::{Caller, Trouble, client, send};
use reqwest::Response;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::wire::Purpose;
use self::wire::Wire;
use crate::settings::{Offer, Patience};
use crate::{Error, similarity};

/// Texts in one request: what every provider takes.
const MOST_TEXTS: usize = 64;
/// An answer with more bytes is none: 64 vectors of 4,096 numbers come to a tenth of it.
const MOST_BYTES: usize = 64 << 20;

/// A model at a provider.
pub(crate) struct Remote {
    caller: Caller,
    wire: Wire,
    client: reqwest::Client,
    patience: Patience,
    /// The length of its vectors: the first one tells, where the settings do not.
    length: OnceLock<usize>,
}

impl Remote {
    pub(crate) fn new(offer: &Offer) -> Result<Self, Error> {
        Ok(Self {
            caller: Caller::new(offer.full_name()),
            wire: Wire::new(offer)?,
            client: client(offer.patience.connect)?,
            patience: offer.patience,
            length: offer.dimensions.map(OnceLock::from).unwrap_or_default(),
        })
    }

    pub(crate) fn model(&self) -> &str {
        self.caller.model()
    }

    pub(crate) fn dimensions(&self) -> Option<usize> {
        self.length.get().copied()
    }

    /// One vector of length 1 for each text, in order.
    pub(crate) async fn embed(
        &self,
        texts: Vec<String>,
        purpose: Purpose,
    ) -> Result<Vec<Vec<f32>>, Error> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(MOST_TEXTS) {
            let until = Instant::now() + self.patience.of(purpose);
            let found = self.caller.call(until, || self.ask(batch, purpose, until)).await;
            vectors.extend(
                found.map_err(|trouble| Error::Provider {
                    model: self.model().to_owned(),
                    trouble,
                })?,
            );
        }
        Ok(vectors)
    }

    async fn ask(
        &self,
        texts: &[String],
        purpose: Purpose,
        until: Instant,
    ) -> Result<Vec<Vec<f32>>, Trouble> {
        let request = self.wire.request(&self.client, texts, purpose);
        let answer = whole(send(request, until).await?, until).await?;
        let vectors = self.wire.read(answer).ok_or(Trouble::Malformed)?;
        if vectors.len() != texts.len() {
            return Err(Trouble::Malformed);
        }
        vectors.into_iter().map(|vector| self.checked(vector)).collect()
    }

    /// The vector, brought to length 1, where it is one of this model's.
    fn checked(&self, mut vector: Vec<f32>) -> Result<Vec<f32>, Trouble> {
        let length = similarity(&vector, &vector).sqrt();
        let is_vector = length.is_finite() && length > 0.0;
        if !is_vector || vector.len() != *self.length.get_or_init(|| vector.len()) {
            return Err(Trouble::Malformed);
        }
        vector.iter_mut().for_each(|number| *number /= length);
        Ok(vector)
    }
}

/// The answer, once all of it is there.
async fn whole(mut response: Response, until: Instant) -> Result<Value, Trouble> {
    let mut bytes = Vec::new();
    loop {
        let chunk = timeout_at(until, response.chunk()).await.map_err(|_| Trouble::TimedOut)?;
        let Some(chunk) = chunk.map_err(|_| Trouble::BrokenOff)? else { break };
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(Trouble::Malformed);
        }
    }
    serde_json::from_slice(&bytes).map_err(|_| Trouble::Malformed)
}
