//! gRPC and gRPC-web on the port of REST.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use elenchus_proto::pb::auth::v1::CheckSessionRequest;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use elenchus_proto::pb::conversation::v1::conversation_service_client::ConversationServiceClient;
use elenchus_proto::pb::conversation::v1::{
    ListConversationsRequest, StreamChatRequest, StreamChatResponse,
};
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_proto::pb::document::v1::upload_document_request::Part;
use elenchus_proto::pb::document::v1::{UploadDocumentRequest, UploadMetadata};
use prost::Message;
use tokio_stream::StreamExt;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::services::Fakes;
use crate::support::{Edge, framed_message};

async fn channel(edge: &Edge) -> Channel {
    Endpoint::from_shared(edge.url("")).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn calls_of_every_form_go_through() {
    let fakes = Fakes::default();
    let edge = fakes.edge().await;
    let channel = channel(&edge).await;

    let mut request = Request::new(ListConversationsRequest::default());
    request.metadata_mut().insert("x-elenchus-service", "forged".parse().unwrap());
    request.metadata_mut().insert("x-mine", "kept".parse().unwrap());
    let list =
        ConversationServiceClient::new(channel.clone()).list_conversations(request).await.unwrap();
    assert_eq!(list.metadata().get("x-next-page-token").unwrap(), "next");
    let metadata = fakes.metadata.lock().unwrap()[0].clone();
    assert_eq!(metadata["x-mine"], "kept");
    assert!(!metadata.contains_key("x-elenchus-service"));
    assert_eq!(metadata["x-forwarded-for"], "127.0.0.1");
    let timeout =
        metadata["grpc-timeout"].to_str().unwrap().trim_end_matches('m').parse::<u32>().unwrap();
    assert!((29_000..=30_000).contains(&timeout), "a call without a deadline gets one");

    let question = StreamChatRequest { content: "hello".to_owned(), ..Default::default() };
    let answer =
        ConversationServiceClient::new(channel.clone()).stream_chat(question).await.unwrap();
    let events: Vec<_> = answer.into_inner().collect().await;
    assert_eq!(events.len(), 2);

    let describe = UploadMetadata { filename: "a.txt".to_owned(), ..Default::default() };
    let parts = [Part::Metadata(describe), Part::Data(vec![1; 1000]), Part::Data(vec![2; 500])];
    let parts = parts.map(|part| UploadDocumentRequest { part: Some(part) });
    let stored = DocumentServiceClient::new(channel)
        .upload_document(tokio_stream::iter(parts))
        .await
        .unwrap();
    assert_eq!(stored.into_inner().document.unwrap().file_size, 1500);
}

#[tokio::test]
async fn methods_between_services_are_not_offered() {
    let edge = Fakes::default().edge().await;
    let request = CheckSessionRequest { session_id: String::new() };
    let refused =
        AuthServiceClient::new(channel(&edge).await).check_session(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
}

#[tokio::test]
async fn health_and_reflection_are_offered() {
    let edge = Fakes::default().edge().await;
    let channel = channel(&edge).await;
    let mut health = HealthClient::new(channel.clone());
    for (service, expected) in [
        ("", 1),
        ("elenchus.document.v1.DocumentService", 1),
        ("elenchus.workflow.v1.WorkflowService", 0),
    ] {
        let answer =
            health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap();
        assert_eq!(answer.into_inner().status, expected, "{service:?}");
    }
    let ask = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let mut reflection = ServerReflectionClient::new(channel);
    let mut answers =
        reflection.server_reflection_info(tokio_stream::once(ask)).await.unwrap().into_inner();
    let ServerReflectionResponse {
        message_response: Some(MessageResponse::ListServicesResponse(list)),
        ..
    } = answers.message().await.unwrap().unwrap()
    else {
        panic!("services are listed");
    };
    let names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    assert!(
        names.contains(&"elenchus.workflow.v1.WorkflowService")
            && names.contains(&"grpc.health.v1.Health"),
        "{names:?}"
    );
}

async fn web(edge: &Edge, content_type: &str, path: &str, body: Vec<u8>) -> reqwest::Response {
    let post = edge
        .http
        .post(edge.url(path))
        .header("content-type", content_type)
        .header("accept", content_type);
    post.header("x-grpc-web", "1").body(body).send().await.unwrap()
}

/// The frames of a gRPC-web body: messages, and the trailers as text.
fn unframe(mut body: &[u8]) -> (Vec<Vec<u8>>, String) {
    let (mut messages, mut trailers) = (Vec::new(), String::new());
    while body.len() >= 5 {
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        let content = body[5..5 + length].to_vec();
        if body[0] & 0x80 == 0 {
            messages.push(content)
        } else {
            trailers = String::from_utf8(content).unwrap()
        }
        body = &body[5 + length..];
    }
    (messages, trailers)
}

#[tokio::test]
async fn browsers_speak_grpc_web_in_bytes_and_in_text() {
    let edge = Fakes::default().edge().await;
    let path = "/elenchus.conversation.v1.ConversationService/StreamChat";
    let question = StreamChatRequest { content: "hello".to_owned(), ..Default::default() };
    let frame = framed_message(&question.encode_to_vec()).to_vec();

    let response = web(&edge, "application/grpc-web+proto", path, frame.clone()).await;
    assert_eq!(response.status(), 200);
    let (messages, trailers) = unframe(&response.bytes().await.unwrap());
    let seqs: Vec<i32> = messages
        .iter()
        .map(|m| StreamChatResponse::decode(m.as_slice()).unwrap().event.unwrap().seq)
        .collect();
    assert_eq!(seqs, [1, 2]);
    assert!(trailers.to_lowercase().contains("grpc-status:0"), "{trailers}");

    let text = BASE64_STANDARD.encode(frame).into_bytes();
    let response = web(&edge, "application/grpc-web-text", path, text).await;
    let body = response.text().await.unwrap();
    // Each frame is padded on its own.
    let mut decoded = Vec::new();
    for quantum in body.as_bytes().chunks(4) {
        decoded.extend(BASE64_STANDARD.decode(quantum).unwrap());
    }
    assert_eq!(unframe(&decoded).0.len(), 2);
}

#[tokio::test]
async fn grpc_web_errors_are_statuses() {
    let edge = Fakes::default().edge().await;
    let path = "/elenchus.auth.v1.AuthService/CheckSession";
    let response = web(&edge, "application/grpc-web", path, framed_message(&[]).to_vec()).await;
    assert_eq!(response.headers()["grpc-status"], "12");
    let json = web(&edge, "application/grpc-web+json", path, Vec::new()).await;
    assert_eq!(json.status(), 415);
    let plain = web(&edge, "application/grpc", path, Vec::new()).await;
    assert_eq!(plain.status(), 505, "reqwest speaks HTTP/1.1 here");
}
