//! What is made twice with one `Idempotency-Key` is made once, at every service.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::mesh::{Mesh, User};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

fn keyed(user: &User<'_>, path: &str, body: &Value) -> RequestBuilder {
    user.request(Method::POST, path).header("Idempotency-Key", KEY).json(body)
}

/// How many rows a list of the user has.
async fn count(user: &User<'_>, path: &str) -> usize {
    user.get(path).await.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_a_key_is_made_once_and_answered_as_often_as_it_is_asked() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let document = user.upload_example("mozilla-public-license-2.0.pdf").await;
    let question = json!({"content": "Who pays?", "sources": ["The tenant pays the rent."]});
    let conversation = json!({"title": "Lease"});
    let run =
        json!({"template_id": "contract_review", "input_data": {"document_id": document["id"]}});
    for (path, body, list) in [
        ("/api/v1/chat/conversations", &conversation, "/api/v1/chat/conversations"),
        ("/api/v1/chat", &question, "/api/v1/chat/conversations"),
        ("/api/v1/workflows/execute", &run, "/api/v1/workflows/executions"),
    ] {
        let before = count(&user, list).await;
        let first = user.ok(keyed(&user, path, body)).await;
        let second = user.ok(keyed(&user, path, body)).await;
        assert_eq!(first, second, "{path}");
        assert_eq!(count(&user, list).await, before + 1, "{path}");

        let mut other = body.clone();
        other["title"] = json!("Another");
        other["content"] = json!("What else?");
        other["template_id"] = json!("document_summary");
        let fields: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        other.as_object_mut().unwrap().retain(|name, _| fields.contains(name));
        let (status, problem) = user.status(keyed(&user, path, &other)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {problem}");
        assert_eq!(problem["reason"], "IDEMPOTENCY_KEY_REUSED", "{problem}");
        assert_eq!(problem["errors"][0]["field"], "Idempotency-Key", "{problem}");
        assert_eq!(count(&user, list).await, before + 1, "{path}");
    }

    let answer = user.post("/api/v1/chat", question).await;
    let feedback =
        format!("/api/v1/chat/messages/{}/feedback", answer["message"]["id"].as_str().unwrap());
    let good = json!({"rating": "up", "comment": "To the point."});
    let first = user.ok(keyed(&user, &feedback, &good)).await;
    assert_eq!(user.ok(keyed(&user, &feedback, &good)).await, first);

    // PUT is the same twice by itself; the key changes nothing.
    let attach = format!(
        "/api/v1/chat/conversations/{}/documents/{}",
        answer["conversation_id"].as_str().unwrap(),
        document["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        user.ok(user.request(Method::PUT, &attach).header("Idempotency-Key", KEY)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_sent_twice_with_one_key_is_one_document_and_another_file_is_refused() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let upload = |bytes: &'static str, key: &'static str| {
        let part = Part::bytes(bytes.as_bytes()).file_name("lease.txt");
        let form = Form::new().part("file", part);
        user.request(Method::POST, "/api/v1/documents")
            .header("Idempotency-Key", key)
            .multipart(form)
    };
    let first = user.ok(upload("The tenant pays the rent.", KEY)).await;
    let second = user.ok(upload("The tenant pays the rent.", KEY)).await;
    assert_eq!(second["id"], first["id"]);
    let (status, problem) = user.status(upload("The landlord pays the rent.", KEY)).await;
    assert_eq!(
        (status, &problem["reason"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("IDEMPOTENCY_KEY_REUSED")),
        "{problem}"
    );
    assert_eq!(problem["errors"][0]["field"], "Idempotency-Key", "{problem}");
    assert_eq!(count(&user, "/api/v1/documents").await, 1);

    // The same bytes are the same document with another key too, and that key is then theirs.
    let again = user.ok(upload("The tenant pays the rent.", "another")).await;
    assert_eq!(again["id"], first["id"]);
    let (status, _) = user.status(upload("The landlord pays the rent.", "another")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_once_is_not_shown_again_and_keys_are_their_users_own() {
    let mesh = Mesh::embedded();
    let (ada, eve) = (mesh.user("ada@example.com").await, mesh.user("eve@example.com").await);
    let tokens = "/api/v1/auth/tokens";
    let token = json!({"name": "CI", "scopes": ["documents.read"]});
    let made = ada.ok(keyed(&ada, tokens, &token)).await;
    assert!(made["token"].as_str().unwrap().starts_with("elk_"));
    let (status, problem) = ada.status(keyed(&ada, tokens, &token)).await;
    assert_eq!(
        (status, &problem["reason"]),
        (StatusCode::CONFLICT, &json!("IDEMPOTENCY_ANSWER_NOT_KEPT"))
    );
    assert!(!problem.to_string().contains("elk_"), "{problem}");
    assert_eq!(count(&ada, tokens).await, 1);

    let others = eve.ok(keyed(&eve, tokens, &token)).await;
    assert_ne!(others["api_token"]["id"], made["api_token"]["id"]);
    let conversation = json!({"title": "Lease"});
    let conversations = "/api/v1/chat/conversations";
    let own = ada.ok(keyed(&ada, conversations, &conversation)).await;
    let others = eve.ok(keyed(&eve, conversations, &conversation)).await;
    assert_ne!(own["id"], others["id"]);

    for (bad, times) in [("", 1), ("a key", 1), (KEY, 2)] {
        let request = ada.request(Method::POST, conversations).json(&conversation);
        let request = (0..times).fold(request, |request, _| request.header("Idempotency-Key", bad));
        let (status, problem) = ada.status(request).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{bad:?}: {problem}");
        assert_eq!(problem["errors"][0]["field"], "Idempotency-Key", "{problem}");
    }
}
