//! Questions that are asked twice with one key, and answered once.

use std::sync::atomic::Ordering;

use elenchus_proto::pb::conversation::v1 as pb;
use tokio::task::JoinSet;
use tonic::{Code, Request};

use crate::mesh::{Mesh, Node, Reading, text};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

fn question() -> pb::StreamChatRequest {
    pb::StreamChatRequest {
        content: "What does the contract say?".to_owned(),
        sources: vec!["The tenant pays the rent on the first day.".to_owned()],
        ..pb::StreamChatRequest::default()
    }
}

fn keyed<T>(mut request: Request<T>) -> Request<T> {
    request.metadata_mut().insert("idempotency-key", KEY.parse().unwrap());
    request
}

async fn ask(node: &Node) -> Reading {
    node.begun(keyed(node.of_user(question()))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_asked_twice_has_one_answer_told_from_its_start() {
    let mesh = Mesh::with_words(4).await;
    let (here, there) = (mesh.node().await, mesh.node().await);
    let mut first = ask(&here).await;
    mesh.talker.let_say(2);
    first.until_said("word 2 ").await;
    let conversation = first.started().conversation_id.clone();
    let second = ask(&there).await;
    assert_eq!(second.started(), first.started());
    drop(first);

    // Whoever left means to come back: the answer goes on.
    mesh.talker.let_say(2);
    let events = second.rest().await;
    assert_eq!(text(&events), "word 1 word 2 word 3 word 4 ");
    assert_eq!(events.last().unwrap().r#type, "message.completed");
    assert_eq!(ask(&here).await.rest().await, events, "also after its end");
    assert_eq!(here.messages(&conversation).await.len(), 2);
    assert_eq!(mesh.talker.said.load(Ordering::SeqCst), 4, "the model was asked once");

    let other = pb::StreamChatRequest { content: "And what else?".to_owned(), ..question() };
    let refusal = here.client().stream_chat(keyed(here.of_user(other))).await.err().unwrap();
    assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal}");
    let stranger = here.begun(keyed(here.of_stranger(question()))).await;
    assert_ne!(stranger.generation_id(), events[0].generation_id, "keys are their users' own");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_asked_at_once_with_one_key_are_one() {
    let mesh = Mesh::with_words(1).await;
    let nodes = [mesh.node().await, mesh.node().await];
    mesh.talker.let_say(100);
    let mut askers = JoinSet::new();
    for number in 0..12 {
        let node = &nodes[number % 2];
        let (mut client, request) = (node.client(), keyed(node.of_user(question())));
        askers.spawn(async move {
            let mut stream = client.stream_chat(request).await.unwrap().into_inner();
            let mut events = Vec::new();
            while let Some(message) = stream.message().await.unwrap() {
                events.push(message.event.unwrap());
            }
            events
        });
    }
    let mut heard = askers.join_all().await;
    let first = heard.pop().unwrap();
    assert!(heard.iter().all(|events| *events == first), "{heard:?}");
    let conversations = pb::ListConversationsRequest::default();
    let found = nodes[0].client().list_conversations(nodes[0].of_user(conversations)).await;
    assert_eq!(found.unwrap().into_inner().conversations.len(), 1);
    mesh.until_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_regenerated_once() {
    let mesh = Mesh::with_words(1).await;
    let node = mesh.node().await;
    mesh.talker.let_say(10);
    let events = ask(&node).await.rest().await;
    let again = pb::RegenerateMessageRequest {
        message_id: events[0].generation_id.clone(),
        sources: question().sources,
        ..pb::RegenerateMessageRequest::default()
    };
    let mut heard = Vec::new();
    for _ in 0..2 {
        let request = keyed(node.of_user(again.clone()));
        let mut stream = node.of_messages().regenerate_message(request).await.unwrap().into_inner();
        let mut events = Vec::new();
        while let Some(message) = stream.message().await.unwrap() {
            events.push(message.event.unwrap());
        }
        heard.push(events);
    }
    assert_eq!(heard[0], heard[1]);
    let Some(pb::chat_event::Payload::Started(started)) = &heard[0][0].payload else { panic!() };
    assert_eq!(node.messages(&started.conversation_id).await.len(), 3);
}
