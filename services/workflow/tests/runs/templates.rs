//! What ships, and what its runs give.

use std::collections::BTreeSet;

use elenchus_proto::pb::analytics::v1::Event;
use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_proto::pb::workflow::v1 as pb;
use prost::Message;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde_json::{Map, json};

use crate::mesh::{DOCUMENT, Mesh, Node, document, execute, text};
use crate::peers::{self, FILENAME};

/// As the gateway prints it.
fn json(value: Value) -> serde_json::Value {
    match value.kind.unwrap() {
        Kind::NullValue(_) => serde_json::Value::Null,
        Kind::NumberValue(number) => json!(number),
        Kind::StringValue(text) => json!(text),
        Kind::BoolValue(flag) => json!(flag),
        Kind::StructValue(object) => object_json(object),
        Kind::ListValue(ListValue { values }) => values.into_iter().map(json).collect(),
    }
}

fn object_json(object: Struct) -> serde_json::Value {
    let members: Map<_, _> =
        object.fields.into_iter().map(|(name, value)| (name, json(value))).collect();
    serde_json::Value::Object(members)
}

async fn template(node: &Node, name: &str) -> pb::Template {
    let message = pb::GetTemplateRequest { template_id: name.to_owned() };
    node.client().get_template(node.of_user(message)).await.unwrap().into_inner().template.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_template_runs_to_a_report_whose_quotes_stand_where_they_say() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    let contract: Vec<char> = peers::text().chars().collect();
    for name in ["contract_review", "deadline_extraction", "document_summary"] {
        node.start(name, name).await;
        let run = node.ended(name).await;
        assert_eq!((run.status.as_str(), run.error_message.as_str()), ("completed", ""), "{name}");
        assert_eq!((run.current_step, run.total_steps, run.steps.len()), (3, 3, 3));
        assert!((run.progress_percentage - 100.0).abs() < 1e-9);
        assert!(run.steps.iter().all(|step| step.status == "completed" && step.attempts == 1));

        let report = object_json(run.output_data.unwrap());
        let schema = object_json(template(&node, name).await.output_schema.unwrap());
        let misfits: Vec<String> = jsonschema::validator_for(&schema)
            .unwrap()
            .iter_errors(&report)
            .map(|error| error.to_string())
            .collect();
        assert!(misfits.is_empty(), "{name}: {misfits:?}");

        assert!(report["title"].as_str().unwrap().contains(FILENAME), "{report}");
        let findings = report["findings"].as_array().unwrap();
        assert!(!findings.is_empty(), "{name} found nothing");
        for finding in findings {
            let place = |member: &str| finding[member].as_f64().unwrap() as usize;
            let quoted: String = contract[place("start_char")..place("end_char")].iter().collect();
            assert_eq!(finding["quote"], quoted);
            assert_eq!(
                (finding["filename"].as_str(), finding["document_id"].as_str()),
                (Some(FILENAME), Some(DOCUMENT))
            );
        }
    }
    assert!(mesh.documents.seen.lock().unwrap().iter().all(|seen| seen.user_id == mesh.user));
    let answered = mesh.assistant.answered.lock().unwrap();
    let keys: BTreeSet<&str> = answered.iter().map(|seen| seen.key.as_str()).collect();
    assert_eq!(keys.len(), answered.len(), "a step was asked twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_says_what_is_missing() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    node.start("contract_review", "all").await;
    let report = object_json(node.ended("all").await.output_data.unwrap());
    assert_eq!(report["missing"], json!(["Assignment"]), "{report:#}");
    assert_eq!(report["sections"].as_array().unwrap().len(), 6);
    assert_eq!(report["models"], json!(["scripted"]));
    assert!(report["summary"].as_str().unwrap().starts_with("Found 5 of 6 topics"), "{report:#}");

    let clauses = ListValue { values: vec![text("payment"), text("assignment")] };
    let mut input = document();
    input.push(("clauses", Value { kind: Some(Kind::ListValue(clauses)) }));
    let message = execute("contract_review", "two", input);
    node.client().execute_workflow(node.of_user(message)).await.unwrap();
    let report = object_json(node.ended("two").await.output_data.unwrap());
    let topics: Vec<_> =
        report["sections"].as_array().unwrap().iter().map(|s| &s["topic"]).collect();
    assert_eq!(topics, ["Payment", "Assignment"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_minds_the_focus() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    let mut input = document();
    input.push(("focus", text("What about interest?")));
    let message = execute("document_summary", "focused", input);
    node.client().execute_workflow(node.of_user(message)).await.unwrap();
    let report = object_json(node.ended("focused").await.output_data.unwrap());
    assert_eq!(report["sections"][0]["topic"], "Focus");
    assert_eq!(report["sections"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_listed_with_the_figures_of_their_runs() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    // A second process publishes the same templates.
    let other = mesh.node().await;
    node.start("contract_review", "good").await;
    node.ended("good").await;
    let missing = vec![("document_id", text("01935a00-0000-7000-8000-0000000000ff"))];
    let message = execute("contract_review", "bad", missing);
    node.client().execute_workflow(node.of_user(message)).await.unwrap();
    node.ended("bad").await;

    let list = |message| async { other.client().list_templates(other.of_user(message)).await };
    let all = list(pb::ListTemplatesRequest::default()).await.unwrap().into_inner().templates;
    let names: Vec<&str> = all.iter().map(|template| template.name.as_str()).collect();
    assert_eq!(names, ["contract_review", "deadline_extraction", "document_summary"]);
    assert_eq!((all[0].usage_count, all[0].success_rate, all[0].version), (2, 50.0, 1));
    assert!(all[0].avg_duration > 0.0);
    assert_eq!(template(&other, &all[0].id).await.name, "contract_review");

    let reviews = pb::ListTemplatesRequest { category: "review".to_owned(), ..Default::default() };
    assert_eq!(list(reviews).await.unwrap().into_inner().templates.len(), 1);
    let withdrawn = pb::ListTemplatesRequest { is_active: Some(false), ..Default::default() };
    assert!(list(withdrawn).await.unwrap().into_inner().templates.is_empty());
    let message = pb::ListCategoriesRequest {};
    let categories = node.client().list_categories(node.of_user(message)).await.unwrap();
    assert_eq!(categories.into_inner().categories, ["extraction", "review", "summary"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn analytics_is_told_when_a_run_starts_and_what_it_used() {
    let mesh = Mesh::new().await;
    let node = mesh.node().await;
    node.start("contract_review", "told").await;
    node.ended("told").await;
    let events: Vec<Vec<u8>> = sqlx::query_scalar("SELECT event FROM outbox ORDER BY event_id")
        .fetch_all(&mesh.pool)
        .await
        .unwrap();
    let told: Vec<What> =
        events.iter().map(|event| Event::decode(event.as_slice()).unwrap().what.unwrap()).collect();
    let [What::WorkflowStarted(started), What::WorkflowEnded(ended)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(
        (started.execution_id.as_str(), started.template_name.as_str()),
        ("told", "contract_review")
    );
    assert_eq!(ended.status, "completed");
    // Five clauses were found and asked about; there was nothing to ask about the sixth.
    assert_eq!((ended.prompt_tokens, ended.completion_tokens, ended.cost_microusd), (50, 25, 15));
    assert!(ended.duration_seconds > 0.0);
}
