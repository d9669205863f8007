//! Readers who leave, and readers who do not read.

use std::sync::atomic::Ordering;
use std::time::Duration;

use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;

use crate::mesh::{Mesh, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_leaves_stops_the_model() {
    let mesh = Mesh::with_words(1_000).await;
    let node = mesh.node().await;
    let mut reading = node.ask("", false).await;
    mesh.talker.let_say(2);
    reading.until_said("word 2 ").await;
    let conversation = reading.started().conversation_id.clone();
    drop(reading);
    // It has more to say, and would wait for ever to be let.
    mesh.until_left().await;
    let stored = node.ended(&conversation).await;
    assert_eq!((stored.status.as_str(), stored.content.as_str()), ("stopped", "word 1 word 2 "));
    assert!(stored.completion_tokens > 0, "what was said is counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_deleted_while_it_is_answered_says_so_and_leaves_the_model() {
    let mesh = Mesh::with_words(1_000).await;
    let node = mesh.node().await;
    // Whether the model goes on or is silent.
    for words in [1, 0] {
        let mut reading = node.ask("", true).await;
        mesh.talker.let_say(1);
        reading.until(|event| event.r#type == "delta").await;
        let id = reading.generation_id().to_owned();
        let watch = pb::WatchGenerationRequest { generation_id: id, after_seq: 0 };
        let window = node.client().watch_generation(node.of_user(watch)).await.unwrap();
        let mut window = window.into_inner();
        let mut seen = vec![window.message().await.unwrap().unwrap().event.unwrap()];
        let conversation_id = reading.started().conversation_id.clone();
        let request = pb::DeleteConversationRequest { conversation_id };
        node.client().delete_conversation(node.of_user(request)).await.unwrap();
        mesh.talker.let_say(words);
        while let Some(message) = window.message().await.unwrap() {
            seen.push(message.event.unwrap());
        }
        let events = reading.rest().await;
        let [.., usage, error] = &events[..] else { panic!("{events:?}") };
        assert_eq!((usage.r#type.as_str(), error.r#type.as_str()), ("usage", "error"));
        let Some(Payload::Error(told)) = &error.payload else { panic!("{error:?}") };
        assert_eq!(told.code, "CONVERSATION_DELETED");
        assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "{events:?}");
        assert_eq!(seen, events, "the other window");
        mesh.until_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_detached_may_leave() {
    let mesh = Mesh::with_words(4).await;
    let node = mesh.node().await;
    let reading = node.ask("", true).await;
    let id = reading.generation_id().to_owned();
    drop(reading);
    mesh.talker.let_say(4);
    let events = node.watched(&id, 0).await;
    assert_eq!(events.last().unwrap().r#type, "message.completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_does_not_read_slows_the_model_and_not_the_stop() {
    let mesh = Mesh::with_words(100_000).await;
    let node = mesh.node().await;
    let reading = node.ask("", false).await;
    // One at a time, so that words are not joined while they wait.
    let mut last = usize::MAX;
    while mesh.talker.said.load(Ordering::SeqCst) != last {
        last = mesh.talker.said.load(Ordering::SeqCst);
        for _ in 0..50 {
            mesh.talker.let_say(1);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    assert!(last < 2_000, "{last} words were said to nobody");
    node.stop(reading.generation_id()).await;
    until("the model is left", async || mesh.talker.open.load(Ordering::SeqCst) == 0).await;
}
