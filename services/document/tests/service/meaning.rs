//! Search by meaning, with pgvector's index and without.

use std::path::Path;

use elenchus_document::Effort;
use elenchus_postgres::{DatabaseSettings, Vector, inspect};
use elenchus_proto::pb::document::v1 as pb;
use elenchus_rpc::UserId;
use elenchus_testkit::program::workspace;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::service::{Ground, Node, eventually};

const QUESTIONS: [&str; 4] = [
    "when is the rent due",
    "who repairs the roof",
    "may the tenant keep a dog",
    "what happens after a default",
];
const CLAUSES: [&str; 5] = [
    "The tenant pays the rent on the first day of each month, and interest where it is late.",
    "The landlord keeps the roof, the walls and the foundations in repair at its own expense.",
    "No animal other than a guide dog is kept on the premises without consent in writing.",
    "Upon a default that is not cured within thirty days the landlord may end the lease.",
    "Each notice under this lease is in writing and is delivered by hand or by courier.",
];

pub(crate) fn model() -> String {
    workspace().join("target/models/all-MiniLM-L6-v2").to_str().unwrap().to_owned()
}

async fn node(ground: &Ground, exact_up_to: &str) -> Node {
    let pairs = [("EMBEDDING_MODEL_DIR", &*model()), ("VECTOR_EXACT_UP_TO", exact_up_to)];
    ground.node_with(&pairs).await
}

/// Whether the server has pgvector, as the one of the embedded run does and an old one may not.
pub(crate) async fn has_index(ground: &Ground) -> bool {
    let seen = inspect(&DatabaseSettings::new(ground.database.url())).await.unwrap();
    assert!(seen.vector != Vector::Absent || seen.version < 18, "{seen:?}");
    seen.vector != Vector::Absent
}

/// A lease of many sections that each say one thing in words of its own.
fn lease(number: usize) -> String {
    let section = |(at, clause): (usize, &&str)| {
        format!("{}. Clause {number}-{at}\n\n{}\n\n", at + 1, format!("{clause} ").repeat(6))
    };
    CLAUSES.iter().enumerate().map(section).collect()
}

async fn ranking(node: &Node, question: &str) -> Vec<(String, String)> {
    let found = search(node, question, pb::SearchDocumentsRequest::default()).await;
    found.into_iter().map(|hit| (hit.chunk_id, format!("{:.6}", hit.relevance))).collect()
}

/// The ten passages that are nearest, of those that the request permits.
async fn search(
    node: &Node,
    question: &str,
    permitted: pb::SearchDocumentsRequest,
) -> Vec<pb::SearchResult> {
    let message = pb::SearchDocumentsRequest {
        query: question.to_owned(),
        method: "meaning".to_owned(),
        limit: Some(10),
        ..permitted
    };
    node.client().search_documents(node.of_user(message)).await.unwrap().into_inner().results
}

async fn scans_of_index(ground: &Ground) -> Option<i64> {
    let mut connection = PgConnection::connect(ground.database.url()).await.unwrap();
    sqlx::query_scalar(
        "SELECT idx_scan FROM pg_stat_user_indexes JOIN pg_index USING (indexrelid)
         WHERE indexrelname LIKE 'chunk_all_minilm%' AND indisvalid",
    )
    .fetch_optional(&mut connection)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_ranks_as_looking_at_each_passage_does_and_never_starves_a_small_library() {
    assert!(Path::new(&model()).is_dir(), "run scripts/fetch-model.sh");
    let mut ground = Ground::new().await;
    if !has_index(&ground).await {
        return;
    }
    let mut large = node(&ground, "0").await;
    for number in 0..12 {
        let name = format!("{number}.txt");
        let read = large.read(&name, lease(number).as_bytes()).await;
        assert_eq!(read.processing_status, "completed");
    }
    // Someone with little among all that is like it: most of what the index proposes is not theirs.
    let owner = ground.user;
    ground.user = UserId(Uuid::now_v7());
    large.user = ground.user;
    large.read("small.txt", lease(12).as_bytes()).await;
    let exact = node(&ground, &Effort::default().exact_up_to.to_string()).await;
    eventually("the index is there", async || scans_of_index(&ground).await.is_some()).await;
    for question in QUESTIONS {
        let (indexed, each) = (ranking(&large, question).await, ranking(&exact, question).await);
        assert_eq!(indexed.len(), CLAUSES.len(), "all that the small library has");
        assert_eq!(indexed, each, "{question}");
    }

    (large.user, ground.user) = (owner, owner);
    let exact = node(&ground, &Effort::default().exact_up_to.to_string()).await;
    for question in QUESTIONS {
        assert_eq!(ranking(&large, question).await, ranking(&exact, question).await, "{question}");
    }
    eventually("the index was asked", async || scans_of_index(&ground).await > Some(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_hold_before_anything_is_ranked_whichever_way_the_nearest_are_found() {
    assert!(Path::new(&model()).is_dir(), "run scripts/fetch-model.sh");
    let ground = Ground::new().await;
    if !has_index(&ground).await {
        return;
    }
    let large = node(&ground, "0").await;
    let mut ids = Vec::new();
    for number in 0..8 {
        ids.push(large.read(&format!("{number}.txt"), lease(number).as_bytes()).await.id);
    }
    // The last two documents are what the filters let pass: five passages each, among forty alike.
    for id in &ids[6..] {
        let change = pb::UpdateDocumentRequest {
            document_id: id.clone(),
            document_category: Some("sublease".to_owned()),
            jurisdiction: Some("Nevada".to_owned()),
            practice_area: Some("salvage".to_owned()),
            ..Default::default()
        };
        large.client().update_document(large.of_user(change)).await.unwrap();
    }
    eventually("the index is there", async || scans_of_index(&ground).await.is_some()).await;
    let exact = node(&ground, &Effort::default().exact_up_to.to_string()).await;
    let of = |category: &str, jurisdiction: &str, practice_area: &str| pb::SearchDocumentsRequest {
        filters: Some(pb::SearchFilters {
            category: category.to_owned(),
            jurisdiction: jurisdiction.to_owned(),
            practice_area: practice_area.to_owned(),
        }),
        ..Default::default()
    };
    let set = pb::SearchDocumentsRequest { document_ids: ids[6..].to_vec(), ..Default::default() };
    for permitted in [of("sublease", "", ""), of("", "Nevada", ""), of("", "", "salvage"), set] {
        for question in QUESTIONS {
            let indexed = search(&large, question, permitted.clone()).await;
            assert_eq!(indexed, search(&exact, question, permitted.clone()).await, "{question}");
            assert_eq!(indexed.len(), 2 * CLAUSES.len(), "all that is permitted is found");
            assert!(indexed.iter().all(|hit| ids[6..].contains(&hit.document_id)));
        }
    }
    assert!(search(&large, QUESTIONS[0], of("sublease", "Utah", "")).await.is_empty());
}
