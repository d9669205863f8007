//! What is said is held against what it was made from, whoever said it.

use std::sync::Arc;

use elenchus_llm::Models;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;

use crate::mesh::{Mesh, Node, Reading};
use crate::model::Quoter;

const QUESTION: &str = "What does the contract say about the contract?";
const ANSWER: &str = "It says \"The Supplier shall not be liable for any indirect loss\" [1]. Hence “The Supplier \
                      shall be liable for any indirect loss” would be wrong, and “nobody ever paid for the green \
                      cheese of the moon” is not there. See Smith v. Jones, 345 U.S. 678 (1953).";

/// More paragraphs than a model is told of; the one that is quoted fits the question least.
fn source() -> String {
    let filler = "The contract says what it says about the contract.\n\n".repeat(12);
    format!("{filler}§ 7 The Supplier shall not be liable for any indirect loss.")
}

async fn mesh(answer: &str, hangs: bool) -> Mesh {
    let quoter = Quoter { answer: answer.to_owned(), hangs };
    Mesh::with_models(Models::new(Arc::new(quoter), Vec::new())).await
}

async fn ask(node: &Node, source: &str) -> Reading {
    node.put(pb::StreamChatRequest {
        content: QUESTION.to_owned(),
        sources: vec![source.to_owned()],
        ..pb::StreamChatRequest::default()
    })
    .await
}

fn citations(events: &[pb::ChatEvent]) -> Vec<pb::Citation> {
    let citation = |event: &pb::ChatEvent| match &event.payload {
        Some(Payload::Citation(citation)) => Some(citation.clone()),
        _ => None,
    };
    events.iter().filter_map(citation).collect()
}

fn slice(text: &str, start: i32, end: i32) -> String {
    let (start, end) = (start as usize, end as usize);
    text.chars().skip(start).take(end - start).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_quote_and_citation_of_a_model_is_checked() {
    let mesh = mesh(ANSWER, false).await;
    let node = mesh.node().await;
    let events = ask(&node, &source()).await.rest().await;
    let found = citations(&events);
    let statuses: Vec<(&str, &str)> =
        found.iter().map(|found| (found.kind.as_str(), found.status.as_str())).collect();
    assert_eq!(
        statuses,
        [
            ("quote", "verbatim"),
            ("source_reference", "in_sources"),
            ("quote", "altered"),
            ("quote", "not_found"),
            ("legal_citation", "not_in_sources"),
        ]
    );

    let exact = &found[0];
    assert_eq!((exact.marker.as_str(), exact.filename.as_str()), ("[1]", "source 1"));
    assert_eq!(
        slice(&source(), exact.start_char, exact.end_char),
        "The Supplier shall not be liable for any indirect loss",
        "it stands outside of every passage that the model was told of"
    );
    assert!(slice(ANSWER, exact.answer_start_char, exact.answer_end_char).contains("shall not be"));
    let left_out: Vec<&str> = found[2]
        .diff
        .iter()
        .filter(|change| change.op == "missing")
        .map(|change| change.source.as_str())
        .collect();
    assert_eq!(left_out, ["not"], "{:?}", found[2].diff);
    assert_eq!(found[3].end_char, 0);
    let facts = found[4].facts.as_ref().unwrap();
    assert_eq!((facts.volume.as_str(), facts.year), ("345", Some(1953)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_checked_is_the_same_streamed_stored_and_at_once() {
    let mesh = mesh(ANSWER, false).await;
    let node = mesh.node().await;
    let events = ask(&node, &source()).await.rest().await;
    let found = citations(&events);
    let Some(Payload::Completed(completed)) = events.last().unwrap().payload.clone() else {
        panic!("the last event is {:?}", events.last())
    };
    let completed = completed.message.unwrap();
    let stored = node.messages(&completed.conversation_id).await.pop().unwrap();
    assert_eq!((&stored.citations, &completed.citations), (&found, &found));
    assert_eq!(node.watched(&completed.id, 0).await, events);
    let report = pb::CitationReport {
        is_checked: true,
        verbatim: 1,
        altered: 1,
        not_found: 1,
        in_sources: 1,
        not_in_sources: 1,
        ..pb::CitationReport::default()
    };
    assert_eq!((stored.citation_report, completed.citation_report), (Some(report), Some(report)));

    let request = pb::ChatRequest {
        content: QUESTION.to_owned(),
        sources: vec![source()],
        ..pb::ChatRequest::default()
    };
    let whole = node.client().chat(node.of_user(request)).await.unwrap().into_inner();
    assert_eq!((whole.citations, whole.citation_report), (found, Some(report)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_maker_died_is_checked_against_the_whole_of_its_sources() {
    let mesh = mesh(ANSWER, true).await.of_mortals();
    let (here, there) = (mesh.node().await, mesh.node().await);
    let question = pb::StreamChatRequest {
        content: QUESTION.to_owned(),
        sources: vec![source()],
        detach: true,
        ..pb::StreamChatRequest::default()
    };
    let mut reading = here.put(question).await;
    reading.until_said(ANSWER).await;
    let id = reading.generation_id().to_owned();
    here.crash();

    let events = there.watched(&id, 0).await;
    let statuses: Vec<String> = citations(&events).into_iter().map(|found| found.status).collect();
    assert_eq!(
        statuses,
        ["verbatim", "in_sources", "altered", "not_found", "not_in_sources"],
        "a quote outside of every passage that the model was told of among them"
    );
    let types: Vec<&str> = events.iter().rev().map(|event| event.r#type.as_str()).collect();
    assert_eq!(types[..3], ["error", "usage", "citation"]);
    let stored = there.ended(&reading.started().conversation_id).await;
    assert_eq!((stored.status.as_str(), &stored.citations), ("incomplete", &citations(&events)));
    assert!(stored.citation_report.unwrap().is_checked);
    assert!(stored.prompt_tokens > 0 && stored.completion_tokens > 0, "it was paid for");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_cut_off_is_checked_too() {
    let mesh = mesh("It says “The Supplier shall not be liable”, and", true).await;
    let source = "The Supplier shall not be liable.";
    let node = mesh.node().await;
    let mut stopped = ask(&node, source).await;
    stopped.until_said("liable”, and").await;
    let stopped = node.stop(stopped.generation_id()).await;
    assert_eq!(
        (stopped.status.as_str(), stopped.citations[0].status.as_str()),
        ("stopped", "verbatim")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_model_is_checked_like_the_others() {
    let extractive = Models::new(Arc::new(elenchus_llm::Extractive), Vec::new());
    let mesh = Mesh::with_models(extractive).await;
    let node = mesh.node().await;
    let request = pb::ChatRequest {
        content: "When does the tenant pay the rent?".to_owned(),
        sources: vec!["The tenant pays the rent on the first day of each month.".to_owned()],
        ..pb::ChatRequest::default()
    };
    let answer = node.client().chat(node.of_user(request)).await.unwrap().into_inner();
    let quote = answer.citations.iter().find(|found| found.kind == "quote").unwrap();
    assert_eq!((quote.status.as_str(), quote.marker.as_str()), ("verbatim", "[1]"));
}
