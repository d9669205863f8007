//! Documents on their way out.

use std::time::Duration;

use tonic::Code;

use crate::service::{Ground, eventually};

fn text(number: usize) -> Vec<u8> {
    format!("Clause {number} binds the parties until the term of the lease has ended.").into_bytes()
}

#[tokio::test]
async fn a_deleted_document_is_gone_at_once_and_its_traces_once_all_can_be_reached() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let document = node.read("lease.txt", &text(1)).await;
    ground.conversations.set_away(true);
    node.delete(&document.id).await.unwrap();

    assert_eq!(node.find(&document.id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(node.delete(&document.id).await.unwrap_err().code(), Code::NotFound);
    eventually("the bytes are gone", async || ground.stored() == 0).await;

    // Killed between the two steps; the next process takes the second.
    node.crash();
    ground.conversations.set_away(false);
    let node = ground.node().await;
    eventually("conversations are told", async || !ground.conversations.forgotten().is_empty())
        .await;
    let told = &ground.conversations.forgotten()[0];
    assert_eq!((&told.document_id, &told.user_id), (&document.id, &document.user_id));

    let again = node.read("lease.txt", &text(1)).await;
    assert_ne!(again.id, document.id, "the same bytes come as a new document");
    assert_eq!(again.processing_status, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_moment_of_a_deletion_leaves_nothing_behind() {
    let ground = Ground::new().await;
    let mut node = ground.node().await;
    let mut ids = Vec::new();
    for number in 0..12 {
        ids.push(node.upload(&format!("{number}.txt"), &text(number)).await.unwrap().id);
    }
    for (id, number) in ids.iter().zip(0_u64..) {
        node.delete(id).await.unwrap();
        if number % 3 == 0 {
            // Each at another moment of the work; whichever it is, the outcome is the same.
            tokio::time::sleep(Duration::from_millis(4 * number)).await;
            node.crash();
            node = ground.node().await;
        }
    }
    eventually("all bytes are gone", async || ground.stored() == 0).await;
    eventually("conversations are told of all", async || {
        let told = ground.conversations.forgotten();
        ids.iter().all(|id| told.iter().any(|told| told.document_id == *id))
    })
    .await;
}

#[tokio::test]
async fn bytes_that_no_document_has_are_cleared_away_and_others_stay() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let document = node.upload("lease.txt", &text(1)).await.unwrap();
    let folder = ground.folder.path().join(&document.user_id);
    // Of an upload whose process died before its row, and before its last byte.
    for name in ["0198c0de-0000-7000-8000-000000000000", "0198c0de-0000-7000-8000-000000000001#1"] {
        std::fs::write(folder.join(name), text(2)).unwrap();
    }
    assert_eq!(ground.stored(), 3);
    drop(node);
    let sweep = elenchus_document::SweepPace {
        every: Duration::from_millis(100),
        grace: Duration::from_millis(1),
    };
    let _node = ground.node_that_sweeps(sweep).await;
    eventually("the orphans are gone", async || ground.stored() == 1).await;
    assert!(folder.join(&document.id).is_file());
}
