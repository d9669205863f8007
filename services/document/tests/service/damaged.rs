//! Damaged files of which something can still be read.

use elenchus_proto::pb::document::v1 as pb;

use crate::pdf::{assemble, stream};
use crate::scans::can_recognize;
use crate::service::Ground;

/// Two pages, the second of which cannot be unpacked.
fn half_broken() -> Vec<u8> {
    let page = |contents: u32| {
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {contents} 0 R /Resources << /Font << \
             /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
        .into_bytes()
    };
    assemble(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>".to_vec(),
        page(5),
        page(6),
        stream("", b"BT /F 12 Tf 72 700 Td (The tenant pays the rent on the first day.) Tj ET"),
        stream("/Filter /FlateDecode ", &[0xff; 400]),
    ])
}

#[tokio::test]
async fn a_damaged_pdf_is_read_as_far_as_that_goes_and_says_so_wherever_it_is_seen() {
    let ground = Ground::new().await;
    let bare = ground.node_with(&[("PATH", "")]).await;
    let refused = bare.read("lease.pdf", &half_broken()).await;
    assert_eq!(refused.processing_error_code, "DAMAGED", "{refused:?}");
    drop(bare);
    if !can_recognize() {
        return;
    }
    let node = ground.node().await;
    node.retry(&refused.id).await.unwrap();
    let document = node.settled(&refused.id).await;
    assert_eq!(document.processing_status, "completed", "{document:?}");
    assert!(document.processing_warning.contains("cannot be unpacked"), "{document:?}");
    assert!(document.processing_warning.contains("complete copy"), "{document:?}");

    let pages = node.pages(&document.id).await;
    let told: Vec<_> =
        pages.iter().map(|page| (page.source.as_str(), page.content.as_str())).collect();
    let text = "The tenant pays the rent on the first day.";
    assert_eq!(told, [("recovered", text), ("recovered", "")]);
    assert!(node.chunks(&document.id).await.iter().all(|chunk| chunk.is_recovered));
    let query = pb::SearchDocumentsRequest {
        query: "When does the tenant pay?".to_owned(),
        ..pb::SearchDocumentsRequest::default()
    };
    let found = node.client().search_documents(node.of_user(query)).await.unwrap().into_inner();
    assert!(!found.results.is_empty() && found.results.iter().all(|result| result.is_recovered));

    let whole = node.read("whole.txt", text.as_bytes()).await;
    assert_eq!(whole.processing_warning, "");
    assert!(node.chunks(&whole.id).await.iter().all(|chunk| !chunk.is_recovered));
}
