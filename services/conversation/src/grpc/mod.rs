//! Requests in, answers out.

mod assistant;
mod chat;
mod citation;
mod convert;
mod error;
mod message;
mod work;

use std::pin::Pin;

use elenchus_proto::json;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::conversation_service_server::ConversationService;
use elenchus_proto::pb::document::v1::GetDocumentRequest;
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_rpc::idempotency::Keyed;
use elenchus_rpc::page::{Page, respond};
use elenchus_rpc::status::{from_error, invalid};
use elenchus_rpc::{Caller, Transport, UserId};
use futures_util::{Stream, StreamExt};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

pub(crate) use self::assistant::AssistantRpc;
pub(crate) use self::message::MessageRpc;
use crate::answer::Answers;
use crate::domain::{
    Change, ConversationId, Error, MessageId, Metadata, NewConversation, SessionId, Title,
};
use crate::generation::Generations;
use crate::store::Store;

const DEFAULT_CONVERSATIONS: i32 = 50;
const DEFAULT_MESSAGES: i32 = 100;

/// The service behind the protos.
pub(crate) struct ConversationRpc {
    pub(crate) store: Store,
    pub(crate) answers: Answers,
    pub(crate) generations: Generations,
    pub(crate) documents: DocumentServiceClient<Transport>,
}

impl ConversationRpc {
    /// A document that the caller may attach.
    async fn document(&self, caller: &Caller, raw: &str) -> Result<Uuid, Error> {
        let document_id = raw.parse().map_err(|_| Error::DocumentNotFound)?;
        let request = caller.request(GetDocumentRequest { document_id: raw.to_owned() });
        match self.documents.clone().get_document(request).await {
            Ok(_) => Ok(document_id),
            Err(status) if status.code() == Code::NotFound => Err(Error::DocumentNotFound),
            Err(status) => {
                tracing::warn!(code = ?status.code(), "a document could not be looked up");
                Err(Error::DocumentsUnavailable)
            }
        }
    }
}

#[tonic::async_trait]
impl ConversationService for ConversationRpc {
    async fn create_conversation(
        &self,
        request: Request<pb::CreateConversationRequest>,
    ) -> Result<Response<pb::CreateConversationResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let new = NewConversation {
            title: Title::parse(&request.title).map_err(from_error)?,
            session_id: SessionId::parse(&request.session_id).map_err(from_error)?,
            metadata: metadata(request.metadata.unwrap_or_default()).map_err(from_error)?,
        };
        let conversation = self.store.create(owner, &new).await.map_err(from_error)?;
        Ok(Response::new(pb::CreateConversationResponse {
            conversation: Some(conversation.into()),
        }))
    }

    async fn list_conversations(
        &self,
        request: Request<pb::ListConversationsRequest>,
    ) -> Result<Response<pb::ListConversationsResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let page =
            Page::parse(request.skip, request.limit, DEFAULT_CONVERSATIONS, &request.page_token)?;
        let found =
            self.store.list(owner, &page, request.include_archived).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(|last| last.key());
        let conversations = found.into_iter().map(Into::into).collect();
        respond(pb::ListConversationsResponse { conversations }, next)
    }

    async fn get_conversation(
        &self,
        request: Request<pb::GetConversationRequest>,
    ) -> Result<Response<pb::GetConversationResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let id = ConversationId::parse(&request.get_ref().conversation_id).map_err(from_error)?;
        let found = self.store.find(owner, id).await.map_err(from_error)?;
        let conversation = found.ok_or_else(|| from_error(Error::ConversationNotFound))?;
        Ok(Response::new(pb::GetConversationResponse { conversation: Some(conversation.into()) }))
    }

    async fn update_conversation(
        &self,
        request: Request<pb::UpdateConversationRequest>,
    ) -> Result<Response<pb::UpdateConversationResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let id = ConversationId::parse(&request.conversation_id).map_err(from_error)?;
        let change = Change {
            title: request.title.as_deref().map(Title::parse).transpose().map_err(from_error)?,
            is_archived: request.is_archived,
            metadata: request.metadata.map(metadata).transpose().map_err(from_error)?,
        };
        let changed = self.store.update(owner, id, &change).await.map_err(from_error)?;
        let conversation = changed.ok_or_else(|| from_error(Error::ConversationNotFound))?;
        Ok(Response::new(pb::UpdateConversationResponse {
            conversation: Some(conversation.into()),
        }))
    }

    async fn delete_conversation(
        &self,
        request: Request<pb::DeleteConversationRequest>,
    ) -> Result<Response<pb::DeleteConversationResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let id = ConversationId::parse(&request.get_ref().conversation_id).map_err(from_error)?;
        if !self.store.delete(owner, id).await.map_err(from_error)? {
            return Err(from_error(Error::ConversationNotFound));
        }
        Ok(Response::new(pb::DeleteConversationResponse {
            message: "Conversation deleted".to_owned(),
        }))
    }

    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let id = ConversationId::parse(&request.conversation_id).map_err(from_error)?;
        let page = Page::parse(request.skip, request.limit, DEFAULT_MESSAGES, &request.page_token)?;
        let found = self.store.list_messages(owner, id, &page).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(|last| last.sequence);
        let messages = found.into_iter().map(Into::into).collect();
        respond(pb::ListMessagesResponse { messages }, next)
    }

    async fn attach_document(
        &self,
        request: Request<pb::AttachDocumentRequest>,
    ) -> Result<Response<pb::AttachDocumentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = ConversationId::parse(&request.conversation_id).map_err(from_error)?;
        let document = self.document(&caller, &request.document_id).await.map_err(from_error)?;
        let conversation =
            self.store.attach(caller.user_id, id, document).await.map_err(from_error)?;
        Ok(Response::new(pb::AttachDocumentResponse { conversation: Some(conversation.into()) }))
    }

    async fn detach_document(
        &self,
        request: Request<pb::DetachDocumentRequest>,
    ) -> Result<Response<pb::DetachDocumentResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let id = ConversationId::parse(&request.conversation_id).map_err(from_error)?;
        let document =
            request.document_id.parse().map_err(|_| from_error(Error::DocumentNotFound))?;
        let conversation = self.store.detach(owner, id, document).await.map_err(from_error)?;
        Ok(Response::new(pb::DetachDocumentResponse { conversation: Some(conversation.into()) }))
    }

    async fn forget_document(
        &self,
        request: Request<pb::ForgetDocumentRequest>,
    ) -> Result<Response<pb::ForgetDocumentResponse>, Status> {
        let request = request.into_inner();
        let id =
            |field, raw: &str| raw.parse::<Uuid>().map_err(|_| invalid(field, "must be a UUID"));
        let owner = UserId(id("user_id", &request.user_id)?);
        let document = id("document_id", &request.document_id)?;
        self.store.detach_everywhere(owner, document).await.map_err(from_error)?;
        Ok(Response::new(pb::ForgetDocumentResponse {}))
    }

    async fn chat(
        &self,
        request: Request<pb::ChatRequest>,
    ) -> Result<Response<pb::ChatResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (question, model) =
            chat::question(chat::as_stream(request.into_inner()), None).map_err(from_error)?;
        let reader = self.answers.ask(caller, question, &model).await.map_err(from_error)?;
        Ok(Response::new(chat::whole(reader).await?))
    }

    type StreamChatStream =
        Pin<Box<dyn Stream<Item = Result<pb::StreamChatResponse, Status>> + Send>>;

    async fn stream_chat(
        &self,
        request: Request<pb::StreamChatRequest>,
    ) -> Result<Response<Self::StreamChatStream>, Status> {
        let caller = Caller::of(&request)?;
        let keyed = Keyed::of(&request);
        let (question, model) = chat::question(request.into_inner(), keyed).map_err(from_error)?;
        let begun = self.answers.ask_once(caller, question, &model).await.map_err(from_error)?;
        let events = chat::answer(&self.generations, begun)
            .map(|event| event.map(|event| pb::StreamChatResponse { event: Some(event) }));
        Ok(Response::new(Box::pin(events)))
    }

    type WatchGenerationStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchGenerationResponse, Status>> + Send>>;

    async fn watch_generation(
        &self,
        request: Request<pb::WatchGenerationRequest>,
    ) -> Result<Response<Self::WatchGenerationStream>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let pb::WatchGenerationRequest { generation_id, after_seq } = request.into_inner();
        let id = MessageId::parse_generation(&generation_id).map_err(from_error)?;
        // Refuses what is not the caller's.
        self.store.message(owner, id).await.map_err(from_error)?;
        let events = self.generations.watch(id, after_seq.max(0)).map(|event| {
            event
                .map(|event| pb::WatchGenerationResponse { event: Some(event) })
                .map_err(from_error)
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn stop_generation(
        &self,
        request: Request<pb::StopGenerationRequest>,
    ) -> Result<Response<pb::StopGenerationResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let id =
            MessageId::parse_generation(&request.get_ref().generation_id).map_err(from_error)?;
        let message = self.generations.stop(owner, id).await.map_err(from_error)?;
        Ok(Response::new(pb::StopGenerationResponse { message: Some(message.into()) }))
    }

    type WatchConversationStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchConversationResponse, Status>> + Send>>;

    async fn watch_conversation(
        &self,
        request: Request<pb::WatchConversationRequest>,
    ) -> Result<Response<Self::WatchConversationStream>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let pb::WatchConversationRequest { conversation_id, after_seq } = request.into_inner();
        let id = ConversationId::parse(&conversation_id).map_err(from_error)?;
        let found = self.store.find(owner, id).await.map_err(from_error)?;
        found.ok_or_else(|| from_error(Error::ConversationNotFound))?;
        let starts = self.generations.starts(id, after_seq.max(0)).await.map_err(from_error)?;
        let starts = starts.map(|start| {
            let (seq, answer) = start.map_err(from_error)?;
            Ok(pb::WatchConversationResponse {
                seq,
                r#type: "generation.started".to_owned(),
                generation_id: answer.0.to_string(),
            })
        });
        Ok(Response::new(Box::pin(starts)))
    }
}

fn metadata(object: prost_types::Struct) -> Result<Metadata, Error> {
    Metadata::parse(json::from_struct(object))
}
