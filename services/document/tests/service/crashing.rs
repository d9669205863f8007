//! Processes that are killed while they read.

use std::time::Duration;

use crate::pdf::{Page, pdf};
use crate::service::Ground;

const FILES: usize = 8;
const CRASHES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_moment_neither_loses_nor_doubles_a_passage() {
    let ground = Ground::new().await;
    let mut node = ground.node().await;
    let mut documents = Vec::new();
    for number in 0..FILES {
        let clause =
            format!("Clause {number} binds the parties until the term of the lease has ended. ");
        let document = if number % 2 == 0 {
            node.upload(&format!("{number}.txt"), clause.repeat(200).as_bytes()).await
        } else {
            let page = || Page::Text(&clause);
            let pages: Vec<Page<'_>> = (0..10).map(|_| page()).collect();
            node.upload(&format!("{number}.pdf"), &pdf(&pages)).await
        };
        documents.push(document.unwrap().id);
    }
    for crash in 0..CRASHES {
        // Each at another moment of the work; whichever it is, the outcome is the same.
        tokio::time::sleep(Duration::from_millis(150 * crash as u64)).await;
        node.crash();
        node = ground.node().await;
    }
    for (id, number) in documents.iter().zip(0..) {
        let document = node.settled(id).await;
        assert_eq!(document.processing_status, "completed", "{number}: {document:?}");
        let chunks = node.chunks(id).await;
        assert_eq!(chunks.len(), document.chunk_count as usize);
        let text = node.pages(id).await.iter().map(|page| page.content.clone()).collect::<Vec<_>>();
        let text = text.join("\u{c}");
        for (chunk, index) in chunks.iter().zip(0..) {
            assert_eq!(chunk.chunk_index, index);
            let place = chunk.start_char as usize..chunk.end_char as usize;
            let exact: String = text.chars().skip(place.start).take(place.len()).collect();
            assert_eq!(exact, chunk.content, "{number}");
        }
        assert_eq!(document.char_count as usize, text.chars().count());
    }
}
