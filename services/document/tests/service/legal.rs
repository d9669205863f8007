//! What a document's text says that it is, and what it cites.

use elenchus_proto::pb::document::v1 as pb;

use crate::service::{Ground, Node};

const MOTION: &str = "SUPERIOR COURT OF CALIFORNIA\nCOUNTY OF ALAMEDA\n\nMOTION TO COMPEL\n\nThe tenant moves against \
    the landlord, who began an eviction. See Roe v. Wade, 410 U.S. 113, 153 (1973), and 15 U.S.C. § 78u-4. The tenant \
    relies on the eviction record.";

async fn update(node: &Node, change: pb::UpdateDocumentRequest) -> pb::Document {
    let answer = node.client().update_document(node.of_user(change)).await.unwrap();
    answer.into_inner().document.unwrap()
}

async fn list(node: &Node, message: pb::ListDocumentsRequest) -> Vec<String> {
    let answer = node.client().list_documents(node.of_user(message)).await.unwrap();
    answer.into_inner().documents.into_iter().map(|document| document.filename).collect()
}

#[tokio::test]
async fn a_document_says_what_it_is_until_its_owner_says_otherwise() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let read = node.read("motion.txt", MOTION.as_bytes()).await;
    assert_eq!(read.document_category, "motion", "{:?}", read.detected);
    assert_eq!(read.jurisdiction, "California");
    assert_eq!(read.practice_area, "landlord and tenant");
    assert!(read.edited_fields.is_empty());
    let seen = read.detected.iter().find(|one| one.field == "jurisdiction").unwrap();
    let place = seen.start_char as usize..seen.end_char as usize;
    assert_eq!(&MOTION[place], "SUPERIOR COURT OF CALIFORNIA");
    assert!(seen.confidence > 0.5 && seen.confidence < 1.0);

    let change = pb::UpdateDocumentRequest {
        document_id: read.id.clone(),
        jurisdiction: Some("Nevada".to_owned()),
        ..Default::default()
    };
    let edited = update(&node, change).await;
    assert_eq!(
        (edited.jurisdiction.as_str(), edited.document_category.as_str()),
        ("Nevada", "motion")
    );
    assert_eq!(edited.edited_fields, ["jurisdiction"]);
    assert_eq!(edited.detected, read.detected, "what the text says stays to be seen");
    let of = |jurisdiction: &str| pb::ListDocumentsRequest {
        jurisdiction: jurisdiction.to_owned(),
        ..Default::default()
    };
    assert_eq!(list(&node, of("Nevada")).await, ["motion.txt"]);
    assert!(list(&node, of("California")).await.is_empty(), "the owner's word holds");
}

#[tokio::test]
async fn what_a_document_cites_is_listed_with_its_places_and_finds_it() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let read = node.read("motion.txt", MOTION.as_bytes()).await;
    node.read("other.txt", b"This agreement is made between the parties.").await;

    let message = pb::ListCitationsRequest { document_id: read.id.clone(), ..Default::default() };
    let answer = node.client().list_citations(node.of_user(message)).await.unwrap().into_inner();
    let kinds: Vec<_> = answer.citations.iter().map(|cited| cited.kind.as_str()).collect();
    assert_eq!(kinds, ["case", "statute"]);
    let roe = &answer.citations[0];
    let chars: Vec<char> = MOTION.chars().collect();
    let place: String = chars[roe.start_char as usize..roe.end_char as usize].iter().collect();
    assert_eq!(place, roe.content);
    assert!(place.contains("410 U.S. 113"));
    assert_eq!(roe.year, Some(1973));

    for cites in ["410 U.S. 113", "Roe v. Wade, 410 U. S. 113 (1973)"] {
        let message = pb::ListDocumentsRequest { cites: cites.to_owned(), ..Default::default() };
        assert_eq!(list(&node, message).await, ["motion.txt"], "{cites}");
    }
    let message =
        pb::ListDocumentsRequest { cites: "411 U.S. 113".to_owned(), ..Default::default() };
    assert!(list(&node, message).await.is_empty());
}
