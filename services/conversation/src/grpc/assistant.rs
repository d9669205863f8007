//! Work for a model without a conversation.

use std::pin::Pin;

use elenchus_llm::Prompt;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::assistant_service_server::AssistantService;
use elenchus_rpc::status::{from_error, invalid};
use elenchus_rpc::{Caller, UserId};
use futures_util::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use super::work;
use crate::answer::Answers;
use crate::assistant::{Assistant, Described, Task};
use crate::domain::{Allowed, Analysis, Brief, Passage, Subject, Text, Trait, Undescribed};

const MAX_PASSAGES: usize = 50;

type Answer<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The assistant behind the protos.
pub(crate) struct AssistantRpc {
    pub(crate) answers: Answers,
    pub(crate) assistant: Assistant,
}

#[tonic::async_trait]
impl AssistantService for AssistantRpc {
    async fn answer(
        &self,
        request: Request<pb::AnswerRequest>,
    ) -> Result<Response<pb::AnswerResponse>, Status> {
        let caller = Caller::of(&request)?;
        let pb::AnswerRequest { instruction, passages, model } = request.into_inner();
        let instruction = Text::parse("instruction", instruction).map_err(from_error)?;
        if passages.len() > MAX_PASSAGES {
            return Err(invalid(
                "passages",
                format!("must be at most {MAX_PASSAGES}, not {}", passages.len()),
            ));
        }
        let passages: Vec<Passage> = passages.into_iter().map(Into::into).collect();
        let prompt = Prompt {
            question: instruction.as_str().to_owned(),
            passages: passages.iter().map(Into::into).collect(),
            ..Prompt::default()
        };
        let answered = self.answers.answer(caller, prompt, &passages, &model).await;
        let answered = answered.map_err(from_error)?;
        Ok(Response::new(pb::AnswerResponse {
            text: answered.text,
            model: answered.model,
            usage: Some(answered.usage.into()),
            citation_report: Some((&answered.found.report).into()),
            citations: answered.found.citations.into_iter().map(Into::into).collect(),
        }))
    }

    async fn describe_document(
        &self,
        request: Request<pb::DescribeDocumentRequest>,
    ) -> Result<Response<pb::DescribeDocumentResponse>, Status> {
        let pb::DescribeDocumentRequest { user_id, content, fields } = request.into_inner();
        let owner = user_id.parse().map_err(|_| invalid("user_id", "must be a UUID"))?;
        let fields = fields.into_iter().map(Into::into).collect();
        let document = Undescribed::parse(content, fields).map_err(from_error)?;
        let described =
            self.assistant.describe(UserId(owner), document).await.map_err(from_error)?;
        Ok(Response::new(described.into()))
    }

    type AnalyzeDocumentStream = Answer<pb::AnalyzeDocumentResponse>;

    async fn analyze_document(
        &self,
        request: Request<pb::AnalyzeDocumentRequest>,
    ) -> Result<Response<Self::AnalyzeDocumentStream>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let subject = Subject::parse(&request.document_id, request.content).map_err(from_error)?;
        let analysis = Analysis::parse(subject, request.analysis_type, request.questions)
            .map_err(from_error)?;
        let work = self
            .assistant
            .begin(caller, Task::analysis(analysis), &request.model)
            .await
            .map_err(from_error)?;
        let events =
            work::events(work).map(|event| Ok(pb::AnalyzeDocumentResponse { event: Some(event) }));
        Ok(Response::new(Box::pin(events)))
    }

    type GenerateBriefStream = Answer<pb::GenerateBriefResponse>;

    async fn generate_brief(
        &self,
        request: Request<pb::GenerateBriefRequest>,
    ) -> Result<Response<Self::GenerateBriefStream>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let brief = Brief::parse(
            request.case_facts,
            request.legal_issues,
            request.sources,
            &request.document_ids,
        )
        .map_err(from_error)?;
        let work = self
            .assistant
            .begin(caller, Task::brief(brief), &request.model)
            .await
            .map_err(from_error)?;
        let events =
            work::events(work).map(|event| Ok(pb::GenerateBriefResponse { event: Some(event) }));
        Ok(Response::new(Box::pin(events)))
    }
}

impl From<pb::AllowedValues> for Allowed {
    fn from(allowed: pb::AllowedValues) -> Self {
        Self { field: allowed.field, values: allowed.values }
    }
}

impl From<Described> for pb::DescribeDocumentResponse {
    fn from(described: Described) -> Self {
        let said = |one: Trait| pb::DocumentTrait {
            field: one.field,
            value: one.value,
            confidence: one.confidence,
            evidence: one.evidence,
        };
        Self {
            traits: described.traits.into_iter().map(said).collect(),
            model: described.model.unwrap_or_default(),
        }
    }
}
