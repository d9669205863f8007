//! Work for a model without a conversation.

use elenchus_llm::Prompt;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::assistant_service_server::AssistantService;
use elenchus_rpc::Caller;
use elenchus_rpc::status::{from_error, invalid};
use tonic::{Request, Response, Status};

use crate::answer::Answers;
use crate::domain::Text;

const MAX_PASSAGES: usize = 50;

/// The assistant behind the protos.
pub(crate) struct AssistantRpc {
    pub(crate) answers: Answers,
}

#[tonic::async_trait]
impl AssistantService for AssistantRpc {
    async fn answer(
        &self,
        request: Request<pb::AnswerRequest>,
    ) -> Result<Response<pb::AnswerResponse>, Status> {
        Caller::of(&request)?;
        let pb::AnswerRequest { instruction, passages, model } = request.into_inner();
        let instruction = Text::parse("instruction", instruction).map_err(from_error)?;
        if passages.len() > MAX_PASSAGES {
            return Err(invalid(
                "passages",
                format!("must be at most {MAX_PASSAGES}, not {}", passages.len()),
            ));
        }
        let prompt = Prompt {
            question: instruction.as_str().to_owned(),
            history: Vec::new(),
            passages: passages.iter().map(told).collect(),
        };
        let answered = self.answers.answer(prompt, &model).await.map_err(from_error)?;
        let citations = answered
            .citations
            .into_iter()
            .filter_map(|citation| Some(placed(&citation, passages.get(citation.passage_index)?)))
            .collect();
        Ok(Response::new(pb::AnswerResponse {
            text: answered.text,
            model: answered.model,
            usage: Some(answered.usage.into()),
            citations,
        }))
    }
}

fn told(passage: &pb::Passage) -> elenchus_llm::Passage {
    elenchus_llm::Passage {
        source: passage.filename.clone(),
        text: passage.content.clone(),
        page: passage.page.and_then(|page| u32::try_from(page).ok()),
        start_char: usize::try_from(passage.start_char).unwrap_or_default(),
        end_char: usize::try_from(passage.end_char).unwrap_or_default(),
        document_id: passage.document_id.clone(),
        chunk_id: passage.chunk_id.clone(),
    }
}

fn placed(citation: &elenchus_llm::Citation, passage: &pb::Passage) -> pb::Citation {
    let at = |offset: usize| {
        passage.start_char.saturating_add(i32::try_from(offset).unwrap_or_default())
    };
    pb::Citation {
        marker: citation.marker.clone(),
        quote: citation.quote.clone(),
        document_id: passage.document_id.clone(),
        chunk_id: passage.chunk_id.clone(),
        filename: passage.filename.clone(),
        page: passage.page,
        start_char: at(citation.start_char),
        end_char: at(citation.end_char),
        ..pb::Citation::default()
    }
}
