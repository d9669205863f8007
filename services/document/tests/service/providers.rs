//! Vectors from a provider: a changed model, a provider that is away, and what search says of both.

use elenchus_proto::pb::document::v1 as pb;
use elenchus_testkit::provider::{Mode, Provider};
use sqlx::{Connection, PgConnection};

use crate::meaning::has_index;
use crate::service::{Ground, Node, eventually};

const CLAUSES: [&str; 3] = [
    "The tenant pays the rent on the first day of each month.",
    "The landlord keeps the roof and the walls in repair.",
    "Each notice is in writing and is delivered by courier.",
];

async fn node(ground: &Ground, provider: &Provider, model: &str) -> Node {
    let (google, openai) = (provider.google_url(), provider.openai_url());
    let pairs = [
        ("EMBEDDING_MODEL", model),
        ("GOOGLE_API_KEY", "a-key"),
        ("GOOGLE_BASE_URL", &google),
        ("OPENAI_BASE_URL", &openai),
        ("EMBEDDING_QUERY_TIMEOUT_SECONDS", "30"),
    ];
    ground.node_with(&pairs).await
}

async fn find(node: &Node, query: &str, method: &str) -> pb::SearchDocumentsResponse {
    let message = pb::SearchDocumentsRequest {
        query: query.to_owned(),
        method: method.to_owned(),
        ..Default::default()
    };
    node.client().search_documents(node.of_user(message)).await.unwrap().into_inner()
}

/// The indexes of vectors that can be asked, by the models in their names.
async fn indexed_models(ground: &Ground) -> Vec<String> {
    let mut connection = PgConnection::connect(ground.database.url()).await.unwrap();
    sqlx::query_scalar(
        "SELECT substring(relname FROM 'chunk_(.*)_64_idx') FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
         JOIN pg_am ON pg_am.oid = relam WHERE amname = 'hnsw' AND indisvalid ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
}

async fn embedded_by(node: &Node, model: &str) -> usize {
    node.list().await.iter().filter(|document| document.embedding_model == model).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_model_embeds_everything_anew_while_search_goes_on() {
    let ground = Ground::new().await;
    let provider = Provider::start(Mode::Well).await;
    let (old, new) = ("text-embedding-3-small", "gemini-embedding-001");
    let first = node(&ground, &provider, old).await;
    for (number, clause) in CLAUSES.iter().enumerate() {
        let read = first.read(&format!("{number}.txt"), clause.as_bytes()).await;
        assert_eq!(read.embedding_model, old);
    }
    let found = find(&first, "rent of the tenant", "meaning").await;
    assert_eq!((found.embedding_model.as_str(), found.embedded_passage_count), (old, 3));
    assert!(found.results[0].content.contains("rent"));
    first.crash();

    // Away just now: nothing of the new model can be had, and search goes by words.
    provider.behave(Mode::Status(503, None));
    let second = node(&ground, &provider, new).await;
    let found = find(&second, "rent", "").await;
    assert!(found.results[0].content.contains("rent"));
    assert_eq!(found.embedding_model, "", "words alone decided");
    assert_eq!((found.passage_count, found.embedded_passage_count), (3, 0));
    second.crash();

    provider.behave(Mode::Well);
    let third = node(&ground, &provider, new).await;
    eventually("all is embedded anew", async || embedded_by(&third, new).await == 3).await;
    let found = find(&third, "rent of the tenant", "meaning").await;
    assert_eq!((found.embedding_model.as_str(), found.embedded_passage_count), (new, 3));
    assert!(found.results[0].content.contains("rent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_read_while_the_provider_is_away_is_found_by_words_and_later_by_meaning() {
    let ground = Ground::new().await;
    let provider = Provider::start(Mode::Status(500, None)).await;
    let model = "nomic-embed-text";
    let node = node(&ground, &provider, model).await;
    let read = node.read("lease.txt", CLAUSES[0].as_bytes()).await;
    assert_eq!((read.processing_status.as_str(), read.embedding_model.as_str()), ("completed", ""));
    assert_eq!(find(&node, "rent", "").await.results.len(), 1);

    provider.behave(Mode::Well);
    eventually("its vectors come", async || embedded_by(&node, model).await == 1).await;
    eventually("it is found by meaning", async || {
        find(&node, "rent of the tenant", "meaning").await.embedding_model == model
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_of_a_model_goes_once_all_has_vectors_of_another() {
    let ground = Ground::new().await;
    if !has_index(&ground).await {
        return;
    }
    let provider = Provider::start(Mode::Well).await;
    let (old, new) = ("text-embedding-3-small", "gemini-embedding-001");
    let first = node(&ground, &provider, old).await;
    for (number, clause) in CLAUSES.iter().enumerate() {
        first.read(&format!("{number}.txt"), clause.as_bytes()).await;
    }
    first.crash();
    // The length of a provider's vectors is known by those that are there: the index is built at once.
    let second = node(&ground, &provider, old).await;
    let old_alone = ["text_embedding_3_small"];
    eventually("the index is there", async || indexed_models(&ground).await == old_alone).await;
    second.crash();

    let third = node(&ground, &provider, new).await;
    let new_alone = ["gemini_embedding_001"];
    eventually("the new one alone is left", async || indexed_models(&ground).await == new_alone)
        .await;
    assert_eq!(embedded_by(&third, new).await, 3);
}
