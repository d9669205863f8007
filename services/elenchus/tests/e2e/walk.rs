//! The main job, as the README walks it: sign up, bring documents, ask, run a workflow, see what
//! was used. The same in one process on embedded storage and in six on PostgreSQL and Redis.

use crate::mesh::{Mesh, User};
use elenchus_testkit::certificates::Authority;
use elenchus_testkit::{postgres, redis};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

const CONTRACT: &str = "mozilla-public-license-2.0.pdf";
const COURT_FORM: &str = "pennsylvania-landlord-tenant-appeal.docx";

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_works_in_one_process_on_an_empty_folder() {
    walk(&Mesh::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_works_in_six_processes_on_postgresql_and_redis() {
    let database = postgres::empty_database().await;
    let redis = redis::url();
    walk(&Mesh::apart(database.url(), redis.as_deref()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_works_between_services_that_prove_themselves_by_certificates() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::draw());
    for role in ["auth", "conversation", "document", "workflow", "analytics", "gateway"] {
        authority.write(folder.path(), role, &[role]);
    }
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, key, ca) = (path("{service}.pem"), path("{service}.key"), path("ca.pem"));
    let more = [
        ("SERVICE_TLS_CERT", certificate.as_str()),
        ("SERVICE_TLS_KEY", key.as_str()),
        ("SERVICE_TLS_CA", ca.as_str()),
    ];
    let database = postgres::empty_database().await;
    walk(&Mesh::apart_with(database.url(), None, &more).await).await;
}

async fn walk(mesh: &Mesh) {
    let user = mesh.user("ada@example.com").await;
    assert_eq!(user.get("/api/v1/auth/me").await["email"], "ada@example.com");

    let contract = user.upload_example(CONTRACT).await;
    let form = user.upload_example(COURT_FORM).await;
    for document in [&contract, &form] {
        assert_eq!(document["processing_status"], "completed", "{document}");
    }
    assert_eq!(contract["page_count"], 5);

    finds_the_passage(&user, &contract).await;
    quotes_the_passage(&user, &contract).await;
    streams_the_answer(&user, &form).await;
    analyses_the_whole_contract(&user, &contract).await;
    drafts_a_brief(&user, &form).await;
    runs_a_workflow(&user, &contract).await;
    counts_what_was_used(&user).await;
    keeps_others_out(mesh, &contract).await;
    ends_with_the_session(&user).await;
}

/// The words from `start_char` to `end_char` of a document's text, rebuilt from its chunks.
async fn text_at(user: &User<'_>, document: &Value, place: &Value) -> String {
    let chunks = user
        .get(&format!("/api/v1/documents/{}/chunks?limit=200", document["id"].as_str().unwrap()))
        .await;
    let (start, end) = (place["start_char"].as_u64().unwrap(), place["end_char"].as_u64().unwrap());
    let chunk = chunks
        .as_array()
        .unwrap()
        .iter()
        .find(|chunk| {
            chunk["start_char"].as_u64().unwrap() <= start
                && end <= chunk["end_char"].as_u64().unwrap()
        })
        .unwrap_or_else(|| panic!("no chunk holds {start}..{end}"));
    let from = (start - chunk["start_char"].as_u64().unwrap()) as usize;
    chunk["content"].as_str().unwrap().chars().skip(from).take((end - start) as usize).collect()
}

async fn finds_the_passage(user: &User<'_>, contract: &Value) {
    let query = json!({"query": "How many days after receipt of the notice of non-compliance must I become compliant?", "limit": 5});
    let found = user.post("/api/v1/documents/search", query).await;
    let hit = found
        .as_array()
        .unwrap()
        .iter()
        .find(|hit| {
            hit["content"].as_str().unwrap().contains("prior to 30 days after Your receipt")
        })
        .unwrap_or_else(|| panic!("not among the first five: {found}"));
    assert_eq!(hit["document_id"], contract["id"]);
    assert!(hit["page"].as_u64().unwrap() >= 1);
    assert_eq!(text_at(user, contract, hit).await, hit["content"].as_str().unwrap());
}

async fn quotes_the_passage(user: &User<'_>, contract: &Value) {
    let question =
        "After a first violation, within how many days of the notice must the licensee cure it?";
    let body = json!({"content": question, "document_ids": [contract["id"]]});
    let answer = user.post("/api/v1/chat", body).await;
    let text = answer["message"]["content"].as_str().unwrap();
    assert!(text.contains("No language model"), "it must say what it is: {text}");
    let citation = answer["citations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|citation| citation["quote"].as_str().unwrap().contains("30 days after Your receipt"))
        .unwrap_or_else(|| panic!("the right sentence is not quoted: {answer}"));
    assert_eq!(citation["document_id"], contract["id"]);
    assert!(citation["page"].as_u64().is_some());
    assert_eq!((&citation["kind"], &citation["status"]), (&json!("quote"), &json!("verbatim")));
    assert_eq!(answer["citation_report"]["is_checked"], true);
    assert!(answer["citation_report"]["verbatim"].as_u64().unwrap() > 0);
    // The stop at a quote's end may be the answer's own, and is no part of what was found.
    let words = citation["quote"].as_str().unwrap().trim_end_matches('.');
    assert_eq!(text_at(user, contract, citation).await, words);
    assert!(answer["usage"]["total_tokens"].as_u64().unwrap() > 0);

    let id = answer["conversation_id"].as_str().unwrap();
    let messages = user.get(&format!("/api/v1/chat/conversations/{id}/messages")).await;
    let said: Vec<_> =
        messages.as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(said, [&json!(question), &answer["message"]["content"]]);
}

async fn streams_the_answer(user: &User<'_>, form: &Value) {
    let body = json!({
        "content": "How long does a residential tenant have to appeal an eviction order?",
        "document_ids": [form["id"]],
    });
    let request =
        user.request(Method::POST, "/api/v1/chat/stream").header("accept", "text/event-stream");
    let events = events(request.json(&body)).await;
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        (types[0], *types.last().unwrap()),
        ("message.started", "message.completed"),
        "{types:?}"
    );
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], index + 1);
    }
    let shown: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    let stored = &events.last().unwrap()["completed"]["message"];
    assert_eq!(stored["content"], shown, "what was shown is what is stored");
    assert!(shown.contains("10 days"), "{shown}");
}

/// The data of all server-sent events of an answer.
async fn events(request: reqwest::RequestBuilder) -> Vec<Value> {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let text = answer.text().await.unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

async fn analyses_the_whole_contract(user: &User<'_>, contract: &Value) {
    let path = format!("/api/v1/documents/{}/analyze", contract["id"].as_str().unwrap());
    let body = json!({"questions": ["Which law governs litigation relating to this license?"]});
    let request = user.request(Method::POST, &path).header("accept", "text/event-stream");
    let events = events(request.json(&body)).await;
    let parts = events[0]["started"]["parts"].as_array().unwrap();
    let read: u64 = parts
        .iter()
        .map(|part| part["end_char"].as_u64().unwrap() - part["start_char"].as_u64().unwrap())
        .sum();
    assert!(read + 200 > contract["char_count"].as_u64().unwrap(), "{read} of {contract}");
    let analysis = &events.last().unwrap()["completed"];
    assert_eq!(
        (&analysis["is_extractive"], &analysis["model"]),
        (&json!(true), &json!("extractive"))
    );
    assert_eq!(analysis["sections"].as_array().unwrap().len(), 6, "{analysis}");
    assert_eq!(analysis["citation_report"]["is_checked"], true);
    let quotes: Vec<&Value> = analysis["citations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["kind"] == "quote" && found["status"] == "verbatim")
        .collect();
    assert!(quotes.len() >= 5, "{analysis}");
    // A quote that runs over the end of a chunk is in no one chunk.
    for quote in quotes.into_iter().filter(|quote| quote["chunk_id"] != "") {
        let at = text_at(user, contract, quote).await;
        assert_eq!(quote["document_id"], contract["id"]);
        assert!(quote["quote"].as_str().unwrap().contains(at.trim()), "{quote} is not {at:?}");
    }
}

async fn drafts_a_brief(user: &User<'_>, form: &Value) {
    let body = json!({
        "case_facts": "The tenant was evicted and wants to appeal.",
        "legal_issues": ["How long does a residential tenant have to appeal an eviction order?"],
        "document_ids": [form["id"]],
    });
    let request =
        user.request(Method::POST, "/api/v1/ai/brief").header("accept", "text/event-stream");
    let events = events(request.json(&body)).await;
    let brief = &events.last().unwrap()["completed"];
    let titles: Vec<&str> = brief["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| section["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles.len(), 6, "{titles:?}");
    assert!(brief["text"].as_str().unwrap().contains("10 days"), "{brief}");
}

async fn runs_a_workflow(user: &User<'_>, contract: &Value) {
    let templates = user.get("/api/v1/workflows/templates").await;
    let names: Vec<_> = templates
        .as_array()
        .unwrap()
        .iter()
        .map(|template| template["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"contract_review"), "{names:?}");

    let body =
        json!({"template_id": "contract_review", "input_data": {"document_id": contract["id"]}});
    let run = user.post("/api/v1/workflows/execute", body).await;
    let path = format!("/api/v1/workflows/executions/{}", run["execution_id"].as_str().unwrap());
    let ended = user
        .until(&path, |run| {
            matches!(run["status"].as_str(), Some("completed" | "failed" | "cancelled"))
        })
        .await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["progress_percentage"], 100.0);
    assert!(ended["steps"].as_array().unwrap().iter().all(|step| step["status"] == "completed"));
    assert!(ended["output_data"].to_string().contains("start_char"), "{}", ended["output_data"]);

    let watched = user.request(Method::GET, &format!("{path}/events")).send().await.unwrap();
    assert!(watched.text().await.unwrap().contains("event: execution.completed"));
}

async fn counts_what_was_used(user: &User<'_>) {
    let usage = user
        .until("/api/v1/analytics/usage", |usage| {
            usage["total_queries"] == 2
                && usage["documents_analyzed"] == 2
                && usage["workflows_executed"] == 1
                && usage["total_tokens"].as_u64().unwrap() > 0
        })
        .await;
    assert_eq!(usage["period_days"], 7);
    let activity = user.get("/api/v1/analytics/activity").await;
    let actions: Vec<_> = activity
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    for action in ["AI Query", "AI Response", "Document Upload", "Workflow: contract_review"] {
        assert!(actions.contains(&action), "{action} is not among {actions:?}");
    }
    user.until("/api/v1/analytics/workflows", |stats| stats["completed_executions"] == 1).await;
}

async fn keeps_others_out(mesh: &Mesh, contract: &Value) {
    let stranger = mesh.user("eve@example.com").await;
    let path = format!("/api/v1/documents/{}", contract["id"].as_str().unwrap());
    let (status, problem) = stranger.status(stranger.request(Method::GET, &path)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
    let query = json!({"query": "notice of non-compliance"});
    assert_eq!(stranger.post("/api/v1/documents/search", query).await, json!([]));
}

async fn ends_with_the_session(user: &User<'_>) {
    let parting = user.post("/api/v1/auth/logout", json!({})).await;
    assert_eq!(parting["message"], "Successfully logged out");
    for path in ["/api/v1/auth/me", "/api/v1/documents", "/api/v1/chat/conversations"] {
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(2);
        while user.status(user.request(Method::GET, path)).await.0 != StatusCode::UNAUTHORIZED {
            assert!(
                std::time::Instant::now() < patience,
                "{path} still opens two seconds after the log-out"
            );
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}
