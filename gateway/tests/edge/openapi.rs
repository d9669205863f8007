//! The documentation fits the OpenAPI 3.1 schema and follows the descriptors.

use serde_json::{Value, json};

use crate::services::Fakes;
use crate::support::{Edge, Lab, settings};

async fn document(edge: &Edge) -> Value {
    edge.get("/openapi.json").send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn both_documents_fit_the_schema_of_openapi() {
    let schema: Value = serde_json::from_str(include_str!("../oas-3.1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let ours = document(&Fakes::default().edge().await).await;
    let lab = document(&Edge::of_lab(settings(), &Lab::echo()).await).await;
    for document in [ours, lab] {
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let document = document(&Fakes::default().edge().await).await;
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let target = document.pointer(reference.trim_start_matches('#'));
        assert!(target.is_some_and(|target| !target.is_null()), "{reference}");
    }
}

#[tokio::test]
async fn what_a_value_must_be_stands_in_the_document() {
    let document = document(&Fakes::default().edge().await).await;
    let parameters =
        document["paths"]["/api/v1/documents"]["get"]["parameters"].as_array().unwrap();
    let limit = parameters.iter().find(|parameter| parameter["name"] == "limit").unwrap();
    let bounds = ["minimum", "maximum", "default"].map(|keyword| limit["schema"][keyword].as_i64());
    assert_eq!(bounds, [Some(1), Some(200), Some(50)]);

    let account = &document["components"]["schemas"]["RegisterRequest"];
    assert_eq!(account["required"], serde_json::json!(["email", "password"]));
    assert_eq!(account["properties"]["email"]["format"], "email");
    assert_eq!(account["additionalProperties"], false);
    assert!(document["components"]["schemas"]["User"]["additionalProperties"].is_null());
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn an_operation_says_which_credentials_open_it_and_whether_it_can_be_made_twice() {
    let document = document(&Fakes::default().edge().await).await;
    let paths = &document["paths"];
    for (path, verb, expected) in [
        ("/api/v1/auth/register", "post", json!([])),
        ("/api/v1/auth/tokens", "post", json!([{"bearer": []}])),
        ("/api/v1/documents", "get", json!([{"bearer": []}, {"api_token": ["documents.read"]}])),
        ("/api/v1/users", "get", json!([{"bearer": ["superuser"]}])),
        ("/api/v1/audit", "get", json!([{"bearer": ["auditor"]}])),
    ] {
        assert_eq!(paths[path][verb]["security"], expected, "{verb} {path}");
    }
    let takes_key = |path: &str, verb: &str| {
        let parameters = paths[path][verb]["parameters"].as_array().unwrap();
        parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key")
    };
    assert!(takes_key("/api/v1/chat/conversations", "post"));
    assert!(!takes_key("/api/v1/chat/conversations", "get"));
    assert!(takes_key("/api/v1/chat/stream", "post") && takes_key("/api/v1/documents", "post"));
    assert!(!takes_key("/api/v1/ai/brief", "post"));
    // What the edge takes from a cookie alone is nothing that a client could send.
    assert!(!paths["/api/v1/auth/google/callback"].to_string().contains("browser_token"));
}

/// One line for each operation: what clients depend on. `UPDATE_SNAPSHOTS=1` writes it anew.
#[tokio::test]
async fn the_routes_are_those_that_were_agreed() {
    let document = document(&Fakes::default().edge().await).await;
    let mut lines = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            let parameters =
                operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            let query: Vec<&str> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let body = operation["requestBody"]["content"]
                .as_object()
                .map(|content| content.keys().cloned().collect());
            let body: Vec<String> = body.unwrap_or_default();
            let access =
                if operation["security"] == serde_json::json!([]) { "public" } else { "user" };
            let verb = verb.to_uppercase();
            let id = operation["operationId"].as_str().unwrap();
            lines.push(
                format!("{path} {verb} {id} {access} ?{} {}", query.join("&"), body.join(" "))
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    lines.sort();
    let routes = lines.join("\n") + "\n";
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/routes.snap");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots")).unwrap();
        std::fs::write(file, &routes).unwrap();
    }
    assert_eq!(routes, std::fs::read_to_string(file).unwrap());
}

#[tokio::test]
async fn a_new_method_appears_without_a_line_of_gateway_code() {
    let edge = Edge::of_lab(settings(), &Lab::echo()).await;
    assert_eq!(edge.get("/api/v1/lab/ping").send().await.unwrap().status(), 200);
    let document = document(&edge).await;
    let ping = &document["paths"]["/api/v1/lab/ping"]["get"];
    assert_eq!(ping["description"], "Nothing in, nothing out.");
    assert_eq!(ping["security"][0]["bearer"], serde_json::json!([]));
    assert!(document["paths"]["/api/v1/lab/files/{name}:move"]["post"].is_object());
    assert!(
        !document.to_string().contains("hidden"),
        "methods between services are not documented"
    );
}
