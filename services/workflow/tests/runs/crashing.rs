//! Processes that die in mid-run.

use std::collections::BTreeSet;

use crate::mesh::{Mesh, until};

#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_where_a_killed_one_stood() {
    let mesh = Mesh::with_answers(2).await;
    let first = mesh.node().await;
    first.start("contract_review", "survivor").await;
    until("two answers are recorded", async || {
        let recorded: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM workflow_step WHERE output_data -> 'usage' IS NOT NULL",
        )
        .fetch_one(&mesh.pool)
        .await
        .unwrap();
        recorded == 2
    })
    .await;
    first.crash();
    mesh.until_waiting(0).await;

    mesh.assistant.permits.add_permits(100);
    let second = mesh.node().await;
    let run = second.ended("survivor").await;
    assert_eq!((run.status.as_str(), run.error_message.as_str()), ("completed", ""));
    let answered = mesh.assistant.answered.lock().unwrap().clone();
    let keys: Vec<&str> = answered.iter().map(|seen| seen.key.as_str()).collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 5);
    // A call that the killed process had under way may have been answered too, unrecorded.
    let (recorded, later) = keys.split_at(2);
    assert!(later.iter().all(|key| !recorded.contains(key)), "a recorded step was repeated");
    let gapless: Vec<i32> =
        second.events("survivor", 0).await.iter().map(|event| event.seq).collect();
    assert_eq!(gapless, (1..=i32::try_from(gapless.len()).unwrap()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_survives_crashes_between_an_answer_and_its_record() {
    const RUNS: [&str; 4] = ["a", "b", "c", "d"];
    let mesh = Mesh::with_answers(0).await;
    let mut node = mesh.node().await;
    for name in RUNS {
        node.start("contract_review", name).await;
    }
    for crash in 1..=4 {
        mesh.assistant.permits.add_permits(3);
        until("three more are answered", async || {
            mesh.assistant.answered.lock().unwrap().len() == 3 * crash
        })
        .await;
        node.crash();
        node = mesh.node().await;
    }
    mesh.assistant.permits.add_permits(1000);
    for name in RUNS {
        let run = node.ended(name).await;
        assert_eq!((run.status.as_str(), run.error_message.as_str()), ("completed", ""), "{name}");
    }
    // An answer that was not recorded is asked for again, under the same key.
    let answered = mesh.assistant.answered.lock().unwrap().clone();
    let keys: BTreeSet<String> = answered.iter().map(|seen| seen.key.clone()).collect();
    assert_eq!(keys.len(), 5 * RUNS.len());
    let repeated = answered.len() - keys.len();
    assert!(repeated <= 3 * 4, "{repeated} repeated answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_the_version_that_it_began_with() {
    let mesh = Mesh::with_answers(0).await;
    let first = mesh.node().await;
    first.start("document_summary", "pinned").await;
    mesh.until_waiting(4).await;
    first.crash();
    sqlx::query(
        "WITH edition AS (
             INSERT INTO workflow_template_version
             SELECT workflow_template_id, 2, '{\"steps\": []}', input_schema, output_schema
             FROM workflow_template_version JOIN workflow_template USING (workflow_template_id, version)
             WHERE name = 'document_summary'
             RETURNING workflow_template_id)
         UPDATE workflow_template SET version = 2
         FROM edition WHERE edition.workflow_template_id = workflow_template.workflow_template_id",
    )
    .execute(&mesh.pool)
    .await
    .unwrap();
    mesh.assistant.permits.add_permits(100);
    let second = mesh.node().await;
    assert_eq!(second.ended("pinned").await.status, "completed");
}
