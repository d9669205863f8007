//! Bad input, from the edge to the service: the right status, the field, and nothing of the inside.

use std::time::{Duration, Instant};

use crate::mesh::{Mesh, User};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// How long a bad file may take to be refused.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn bad_calls_get_the_right_status_and_name_the_field() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let nobody = "01890000-0000-7000-8000-000000000000";
    let chat = "/api/v1/chat";
    let cases: Vec<(Method, String, Option<Value>, u16, Option<&str>)> = vec![
        (Method::POST, chat.into(), Some(json!({"content": ""})), 422, Some("content")),
        (Method::POST, chat.into(), Some(json!({"content": 7})), 422, Some("content")),
        (
            Method::POST,
            chat.into(),
            Some(json!({"content": "x", "colour": "red"})),
            422,
            Some("colour"),
        ),
        (
            Method::POST,
            chat.into(),
            Some(json!({"content": "x", "model": "gpt-9"})),
            422,
            Some("model"),
        ),
        (
            Method::POST,
            chat.into(),
            Some(json!({"content": "x", "conversation_id": nobody})),
            404,
            None,
        ),
        (
            Method::POST,
            chat.into(),
            Some(json!({"content": "x", "conversation_id": "7"})),
            404,
            None,
        ),
        (
            Method::POST,
            chat.into(),
            Some(json!({"content": "x", "sources": vec!["s"; 6]})),
            422,
            Some("sources"),
        ),
        (Method::GET, "/api/v1/documents?limit=0".into(), None, 422, Some("limit")),
        (Method::GET, "/api/v1/documents?limit=many".into(), None, 422, Some("limit")),
        (Method::GET, "/api/v1/documents?skip=-1".into(), None, 422, Some("skip")),
        (Method::GET, format!("/api/v1/documents/{nobody}"), None, 404, None),
        (Method::GET, "/api/v1/documents/%00".into(), None, 404, None),
        (Method::GET, "/api/v1/analytics/usage?days=91".into(), None, 422, Some("days")),
        (Method::GET, "/api/v1/nothing".into(), None, 404, None),
        (Method::PUT, chat.into(), None, 405, None),
        (
            Method::POST,
            "/api/v1/workflows/execute".into(),
            Some(json!({"template_id": "no_such"})),
            404,
            None,
        ),
        (
            Method::POST,
            "/api/v1/workflows/execute".into(),
            Some(json!({"template_id": "contract_review", "input_data": {}})),
            422,
            Some("input_data"),
        ),
    ];
    for (method, path, body, status, field) in cases {
        let mut request = user.request(method.clone(), &path);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let (answered, problem) = user.status(request).await;
        let what = format!("{method} {path} {body:?} -> {answered} {problem}");
        assert_eq!(answered.as_u16(), status, "{what}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}");
        if let Some(field) = field {
            let named = problem["errors"].as_array().unwrap_or_else(|| panic!("{what}"));
            assert!(
                named.iter().any(|error| error["field"].as_str().unwrap().starts_with(field)),
                "{what}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_fails_with_its_reason_and_the_service_lives() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let pdf = std::fs::read(example("mozilla-public-license-2.0.pdf")).unwrap();
    let docx = std::fs::read(example("pennsylvania-landlord-tenant-appeal.docx")).unwrap();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty.pdf", Vec::new()),
        ("truncated.pdf", pdf[..pdf.len() / 3].to_vec()),
        ("truncated.docx", docx[..docx.len() / 2].to_vec()),
        ("really-text.pdf", b"This is plain text under a PDF's name.".to_vec()),
        (
            "noise.docx",
            (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
        ),
    ];
    for (name, bytes) in cases {
        let began = Instant::now();
        let document = settle(&user, name, bytes).await;
        assert_eq!(document["processing_status"], "failed", "{name}: {document}");
        assert!(!document["processing_error"].as_str().unwrap().is_empty(), "{name}");
        assert!(!document["processing_error_code"].as_str().unwrap().is_empty(), "{name}");
        assert!(began.elapsed() < SETTLED_WITHIN, "{name} took {:?}", began.elapsed());
    }
    let good = user.upload_example("ferpa-subpart-d.txt").await;
    assert_eq!(good["processing_status"], "completed");
}

/// Uploads a file; the document once it has settled, or the refusal in the same words.
async fn settle(user: &User<'_>, name: &str, bytes: Vec<u8>) -> Value {
    let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new().part("file", part);
    let (status, body) =
        user.status(user.request(Method::POST, "/api/v1/documents").multipart(form)).await;
    if status == StatusCode::ACCEPTED {
        return user.until_processed(body["id"].as_str().unwrap()).await;
    }
    assert!(status.is_client_error(), "{name}: {status} {body}");
    json!({
        "processing_status": "failed",
        "processing_error": body["detail"],
        "processing_error_code": body["reason"],
    })
}

fn example(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}
