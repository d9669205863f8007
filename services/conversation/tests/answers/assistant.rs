//! Analyses and briefs read their sources to the last character, and are checked like answers.

use std::sync::Arc;

use elenchus_llm::Models;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::assistant_event::Payload;
use tonic::Code;

use crate::mesh::{Mesh, Node};
use crate::model::{Broken, Clerk, Employed, Quoter};

/// Stands where a model that is told of the beginning alone never comes to.
const LAST: &str =
    "The Supplier shall indemnify the Customer against every claim of a third party.";
const FACTS: &str = "The landlord evicted the tenant without notice in May.";
const ISSUE: &str = "Must the landlord give notice before eviction?";
const RULE: &str = "Notice must be given, as Roe v. Wade, 410 U.S. 113 (1973) has it.";

/// Four parts and more.
fn long_text() -> String {
    let filler = "The parties met on a fine day and spoke at length of nothing in particular.\n\n";
    format!("{}{LAST}", filler.repeat(1_100))
}

async fn mesh(clerk: &Arc<Clerk>) -> Mesh {
    Mesh::with_models(Models::new(Arc::new(Employed(Arc::clone(clerk))), Vec::new())).await
}

async fn analysed(node: &Node, content: String, questions: &[&str]) -> Vec<pb::AssistantEvent> {
    let request = pb::AnalyzeDocumentRequest {
        content,
        questions: questions.iter().map(|question| (*question).to_owned()).collect(),
        ..pb::AnalyzeDocumentRequest::default()
    };
    let stream = node.assistant().analyze_document(node.of_user(request)).await.unwrap();
    let (mut stream, mut events) = (stream.into_inner(), Vec::new());
    while let Some(message) = stream.message().await.unwrap() {
        events.push(message.event.unwrap());
    }
    events
}

async fn drafted(node: &Node, request: pb::GenerateBriefRequest) -> Vec<pb::AssistantEvent> {
    let stream = node.assistant().generate_brief(node.of_user(request)).await.unwrap();
    let (mut stream, mut events) = (stream.into_inner(), Vec::new());
    while let Some(message) = stream.message().await.unwrap() {
        events.push(message.event.unwrap());
    }
    events
}

fn completed(events: &[pb::AssistantEvent]) -> pb::AssistantCompleted {
    let numbers: Vec<i32> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..).take(events.len()).collect::<Vec<i32>>());
    match &events.last().unwrap().payload {
        Some(Payload::Completed(completed)) => completed.clone(),
        other => panic!("the last event is {other:?}"),
    }
}

fn text(events: &[pb::AssistantEvent]) -> String {
    let delta = |event: &pb::AssistantEvent| match &event.payload {
        Some(Payload::Delta(delta)) => Some(delta.text.clone()),
        _ => None,
    };
    events.iter().filter_map(delta).collect()
}

fn titles(completed: &pb::AssistantCompleted) -> Vec<&str> {
    completed.sections.iter().map(|section| section.title.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_analysed_to_its_last_sentence() {
    let clerk = Clerk::noting("indemnify", "");
    let mesh = mesh(&clerk).await;
    let node = mesh.node().await;
    let events = analysed(&node, long_text(), &[]).await;
    let completed = completed(&events);
    assert_eq!(text(&events), completed.text);
    assert_eq!((completed.model.as_str(), completed.is_extractive), ("clerk", false));

    let Some(Payload::Started(started)) = &events[0].payload else { panic!("{:?}", events[0]) };
    let parts = started.parts.len();
    assert!(parts >= 4, "{parts}");
    let read: Vec<String> = {
        let told = clerk.told.lock().unwrap();
        let notes = told.iter().take(parts);
        notes.map(|prompt| prompt.passages[0].text.clone()).collect()
    };
    assert_eq!(read.concat(), long_text(), "each part is read once, and together they are all");
    let progress: Vec<(String, i32)> = events
        .iter()
        .filter_map(|event| match &event.payload {
            Some(Payload::Progress(progress)) => Some((progress.stage.clone(), progress.done)),
            _ => None,
        })
        .collect();
    let parts = i32::try_from(parts).unwrap();
    assert!(progress.contains(&("reading".to_owned(), parts)), "{progress:?}");
    assert!(progress.contains(&("checking".to_owned(), 1)), "{progress:?}");

    let quote = completed.citations.iter().find(|found| found.kind == "quote").unwrap();
    assert_eq!((quote.status.as_str(), quote.marker.clone()), ("verbatim", format!("[{parts}]")));
    let start = usize::try_from(quote.start_char).unwrap();
    assert!(long_text().chars().skip(start).collect::<String>().starts_with("The Supplier shall"));
    assert_eq!(completed.citation_report.unwrap().verbatim, 5);
    let usage = completed.usage.unwrap();
    assert_eq!(usage.prompt_tokens, 7 * (parts + 5), "every call is counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brief_has_its_headings_and_a_table_of_what_the_sources_hold() {
    let remark = "See Smith v. Jones, 345 U.S. 678 (1953), and Roe v. Wade, 410 U.S. 113 (1973).";
    let clerk = Clerk::noting("Notice", remark);
    let mesh = mesh(&clerk).await;
    let node = mesh.node().await;
    let request = pb::GenerateBriefRequest {
        case_facts: FACTS.to_owned(),
        legal_issues: vec![ISSUE.to_owned()],
        sources: vec![RULE.to_owned()],
        ..pb::GenerateBriefRequest::default()
    };
    let events = drafted(&node, request).await;
    let completed = completed(&events);
    assert_eq!(
        titles(&completed),
        [
            "Statement of Facts",
            "Issues Presented",
            "Legal Analysis",
            "Conclusion",
            "Recommended Actions",
            "Table of Authorities"
        ]
    );
    assert_eq!(text(&events), completed.text);
    let authorities: Vec<(&str, i32)> = completed
        .authorities
        .iter()
        .map(|authority| (authority.citation.as_str(), authority.mentions))
        .collect();
    assert_eq!(
        authorities,
        [("Roe v. Wade, 410 U.S. 113 (1973)", 10)],
        "made up ones are not in it"
    );
    assert_eq!(completed.authorities[0].places[0].filename, "source 1");
    let table = &completed.sections[5].text;
    assert!(table.contains("Roe v. Wade") && !table.contains("Smith"), "{table}");
    assert_eq!(completed.citation_report.unwrap().not_in_sources, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_language_model_the_sources_are_quoted_and_it_says_so() {
    let extractive = Models::new(Arc::new(elenchus_llm::Extractive), Vec::new());
    let mesh = Mesh::with_models(extractive).await;
    let node = mesh.node().await;
    let question = "Against which claims shall the Supplier indemnify the Customer?";
    let analysis = completed(&analysed(&node, long_text(), &[question]).await);
    assert!(analysis.is_extractive);
    assert!(analysis.text.starts_with("No language model is configured"), "{}", analysis.text);
    assert_eq!(analysis.sections.len(), 6);
    assert!(analysis.sections[5].text.contains(LAST), "{}", analysis.sections[5].text);
    let quotes: Vec<&pb::Citation> =
        analysis.citations.iter().filter(|found| found.kind == "quote").collect();
    assert!(!quotes.is_empty());
    assert!(quotes.iter().all(|quote| quote.status == "verbatim"), "{quotes:?}");

    let request = pb::GenerateBriefRequest {
        case_facts: FACTS.to_owned(),
        legal_issues: vec!["Must notice be given?".to_owned()],
        sources: vec![RULE.to_owned()],
        ..pb::GenerateBriefRequest::default()
    };
    let brief = completed(&drafted(&node, request).await);
    assert!(brief.is_extractive);
    assert!(brief.sections[0].text.contains(FACTS) && brief.sections[2].text.contains(RULE));
    assert_eq!(brief.authorities.len(), 1, "{:?}", brief.authorities);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_breaks_off_says_so_and_what_was_used() {
    let mesh = Mesh::with_models(Models::new(Arc::new(Broken), Vec::new())).await;
    let node = mesh.node().await;
    let events = analysed(&node, "The tenant pays the rent.".to_owned(), &[]).await;
    let [.., usage, error] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(usage.r#type, "usage");
    let Some(Payload::Error(error)) = &error.payload else { panic!("{error:?}") };
    assert_eq!((error.code.as_str(), error.is_retryable), ("MODEL_UNAVAILABLE", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_cannot_be_done_is_refused_by_field() {
    let mesh = mesh(&Clerk::noting("x", "")).await;
    let node = mesh.node().await;
    let refused = async |request: pb::AnalyzeDocumentRequest| {
        node.assistant().analyze_document(node.of_user(request)).await.err().unwrap()
    };
    let nothing = refused(pb::AnalyzeDocumentRequest::default()).await;
    assert_eq!(nothing.code(), Code::InvalidArgument);
    assert!(nothing.message().contains("document_id or content"), "{nothing}");
    let long = pb::AnalyzeDocumentRequest {
        content: "x".repeat(500_001),
        ..pb::AnalyzeDocumentRequest::default()
    };
    assert!(refused(long).await.message().contains("500000"));
    let unknown = pb::AnalyzeDocumentRequest {
        content: "The tenant pays.".to_owned(),
        model: "gpt-9".to_owned(),
        ..pb::AnalyzeDocumentRequest::default()
    };
    assert!(refused(unknown).await.message().contains("available: clerk"));

    let brief = pb::GenerateBriefRequest {
        case_facts: FACTS.to_owned(),
        ..pb::GenerateBriefRequest::default()
    };
    let refusal = node.assistant().generate_brief(node.of_user(brief)).await.err().unwrap();
    assert_eq!(
        (refusal.code(), refusal.message()),
        (Code::InvalidArgument, "name at least one issue")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_asks_for_is_checked_too() {
    let answer =
        "It says “The tenant pays the rent monthly” [1] and “The tenant pays the rent yearly” [1].";
    let quoter = Quoter { answer: answer.to_owned(), hangs: false };
    let mesh = Mesh::with_models(Models::new(Arc::new(quoter), Vec::new())).await;
    let node = mesh.node().await;
    let request = pb::AnswerRequest {
        instruction: "When is the rent paid?".to_owned(),
        passages: vec![pb::Passage {
            filename: "lease".to_owned(),
            content: "§ 1 The tenant pays the rent monthly.".to_owned(),
            start_char: 100,
            end_char: 137,
            ..pb::Passage::default()
        }],
        model: String::new(),
    };
    let mut assistant = node.assistant_of_services();
    let answer = assistant.answer(node.of_user(request)).await.unwrap().into_inner();
    let quotes: Vec<(&str, i32)> = answer
        .citations
        .iter()
        .filter(|found| found.kind == "quote")
        .map(|found| (found.status.as_str(), found.start_char))
        .collect();
    assert_eq!(quotes[0], ("verbatim", 104));
    assert_ne!(quotes[1].0, "verbatim");
    assert_eq!(answer.citation_report.unwrap().verbatim, 1);
}
