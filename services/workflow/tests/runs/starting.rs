//! Starting runs, finding them again, and nobody else's.

use elenchus_proto::pb::workflow::v1 as pb;
use elenchus_rpc::page::NEXT_PAGE_TOKEN;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::mesh::{Mesh, Node, document, execute, text};

async fn refusal(node: &Node, message: pb::ExecuteWorkflowRequest) -> Status {
    node.client().execute_workflow(node.of_user(message)).await.unwrap_err()
}

fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations =
        details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_does_not_fit_is_refused_by_field() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    for (input, field) in [
        (vec![], "input_data.document_id"),
        (vec![("document_id", text("contract"))], "input_data.document_id"),
        ([document(), vec![("colour", text("red"))]].concat(), "input_data.colour"),
        ([document(), vec![("clauses", text("all"))]].concat(), "input_data.clauses"),
    ] {
        let status = refusal(&node, execute("contract_review", "", input)).await;
        assert_eq!(
            (status.code(), fields(&status)),
            (Code::InvalidArgument, vec![field.to_owned()])
        );
    }
    let long = refusal(&node, execute("contract_review", &"x".repeat(201), document())).await;
    assert_eq!(
        (long.code(), fields(&long)),
        (Code::InvalidArgument, vec!["execution_id".to_owned()])
    );
    let nul = refusal(&node, execute("contract_review", "a\0b", document())).await;
    assert_eq!(
        (nul.code(), fields(&nul)),
        (Code::InvalidArgument, vec!["execution_id".to_owned()])
    );
    let nul = refusal(&node, execute("contract\0review", "", document())).await;
    assert_eq!(nul.code(), Code::InvalidArgument);
    let unknown = refusal(&node, execute("world_peace", "", document())).await;
    assert_eq!(unknown.code(), Code::NotFound);
    let runs: i64 = sqlx::query_scalar("SELECT count(*) FROM workflow_execution")
        .fetch_one(&mesh.pool)
        .await
        .unwrap();
    assert_eq!(runs, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_template_starts_nothing() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    sqlx::query("UPDATE workflow_template SET is_active = false")
        .execute(&mesh.pool)
        .await
        .unwrap();
    let status = refusal(&node, execute("contract_review", "", document())).await;
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_name_is_the_same_run_for_one_user_only() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    let (first, again) = tokio::join!(
        node.start("document_summary", "mine"),
        node.start("document_summary", "mine")
    );
    assert_eq!(first.id, again.id);
    node.ended("mine").await;
    assert_eq!(node.start("contract_review", "mine").await.id, first.id);

    let message = execute("document_summary", "mine", document());
    let other = node.client().execute_workflow(node.of_stranger(message)).await.unwrap();
    assert_ne!(other.into_inner().execution.unwrap().id, first.id);
    assert_eq!(
        mesh.assistant
            .answered
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.user_id == mesh.user)
            .count(),
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_someone_else_is_not_found() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    let id = node.start("document_summary", "").await.execution_id;
    let get = pb::GetExecutionRequest { execution_id: id.clone() };
    let status = node.client().get_execution(node.of_stranger(get)).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let cancel = pb::CancelExecutionRequest { execution_id: id.clone() };
    let status = node.client().cancel_execution(node.of_stranger(cancel)).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let watch = pb::WatchExecutionRequest { execution_id: id.clone(), after_seq: 0 };
    let status = node.client().watch_execution(node.of_stranger(watch)).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let list = pb::ListExecutionsRequest::default();
    let answer = node.client().list_executions(node.of_stranger(list)).await.unwrap();
    assert!(answer.into_inner().executions.is_empty());
    assert_eq!(node.ended(&id).await.status, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_paged_newest_first() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    for name in ["a", "b", "c", "d", "e"] {
        node.start("document_summary", name).await;
        node.ended(name).await;
    }
    let (mut token, mut names) = (String::new(), Vec::new());
    loop {
        let message =
            pb::ListExecutionsRequest { limit: Some(2), page_token: token, ..Default::default() };
        let answer = node.client().list_executions(node.of_user(message)).await.unwrap();
        let next =
            answer.metadata().get(NEXT_PAGE_TOKEN).map(|token| token.to_str().unwrap().to_owned());
        let page = answer.into_inner().executions;
        assert!(page.iter().all(|run| run.steps.is_empty()));
        names.extend(page.into_iter().map(|run| run.execution_id));
        match next {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!(names, ["e", "d", "c", "b", "a"]);

    let list = |message| async { node.client().list_executions(node.of_user(message)).await };
    let failed = pb::ListExecutionsRequest { status: "failed".to_owned(), ..Default::default() };
    assert!(list(failed).await.unwrap().into_inner().executions.is_empty());
    let skipped = pb::ListExecutionsRequest { skip: 4, ..Default::default() };
    assert_eq!(list(skipped).await.unwrap().into_inner().executions[0].execution_id, "a");
    let odd = pb::ListExecutionsRequest { status: "odd".to_owned(), ..Default::default() };
    assert_eq!(fields(&list(odd).await.unwrap_err()), ["status"]);
    let none = pb::ListExecutionsRequest { limit: Some(0), ..Default::default() };
    assert_eq!(fields(&list(none).await.unwrap_err()), ["limit"]);
}
