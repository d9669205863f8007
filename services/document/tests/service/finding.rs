//! Search by words.

use elenchus_proto::pb::document::v1 as pb;
use elenchus_rpc::UserId;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::service::{Ground, Node};

async fn search(node: &Node, query: &str, method: &str) -> Result<Vec<pb::SearchResult>, Status> {
    let message = pb::SearchDocumentsRequest {
        query: query.to_owned(),
        method: method.to_owned(),
        ..Default::default()
    };
    Ok(node.client().search_documents(node.of_user(message)).await?.into_inner().results)
}

#[tokio::test]
async fn a_cited_section_is_one_word_and_a_title_says_what_its_passages_are_of() {
    let ground = Ground::new().await;
    let mut node = ground.node().await;
    let motion =
        "MOTION TO DISMISS\n\nDefendant moves under Rule 12(b)(6) because no claim is stated.\n";
    let other =
        "ANSWER OF THE DEFENDANT\n\nUnder 6 headings, (b) and 12 more, each claim is denied.\n";
    node.read("motion.txt", motion.as_bytes()).await;
    node.read("answer.txt", other.as_bytes()).await;

    let found = search(&node, "12(b)(6)", "words").await.unwrap();
    assert_eq!(found[0].filename, "motion.txt");
    assert!(found[0].relevance > found.get(1).map_or(0.0, |hit| hit.relevance));
    let found = search(&node, "what does the dismiss motion say", "").await.unwrap();
    assert_eq!(found[0].filename, "motion.txt");
    assert!(search(&node, "maritime salvage", "words").await.unwrap().is_empty());
    let refusal = search(&node, "claim", "magic").await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument);

    node.user = UserId(Uuid::now_v7());
    assert!(search(&node, "12(b)(6)", "").await.unwrap().is_empty(), "a stranger finds nothing");
}

#[tokio::test]
async fn what_no_document_can_be_called_is_refused_by_name() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let nul = "contract\0".to_owned();
    let filters = [
        ("category", pb::SearchFilters { category: nul.clone(), ..Default::default() }),
        ("jurisdiction", pb::SearchFilters { jurisdiction: nul.clone(), ..Default::default() }),
        ("practice_area", pb::SearchFilters { practice_area: nul.clone(), ..Default::default() }),
    ];
    for (field, filters) in filters {
        let listing = pb::ListDocumentsRequest {
            category: filters.category.clone(),
            jurisdiction: filters.jurisdiction.clone(),
            practice_area: filters.practice_area.clone(),
            ..Default::default()
        };
        let refusal = node.client().list_documents(node.of_user(listing)).await.unwrap_err();
        named(field, &refusal);
        let query = pb::SearchDocumentsRequest {
            query: "claim".to_owned(),
            filters: Some(filters),
            ..Default::default()
        };
        named(field, &node.client().search_documents(node.of_user(query)).await.unwrap_err());
    }
    let listing = pb::ListDocumentsRequest { q: nul, ..Default::default() };
    named("q", &node.client().list_documents(node.of_user(listing)).await.unwrap_err());
}

fn named(field: &str, refusal: &Status) {
    assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal:?}");
    let details = refusal.get_details_bad_request().expect("the refusal names a field");
    assert_eq!(details.field_violations[0].field, field);
}
