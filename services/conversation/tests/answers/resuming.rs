//! Readers who drop and return, windows side by side, and makers that die.

use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use elenchus_proto::pb::conversation::v1::conversation_service_client::ConversationServiceClient;
use elenchus_rpc::Transport;
use tokio::task::JoinSet;
use tonic::{Code, Request};

use crate::mesh::{Mesh, text, types};

#[tokio::test(flavor = "multi_thread")]
async fn every_reader_sees_the_same_events_wherever_and_whenever() {
    let mesh = Mesh::with_words(40).await;
    let (here, there) = (mesh.node().await, mesh.node().await);
    let mut reading = here.ask("", false).await;
    let id = reading.generation_id().to_owned();
    let mut window = JoinSet::new();
    window.spawn(watch(there.client(), there.of_user(from_the_start(&id))));
    mesh.talker.let_say(1);
    reading.until_said("word 1 ").await;
    mesh.talker.let_say(39);
    let events = reading.rest().await;

    assert_eq!(
        types(&events),
        ["message.started", "retrieval", "delta", "usage", "message.completed"]
    );
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "numbers have gaps");
    assert_eq!(window.join_all().await.remove(0), events, "watched as it was made, elsewhere");
    for after in [0, 1, 3, events.len() - 1, events.len()] {
        let seq = i32::try_from(after).unwrap();
        for node in [&here, &there] {
            assert_eq!(node.watched(&id, seq).await, events[after..], "after {after}");
        }
    }
    let Some(Payload::Completed(end)) = &events.last().unwrap().payload else { panic!() };
    let stored = end.message.as_ref().unwrap();
    assert_eq!((stored.content.as_str(), stored.status.as_str()), (&*text(&events), "complete"));
    assert_eq!((stored.prompt_tokens, stored.completion_tokens), (7, 70));
    assert_eq!(&there.messages(&stored.conversation_id).await[1], stored);
}

fn from_the_start(id: &str) -> pb::WatchGenerationRequest {
    pb::WatchGenerationRequest { generation_id: id.to_owned(), after_seq: 0 }
}

async fn watch(
    mut client: ConversationServiceClient<Transport>,
    request: Request<pb::WatchGenerationRequest>,
) -> Vec<pb::ChatEvent> {
    let mut stream = client.watch_generation(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        events.push(message.event.unwrap());
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maker_that_dies_leaves_what_was_shown_and_the_reason() {
    let mesh = Mesh::with_words(40).await.of_mortals();
    let (here, there) = (mesh.node().await, mesh.node().await);
    let mut reading = here.ask("", true).await;
    mesh.talker.let_say(5);
    reading.until_said("word 5 ").await;
    let shown = reading.events.clone();
    let id = reading.generation_id().to_owned();
    let conversation = reading.started().conversation_id.clone();
    here.crash();

    let events = there.watched(&id, 0).await;
    assert_eq!(events[..shown.len()], shown, "what was seen is what is kept");
    let Some(Payload::Error(error)) = &events.last().unwrap().payload else { panic!("{events:?}") };
    assert_eq!((error.code.as_str(), error.is_retryable), ("INTERRUPTED", true));
    let Some(Payload::Usage(usage)) = &events[events.len() - 2].payload else { panic!() };
    assert!(usage.completion_tokens > 0 && usage.is_estimated);

    let messages = there.messages(&conversation).await;
    assert_eq!(messages[0].content, "What does the contract say?");
    assert_eq!((messages[1].status.as_str(), &messages[1].content), ("incomplete", &text(&events)));
    assert_eq!(messages.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_window_on_a_conversation_hears_of_its_answers() {
    let mesh = Mesh::with_words(2).await;
    let (here, there) = (mesh.node().await, mesh.node().await);
    let reading = here.ask("", false).await;
    let (first, conversation) =
        (reading.generation_id().to_owned(), reading.started().conversation_id.clone());
    let watch =
        pb::WatchConversationRequest { conversation_id: conversation.clone(), after_seq: 0 };
    let mut window =
        there.client().watch_conversation(there.of_user(watch.clone())).await.unwrap().into_inner();
    let heard = window.message().await.unwrap().unwrap();
    assert_eq!(heard.generation_id, first, "an answer under way is heard of at once");
    mesh.talker.let_say(4);
    reading.rest().await;

    let second = here.ask(&conversation, false).await;
    let heard = window.message().await.unwrap().unwrap();
    assert_eq!(heard.generation_id, second.generation_id());
    let seen = there.watched(&heard.generation_id, 0).await;
    assert_eq!(seen, second.rest().await);

    let refusal = there.client().watch_conversation(there.of_stranger(watch)).await.err().unwrap();
    assert_eq!(refusal.code(), Code::NotFound);
}
