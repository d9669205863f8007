//! Answers that someone wants to stop, wherever they are made.

use std::sync::atomic::Ordering;

use elenchus_proto::pb::conversation::v1 as pb;
use tonic::Code;

use crate::mesh::{Mesh, text, types};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_acknowledged_once_the_model_has_been_left() {
    let mesh = Mesh::with_words(1_000).await;
    let (here, there) = (mesh.node().await, mesh.node().await);
    for (node, detach) in [(&here, false), (&there, false), (&there, true)] {
        let mut reading = here.ask("", detach).await;
        mesh.talker.let_say(3);
        reading.until_said("word 3 ").await;
        let stopped = node.stop(reading.generation_id()).await;
        assert_eq!(mesh.talker.open.load(Ordering::SeqCst), 0, "the model is left");

        let id = reading.generation_id().to_owned();
        let events = reading.rest().await;
        assert_eq!(
            types(&events),
            ["message.started", "retrieval", "delta", "usage", "message.completed"]
        );
        assert_eq!((stopped.status.as_str(), &stopped.content), ("stopped", &text(&events)));
        assert_eq!(node.stop(&id).await, stopped, "stopping again changes nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_someone_else_is_neither_stopped_nor_shown() {
    let mesh = Mesh::with_words(3).await;
    let node = mesh.node().await;
    let reading = node.ask("", false).await;
    let generation_id = reading.generation_id().to_owned();
    for id in [generation_id.clone(), "odd".to_owned()] {
        let stop = pb::StopGenerationRequest { generation_id: id.clone() };
        let refusal = node.client().stop_generation(node.of_stranger(stop)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        let watch = pb::WatchGenerationRequest { generation_id: id, after_seq: 0 };
        let refusal = node.client().watch_generation(node.of_stranger(watch)).await.err().unwrap();
        assert_eq!(refusal.code(), Code::NotFound);
    }
    mesh.talker.let_say(3);
    let events = reading.rest().await;
    assert_eq!(events.last().unwrap().r#type, "message.completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_is_ended() {
    let mesh = Mesh::with_words(10_000_000).await;
    let node = mesh.node().await;
    let reading = node.ask("", false).await;
    mesh.talker.let_say(10_000_000);
    let conversation = reading.started().conversation_id.clone();
    let events = reading.rest().await;
    assert_eq!(events.last().unwrap().r#type, "error");
    let stored = node.messages(&conversation).await.pop().unwrap();
    assert_eq!((stored.status.as_str(), stored.content), ("incomplete", text(&events)));
    mesh.until_left().await;
}
