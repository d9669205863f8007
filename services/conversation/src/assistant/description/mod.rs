//! Says what a document is: a model is asked for one object, which is taken as a whole or not at all.

mod answer;
mod question;

use std::time::Instant;

use elenchus_llm::Passage;
use elenchus_rpc::UserId;
use tracing::Instrument;

use self::answer::read;
use self::question::question;
use super::Assistant;
use super::asking::Asking;
use super::instruction::DESCRIBE;
use crate::domain::{Error, MessageStatus, Trait, Undescribed};

/// What the source is called where its name says nothing that its text does not.
const SOURCE: &str = "document";

/// What a model says of a document.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Described {
    /// Nothing, where no language model answered or it did not keep to what is allowed.
    pub(crate) traits: Vec<Trait>,
    /// The language model that answered, if one did.
    pub(crate) model: Option<String>,
}

impl Assistant {
    /// Asks the model in use. Its trouble is an error where asking again may help.
    pub(crate) async fn describe(
        &self,
        owner: UserId,
        document: Undescribed,
    ) -> Result<Described, Error> {
        let model =
            self.models.find("").map_err(|unknown| Error::invalid("model", unknown.to_string()))?;
        let asking = Asking::new(model);
        if asking.is_extractive() {
            return Ok(Described::default());
        }
        let began = Instant::now();
        let Undescribed { content, fields } = document;
        let end_char = content.chars().count();
        let passage =
            Passage { source: SOURCE.to_owned(), text: content, end_char, ..Passage::default() };
        let span = tracing::info_span!("assistant.work", work.kind = "description");
        let said = asking.whole(&DESCRIBE, question(&fields), vec![passage]).instrument(span).await;
        let status = if said.is_ok() { MessageStatus::Complete } else { MessageStatus::Failed };
        self.count(owner, &asking, status, began).await;
        let said = match said {
            Ok(_) if asking.is_extractive() => return Ok(Described::default()),
            Ok(said) => said,
            Err(failure) if failure.is_retryable => return Err(Error::ModelUnavailable),
            Err(failure) => {
                tracing::warn!(code = failure.code, "a model describes no document");
                return Ok(Described::default());
            }
        };
        let traits = read(&said, &fields).unwrap_or_else(|problem| {
            // Not what it said: that may be words of the document.
            tracing::warn!(%problem, "a model's description of a document is not as it must be");
            Vec::new()
        });
        Ok(Described { traits, model: Some(asking.name()) })
    }
}
