//! What is done with single messages.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::message_service_server::MessageService;
use elenchus_rpc::Caller;
use elenchus_rpc::idempotency::Keyed;
use elenchus_rpc::page::{Page, respond};
use elenchus_rpc::status::from_error;
use futures_util::{Stream, StreamExt};
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use super::{chat, convert};
use crate::answer::Answers;
use crate::domain::{
    ConversationId, Error, Match, MessageId, Opinion, Place, Query, Question, Search, Source, Text,
    parse_trace_id,
};
use crate::generation::Generations;
use crate::store::Store;

const DEFAULT_RESULTS: i32 = 50;

/// The service of messages behind the protos.
pub(crate) struct MessageRpc {
    pub(crate) store: Store,
    pub(crate) answers: Answers,
    pub(crate) generations: Generations,
}

#[tonic::async_trait]
impl MessageService for MessageRpc {
    async fn search_messages(
        &self,
        request: Request<pb::SearchMessagesRequest>,
    ) -> Result<Response<pb::SearchMessagesResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let page = Page::parse(request.skip, request.limit, DEFAULT_RESULTS, &request.page_token)?;
        let search = search(request).map_err(from_error)?;
        let found = self.store.search(owner, &search, &page).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(|last| last.message_id.0);
        let results = found.into_iter().map(Into::into).collect();
        respond(pb::SearchMessagesResponse { results }, next)
    }

    async fn rate_message(
        &self,
        request: Request<pb::RateMessageRequest>,
    ) -> Result<Response<pb::RateMessageResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let pb::RateMessageRequest { message_id, rating, comment } = request.into_inner();
        let id = MessageId::parse(&message_id).map_err(from_error)?;
        // Whose it is comes first, so that a stranger learns nothing from what else is wrong.
        self.store.answer(owner, id).await.map_err(from_error)?;
        let opinion = Opinion::parse(&rating, comment).map_err(from_error)?;
        let stored = self.store.rate(owner, id, &opinion).await.map_err(from_error)?;
        let feedback = Some(convert::feedback(id, stored));
        Ok(Response::new(pb::RateMessageResponse { feedback }))
    }

    type RegenerateMessageStream =
        Pin<Box<dyn Stream<Item = Result<pb::RegenerateMessageResponse, Status>> + Send>>;

    async fn regenerate_message(
        &self,
        request: Request<pb::RegenerateMessageRequest>,
    ) -> Result<Response<Self::RegenerateMessageStream>, Status> {
        let (caller, keyed) = (Caller::of(&request)?, Keyed::of(&request));
        let request = request.into_inner();
        let answer = MessageId::parse(&request.message_id).map_err(from_error)?;
        let asked = self.store.question_of(caller.user_id, answer).await.map_err(from_error)?;
        let model = request.model.clone();
        let question = Question {
            content: Text::stored(asked.content),
            place: Place::Again(asked.conversation_id, asked.id),
            is_detached: request.detach || keyed.is_some(),
            keyed,
            ..sources(request).map_err(from_error)?
        };
        let begun = self.answers.ask_once(caller, question, &model).await.map_err(from_error)?;
        let events = chat::answer(&self.generations, begun)
            .map(|event| event.map(|event| pb::RegenerateMessageResponse { event: Some(event) }));
        Ok(Response::new(Box::pin(events)))
    }
}

/// What a question is answered from, without the question.
fn sources(request: pb::RegenerateMessageRequest) -> Result<Question, Error> {
    Ok(Question {
        content: Text::stored(String::new()),
        place: Place::New(None),
        sources: Source::parse_all(request.sources)?,
        document_ids: Question::parse_document_ids(&request.document_ids)?,
        trace_id: parse_trace_id(request.trace_id)?,
        is_detached: request.detach,
        keyed: None,
    })
}

fn search(request: pb::SearchMessagesRequest) -> Result<Search, Error> {
    let conversation_id = match request.conversation_id.as_str() {
        "" => None,
        id => Some(ConversationId::parse(id)?),
    };
    Ok(Search {
        query: Query::parse(request.q)?,
        conversation_id,
        is_user: request.is_user,
        since: request.since.map(|at| time("since", at)).transpose()?,
        until: request.until.map(|at| time("until", at)).transpose()?,
        include_archived: request.include_archived,
    })
}

fn time(field: &'static str, at: Timestamp) -> Result<DateTime<Utc>, Error> {
    let nanos = u32::try_from(at.nanos).ok();
    nanos
        .and_then(|nanos| DateTime::from_timestamp(at.seconds, nanos))
        // PostgreSQL's timestamps end sooner than ours.
        .filter(|at| (0..=9_999).contains(&chrono::Datelike::year(at)))
        .ok_or_else(|| Error::invalid(field, "must be a time of the years 0 to 9999"))
}

impl From<Match> for pb::MessageMatch {
    fn from(found: Match) -> Self {
        let count = |chars: usize| i32::try_from(chars).unwrap_or(i32::MAX);
        let highlight = |words: std::ops::Range<usize>| pb::Highlight {
            start_char: count(words.start),
            end_char: count(words.end),
        };
        Self {
            message_id: found.message_id.0.to_string(),
            conversation_id: found.conversation_id.0.to_string(),
            conversation_title: found.conversation_title,
            is_user: found.is_user,
            snippet: found.snippet,
            highlights: found.highlights.into_iter().map(highlight).collect(),
            created_at: convert::time(found.created_at),
        }
    }
}
