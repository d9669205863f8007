//! Runs that are cancelled or fail.

use std::sync::atomic::Ordering;

use elenchus_proto::pb::workflow::v1 as pb;
use tonic::{Code, Status};

use crate::mesh::{DOCUMENT, Mesh, Node, execute, text, until};

async fn cancel(node: &Node, execution_id: &str) -> Result<String, Status> {
    let message = pb::CancelExecutionRequest { execution_id: execution_id.to_owned() };
    let answer = node.client().cancel_execution(node.of_user(message)).await?;
    Ok(answer.into_inner().message)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_drops_the_call_in_flight_and_begins_no_further_step() {
    let mesh = Mesh::with_answers(0).await;
    let node = mesh.node().await;
    node.start("contract_review", "stop").await;
    mesh.until_waiting(4).await;
    assert_eq!(cancel(&node, "stop").await.unwrap(), "Workflow execution cancelled");

    let run = node.get("stop").await;
    assert_eq!(run.status, "cancelled");
    let statuses: Vec<&str> = run.steps.iter().map(|step| step.status.as_str()).collect();
    assert_eq!(statuses, ["completed", "cancelled", "cancelled"]);
    mesh.until_waiting(0).await;
    mesh.assistant.permits.add_permits(100);
    let calls = mesh.documents.seen.lock().unwrap().len();

    let again = cancel(&node, "stop").await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
    assert_eq!(node.events("stop", 0).await.last().unwrap().r#type, "execution.cancelled");
    // Another run has come and gone: the worker had every chance to go on with the cancelled one.
    node.start("document_summary", "next").await;
    node.ended("next").await;
    assert_eq!(node.get("stop").await, run);
    let of_next = 1 + 4;
    assert_eq!(mesh.documents.seen.lock().unwrap().len(), calls + of_next);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_run_cannot_be_cancelled() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    node.start("document_summary", "done").await;
    node.ended("done").await;
    assert_eq!(cancel(&node, "done").await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(cancel(&node, "never").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(node.get("done").await.status, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_waits_for_a_peer_that_comes_back() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    mesh.documents.is_down.store(true, Ordering::SeqCst);
    node.start("document_summary", "patient").await;
    until("the step is tried twice", async || mesh.documents.seen.lock().unwrap().len() >= 2).await;
    mesh.documents.is_down.store(false, Ordering::SeqCst);
    let run = node.ended("patient").await;
    assert_eq!(run.status, "completed");
    assert!(run.steps[0].attempts > 1);
    let seen = mesh.documents.seen.lock().unwrap();
    assert_eq!(seen[0].key, seen[1].key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_stays_away_fails_the_run_in_words() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    mesh.documents.is_down.store(true, Ordering::SeqCst);
    node.start("document_summary", "hopeless").await;
    let run = node.ended("hopeless").await;
    assert_eq!((run.status.as_str(), run.error_step), ("failed", Some(0)));
    assert_eq!(run.error_message, "the document service cannot be reached; it was tried 5 times");
    let statuses: Vec<&str> = run.steps.iter().map(|step| step.status.as_str()).collect();
    assert_eq!(statuses, ["failed", "cancelled", "cancelled"]);
    assert_eq!((run.steps[0].attempts, &run.steps[0].error_message), (5, &run.error_message));
    assert!(run.output_data.is_none());
    let events: Vec<String> =
        node.events("hopeless", 0).await.into_iter().map(|event| event.r#type).collect();
    assert_eq!(events, ["execution.started", "step.started", "step.failed", "execution.failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_there_or_cannot_be_read_fails_the_run_at_once() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    let broken = "01935a00-0000-7000-8000-000000000002";
    let absent = "01935a00-0000-7000-8000-000000000003";
    mesh.documents.put(broken, "failed");
    for (document, message) in [
        (absent, format!("there is no document {absent}")),
        (
            broken,
            r#"the document "supply agreement.pdf" could not be read: it is encrypted"#.to_owned(),
        ),
    ] {
        let input = vec![("document_id", text(document))];
        let request = execute("contract_review", document, input);
        node.client().execute_workflow(node.of_user(request)).await.unwrap();
        let run = node.ended(document).await;
        assert_eq!((run.status.as_str(), run.error_message), ("failed", message));
        assert_eq!((run.error_step, run.steps[0].attempts), (Some(0), 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_a_document_that_is_still_being_read() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    mesh.documents.put(DOCUMENT, "processing");
    node.start("document_summary", "early").await;
    assert_eq!(node.ended("early").await.status, "completed");
}

#[tokio::test]
async fn a_run_goes_no_further_once_its_owner_may_not() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    mesh.documents.is_down.store(true, Ordering::SeqCst);
    node.start("document_summary", "1").await;
    until("a document is looked up", async || !mesh.documents.seen.lock().unwrap().is_empty())
        .await;
    mesh.auth.take_back();
    let run = node.ended("1").await;
    assert_eq!(run.status, "failed");
    assert!(run.error_message.contains("may no longer act for its owner"), "{}", run.error_message);
}
