//! Which of several files is read first.

use std::os::unix::fs::PermissionsExt;

use crate::meaning::model;
use crate::service::{Ground, eventually};

/// Text whose meaning takes a minute and more to find.
fn long(number: usize) -> Vec<u8> {
    format!("Clause {number} binds the parties until the term of the lease has ended. ")
        .repeat(15_000)
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_goes_before_large_ones_that_came_first() {
    let model = model();
    let ground = Ground::new().await;
    let program = ground.folder.path().join("hangs");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    // Both of its workers hang, so that what comes later waits.
    let node = ground.node_with(&[("ELENCHUS_EXTRACTOR", program.to_str().unwrap())]).await;
    for name in ["a.txt", "b.txt"] {
        let held = node.upload(name, name.as_bytes()).await.unwrap();
        eventually("it is begun", async || {
            node.get(&held.id).await.processing_status == "processing"
        })
        .await;
    }
    let mut large = Vec::new();
    for number in 0..4 {
        large.push(node.upload(&format!("{number}.txt"), &long(number)).await.unwrap().id);
    }
    let small = node.upload("small.txt", b"The tenant pays the rent.").await.unwrap().id;
    node.crash();

    let node = ground.node_with(&[("EMBEDDING_MODEL_DIR", &model)]).await;
    assert_eq!(node.settled(&small).await.processing_status, "completed");
    let mut waiting = 0;
    for id in &large {
        waiting += usize::from(node.get(id).await.processing_status == "pending");
    }
    assert!(waiting > 0, "the last of the large files still waits for its turn");
    node.crash();
}
