//! Watching runs.

use elenchus_proto::pb::workflow::v1 as pb;
use tonic::Code;

use crate::mesh::Mesh;

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_sees_all_of_a_run_and_takes_it_up_again_after_any_event() {
    let mesh = Mesh::with_answers(0).await;
    let node = mesh.node().await;
    node.start("document_summary", "watched").await;
    mesh.until_waiting(4).await;
    // Another process tells as well as the one that works on the run.
    let other = mesh.node().await;
    let message = pb::WatchExecutionRequest { execution_id: "watched".to_owned(), after_seq: 0 };
    let mut stream =
        other.client().watch_execution(other.of_user(message)).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(
        (first.seq, first.r#type.as_str(), first.status.as_str()),
        (1, "execution.started", "running")
    );

    mesh.assistant.permits.add_permits(100);
    let mut live = vec![first];
    while let Some(event) = stream.message().await.unwrap() {
        live.push(event);
    }
    assert_eq!(live, node.events("watched", 0).await);
    assert_eq!(live.last().unwrap().r#type, "execution.completed");
    assert!((live.last().unwrap().progress_percentage - 100.0).abs() < 1e-9);
    assert!(
        live.is_sorted_by(
            |a, b| a.seq + 1 == b.seq && a.progress_percentage <= b.progress_percentage
        )
    );
    let parts: Vec<&str> = live.iter().map(|event| event.step_name.as_str()).collect();
    assert!(parts.contains(&"summarise/map[3]/ask"), "{parts:?}");

    for after in 0..=live.len() {
        let rest = node.events("watched", i32::try_from(after).unwrap()).await;
        assert_eq!(rest, live[after..], "after {after}");
    }
    let message = pb::WatchExecutionRequest { execution_id: "watched".to_owned(), after_seq: -1 };
    let status = node.client().watch_execution(node.of_user(message)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}
