//! What steps can do. Calls to peers are made for the user whose run it is, and carry the key by which
//! a peer can tell a repetition.

use std::time::Duration;

use elenchus_proto::pb::conversation::v1::assistant_service_client::AssistantServiceClient;
use elenchus_proto::pb::conversation::v1::{AnswerRequest, Citation as CheckedCitation};
use elenchus_proto::pb::document::v1 as document;
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_rpc::Transport;
use elenchus_rpc::caller::{Grant, on_behalf_of};
use elenchus_rpc::layer::idempotency::IDEMPOTENCY_KEY;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tonic::metadata::AsciiMetadataValue;
use tonic::{Code, Request, Status};

use super::passage::{Citation, Passage};
use super::report::{Material, Report};
use crate::definition::Kind;

const LOOK_UP_BUDGET: Duration = Duration::from_secs(10);
/// A document is read, or given up, within half a minute.
const READING_BUDGET: Duration = Duration::from_secs(60);
const SEARCH_BUDGET: Duration = Duration::from_secs(20);
const ANSWER_BUDGET: Duration = Duration::from_secs(60);
/// The most that the assistant takes.
const MOST_PASSAGES: usize = 50;

/// By whose leave a call is made, and under which key.
pub(super) struct Call {
    pub(super) grant: Grant,
    pub(super) key: String,
}

/// Why an activity did not succeed. The messages are for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Trying again may help.
    Passing(String),
    /// It does not.
    Permanent(String),
}

/// The peers, and what can be done without them.
#[derive(Clone)]
pub(crate) struct Activities {
    documents: DocumentServiceClient<Transport>,
    assistant: AssistantServiceClient<Transport>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Documents {
    document_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    query: String,
    document_ids: Vec<String>,
    limit: Option<i32>,
    /// Search finds something for every query; this keeps what names the thing.
    #[serde(default)]
    must_mention: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AiQuery {
    instruction: String,
    passages: Vec<Passage>,
    #[serde(default)]
    model: String,
}

impl Activities {
    /// Over transports that sign as this service.
    pub(crate) fn new(document: Transport, conversation: Transport) -> Self {
        Self {
            documents: DocumentServiceClient::new(document),
            assistant: AssistantServiceClient::new(conversation),
        }
    }

    pub(super) async fn perform(
        &self,
        kind: Kind,
        input: &Value,
        call: &Call,
    ) -> Result<Value, Trouble> {
        match kind {
            Kind::Documents => self.look_up(read(input)?, call).await,
            Kind::Search => self.search(read(input)?, call).await,
            Kind::AiQuery => self.ask(read(input)?, call).await,
            Kind::Collect => Ok(input.clone()),
            Kind::Report => Ok(json!(Report::of(read::<Material>(input)?))),
        }
    }

    async fn look_up(&self, asked: Documents, call: &Call) -> Result<Value, Trouble> {
        let mut found = Vec::with_capacity(asked.document_ids.len());
        for id in asked.document_ids {
            let document = self.read_document(&id, call).await?;
            found.push(json!({
                "id": document.id,
                "filename": document.filename,
                "file_type": document.file_type,
                "page_count": document.page_count,
            }));
        }
        Ok(json!({ "documents": found }))
    }

    /// The document once its text can be searched.
    async fn read_document(&self, id: &str, call: &Call) -> Result<document::Document, Trouble> {
        let mut document = self.document(id, call).await?;
        if matches!(document.processing_status.as_str(), "pending" | "processing") {
            self.await_reading(id, call)
                .await
                .map_err(|status| trouble("the document service", &status))?;
            document = self.document(id, call).await?;
        }
        let name = &document.filename;
        match document.processing_status.as_str() {
            "completed" => Ok(document),
            "failed" => Err(Trouble::Permanent(format!(
                "the document {name:?} could not be read: {}",
                document.processing_error
            ))),
            _ => Err(Trouble::Passing(format!("the document {name:?} is still being read"))),
        }
    }

    async fn document(&self, id: &str, call: &Call) -> Result<document::Document, Trouble> {
        let message = document::GetDocumentRequest { document_id: id.to_owned() };
        let answer = self
            .documents
            .clone()
            .get_document(call.request(LOOK_UP_BUDGET, message))
            .await
            .map_err(|status| {
                if status.code() == Code::NotFound {
                    return Trouble::Permanent(format!("there is no document {id}"));
                }
                trouble("the document service", &status)
            })?;
        let empty =
            || Trouble::Permanent("the document service answered without the document".to_owned());
        answer.into_inner().document.ok_or_else(empty)
    }

    async fn await_reading(&self, id: &str, call: &Call) -> Result<(), Status> {
        let message = document::WatchDocumentRequest { document_id: id.to_owned() };
        let request = call.request(READING_BUDGET, message);
        let mut events = self.documents.clone().watch_document(request).await?.into_inner();
        // However the stream ends, the document itself then tells how far it is.
        while let Ok(Some(_)) = events.message().await {}
        Ok(())
    }

    async fn search(&self, asked: Search, call: &Call) -> Result<Value, Trouble> {
        let message = document::SearchDocumentsRequest {
            query: asked.query,
            limit: asked.limit,
            document_ids: asked.document_ids,
            filters: None,
            method: String::new(),
        };
        let answer = self
            .documents
            .clone()
            .search_documents(call.request(SEARCH_BUDGET, message))
            .await
            .map_err(|status| trouble("the document service", &status))?;
        let is_meant = |passage: &Passage| {
            asked.must_mention.is_empty() || passage.mentions(&asked.must_mention)
        };
        let passages: Vec<Passage> =
            answer.into_inner().results.into_iter().map(Passage::from).filter(is_meant).collect();
        Ok(json!({ "passages": passages }))
    }

    async fn ask(&self, asked: AiQuery, call: &Call) -> Result<Value, Trouble> {
        if asked.passages.is_empty() {
            // There is nothing to answer from, and a model that is asked all the same may make it up.
            return Ok(json!({ "text": "", "model": "", "citations": [] }));
        }
        let passages = asked.passages.into_iter().take(MOST_PASSAGES).map(Into::into).collect();
        let message =
            AnswerRequest { instruction: asked.instruction, passages, model: asked.model };
        let answer = self
            .assistant
            .clone()
            .answer(call.request(ANSWER_BUDGET, message))
            .await
            .map_err(|status| trouble("the assistant", &status))?
            .into_inner();
        let quotes = answer.citations.into_iter().filter(stands);
        let citations: Vec<Citation> = quotes.map(Citation::from).collect();
        let usage = answer.usage.unwrap_or_default();
        Ok(json!({
            "text": answer.text,
            "model": answer.model,
            "citations": citations,
            "usage": {
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "total_tokens": usage.total_tokens,
                "is_estimated": usage.is_estimated,
                "cost_microusd": usage.cost_microusd,
            },
        }))
    }
}

/// Whether the check found the quote in its source, word for word.
fn stands(citation: &CheckedCitation) -> bool {
    citation.kind == "quote" && matches!(citation.status.as_str(), "verbatim" | "verbatim_elided")
}

impl Call {
    fn request<T>(&self, budget: Duration, message: T) -> Request<T> {
        let mut request = on_behalf_of(&self.grant, budget, message);
        // A key in hexadecimal is always a header value.
        if let Ok(key) = AsciiMetadataValue::try_from(&self.key) {
            request.metadata_mut().insert(IDEMPOTENCY_KEY, key);
        }
        request
    }
}

fn read<T: DeserializeOwned>(input: &Value) -> Result<T, Trouble> {
    T::deserialize(input)
        .map_err(|error| Trouble::Permanent(format!("its input does not fit: {error}")))
}

/// What a peer's refusal means to the run; what is the peer's own affair goes to the log only.
fn trouble(peer: &str, status: &Status) -> Trouble {
    match status.code() {
        Code::Unavailable => Trouble::Passing(format!("{peer} cannot be reached")),
        Code::DeadlineExceeded => Trouble::Passing(format!("{peer} did not answer in time")),
        Code::ResourceExhausted => Trouble::Passing(format!("{peer} is overloaded")),
        Code::InvalidArgument | Code::FailedPrecondition | Code::NotFound => {
            Trouble::Permanent(format!("{peer} refused: {}", status.message()))
        }
        Code::Unauthenticated => {
            Trouble::Permanent("the run may no longer act for its owner; start it again".to_owned())
        }
        code @ (Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss) => {
            tracing::error!(?code, message = status.message(), "{peer} failed");
            Trouble::Permanent(format!("{peer} failed"))
        }
    }
}
