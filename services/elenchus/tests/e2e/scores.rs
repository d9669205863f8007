//! How the check of an answer went, as an operator sees it in Langfuse.

use std::time::{Duration, Instant};

use elenchus_testkit::langfuse::{KEYS, Langfuse};
use serde_json::json;
use tempfile::TempDir;

use crate::mesh::{Mesh, log};

#[tokio::test(flavor = "multi_thread")]
async fn statuses_of_an_answer_become_scores_of_its_trace() {
    let langfuse = Langfuse::start(2).await;
    let variables = [
        ("LANGFUSE_HOST", langfuse.url()),
        ("LANGFUSE_PUBLIC_KEY", KEYS[0]),
        ("LANGFUSE_SECRET_KEY", KEYS[1]),
    ];
    let mesh = Mesh::embedded_with(TempDir::new().unwrap(), &variables);
    let user = mesh.user("ada@example.com").await;
    let source = "The tenant pays the rent on the first day of each month.";
    let question = json!({"content": "When does the tenant pay the rent?", "sources": [source]});
    let answer = user.post("/api/v1/chat", question).await;
    let report = &answer["citation_report"];
    assert_eq!(report["verbatim"], 1, "{answer}");

    let patience = Instant::now() + Duration::from_secs(60);
    while langfuse.scores().is_empty() {
        assert!(Instant::now() < patience, "no score comes\n{}", log(mesh.data.path()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!langfuse.is_failing(), "it was away at first");
    let scores = langfuse.scores();
    let value = |name: &str| {
        let score = scores.iter().find(|score| score["name"] == name);
        score.map(|score| score["value"].clone()).unwrap_or_default()
    };
    assert_eq!(value("citations.checked"), 1);
    assert_eq!(value("citations.verbatim"), report["verbatim"]);
    assert_eq!(value("citations.in_sources"), report["in_sources"]);
    let id = answer["message"]["id"].as_str().unwrap();
    for score in &scores {
        assert!(score["id"].as_str().unwrap().starts_with(id), "{score}");
        assert_eq!(score["traceId"], scores[0]["traceId"], "{score}");
    }
    let told = serde_json::to_string(&scores).unwrap();
    assert!(!told.contains("tenant") && !told.contains("ada@"), "{told}");
}
