//! Asks the language model in use, where there is one, what a document is. That is done once the document was
//! read and can be used: whatever becomes of it, what the rules say stands meanwhile and after it.

use std::time::Duration;

use async_trait::async_trait;
use elenchus_durable::{Failure, Handler, Lease, Terms};
use elenchus_proto::pb::conversation::v1::assistant_service_client::AssistantServiceClient;
use elenchus_proto::pb::conversation::v1::{AllowedValues, DescribeDocumentRequest};
use elenchus_rpc::Transport;
use elenchus_rpc::caller::as_service;

use crate::legal::{allowed_values, said_by_model};
use crate::store::Store;

/// The table whose rows are the jobs, and the channel of their wakes.
pub(crate) const DESCRIPTION_TABLE: &str = "description_job";

/// What the model gets to answer.
const BUDGET: Duration = Duration::from_secs(60);
/// Characters of a document that it is shown: there a document says what it is.
const SHOWN: i32 = 12_000;
/// How often a model is asked that cannot be reached: for about a quarter of an hour.
const ATTEMPTS: i32 = 12;

/// Has documents described.
pub(crate) struct Descriptions {
    pub(crate) store: Store,
    pub(crate) assistant: AssistantServiceClient<Transport>,
}

/// A description is given up in the end: the rules have spoken.
pub(crate) fn terms(terms: Terms) -> Terms {
    Terms { attempts: ATTEMPTS, ..terms }
}

#[async_trait]
impl Handler for Descriptions {
    async fn run(&self, lease: &Lease) -> Result<(), Failure> {
        let Some(document) = self.store.undescribed(lease, SHOWN).await? else {
            return Err(Failure::Lost);
        };
        let fields = allowed_values().map(|(field, values)| AllowedValues {
            field: field.to_owned(),
            values: values.into_iter().map(str::to_owned).collect(),
        });
        let describe = DescribeDocumentRequest {
            user_id: document.owner.to_string(),
            content: document.text.clone(),
            fields: fields.collect(),
        };
        let asked = self.assistant.clone().describe_document(as_service(BUDGET, describe)).await;
        let answer = asked.map_err(|status| Failure::Passing(status.into()))?.into_inner();
        let said = said_by_model(&document.text, answer.traits);
        Ok(self.store.end_description(lease, said).await?)
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), Failure> {
        tracing::warn!("no model described a document; what the rules say of it stands");
        Ok(self.store.end_description(lease, Vec::new()).await?)
    }
}
