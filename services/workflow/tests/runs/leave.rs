//! Leave to act for the owner of a run, as it is stored.

use std::sync::atomic::Ordering;

use crate::mesh::{Mesh, Node, until};

/// What leave begins with.
const GRANT: &str = "elg_";

/// A run that waits for the assistant, and its process.
async fn waiting() -> (Mesh, Node) {
    let mesh = Mesh::with_answers(0).await;
    let node = mesh.node().await;
    node.start("document_summary", "1").await;
    until("the assistant is asked", async || mesh.assistant.in_flight.load(Ordering::SeqCst) > 0)
        .await;
    (mesh, node)
}

/// The run as somebody with a copy of the table reads it.
async fn copy(mesh: &Mesh) -> String {
    sqlx::query_scalar("SELECT to_jsonb(t)::text FROM workflow_execution t")
        .fetch_one(&mesh.pool)
        .await
        .unwrap()
}

async fn sealed(mesh: &Mesh) -> Option<Vec<u8>> {
    sqlx::query_scalar("SELECT sealed_grant FROM workflow_execution")
        .fetch_one(&mesh.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_table_opens_nothing_and_an_ended_run_keeps_no_leave() {
    let (mesh, node) = waiting().await;
    assert!(sealed(&mesh).await.is_some());
    assert!(!copy(&mesh).await.contains(GRANT), "it is stored in clear");
    mesh.assistant.permits.add_permits(100);
    assert_eq!(node.ended("1").await.status, "completed");
    assert_eq!(sealed(&mesh).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_from_before_sealing_goes_on_and_its_leave_is_sealed() {
    let (mesh, first) = waiting().await;
    first.crash();
    sqlx::query("UPDATE workflow_execution SET grant_token = $1, sealed_grant = NULL")
        .bind(mesh.auth.grant(mesh.user))
        .execute(&mesh.pool)
        .await
        .unwrap();
    let second = mesh.node().await;
    until("the leave is sealed", async || sealed(&mesh).await.is_some()).await;
    assert!(!copy(&mesh).await.contains(GRANT), "it is stored in clear");
    mesh.assistant.permits.add_permits(100);
    assert_eq!(second.ended("1").await.status, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_leave_was_sealed_with_another_secret_says_so() {
    let (mut mesh, first) = waiting().await;
    first.crash();
    mesh.change_secret();
    let second = mesh.node().await;
    let run = second.ended("1").await;
    assert_eq!(run.status, "failed");
    assert!(run.error_message.contains("SECRET_KEY was changed"), "{}", run.error_message);
}
