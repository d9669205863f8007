//! Decisions that an answer cites are looked up, where that is possible, and no answer waits for it.

use std::sync::Arc;
use std::time::Duration;

use elenchus_cache::Cache;
use elenchus_conversation::Lookups;
use elenchus_llm::Models;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_settings::Env;
use elenchus_testkit::courtlistener::{CourtListener, Mode, TOKEN};

use crate::mesh::{Mesh, Node};
use crate::model::Quoter;

const ANSWER: &str = "The client wins. See Roe v. Wade, 410 U.S. 113, 153 (1973); Smith v. Jones, 345 F.3d 678 (9th \
                      Cir. 2003); Brown v. Board, 347 U.S. 483 (1954); Doe v. Doe, 12 Ohio St. 2d 34 (1967). Id. at \
                      35; 15 U.S.C. § 78u-4.";

async fn mesh(service: &CourtListener, budget: Duration) -> Mesh {
    mesh_of(service, budget, Quoter { answer: ANSWER.to_owned(), hangs: false }).await
}

async fn mesh_of(service: &CourtListener, budget: Duration, quoter: Quoter) -> Mesh {
    let env = Env::of_pairs([("COURTLISTENER_TOKEN", TOKEN), ("COURTLISTENER_URL", service.url())]);
    let models = Models::new(Arc::new(quoter), Vec::new());
    let lookups = Lookups::from_env(&env, Cache::in_process(), budget).unwrap();
    let mut mesh = Mesh::with_models(models).await;
    mesh.lookups = lookups;
    mesh
}

async fn ask(node: &Node) -> pb::ChatResponse {
    let request = pb::ChatRequest {
        content: "Who wins?".to_owned(),
        sources: vec!["Nobody knows.".to_owned()],
        ..pb::ChatRequest::default()
    };
    node.client().chat(node.of_user(request)).await.unwrap().into_inner()
}

/// The page of each citation and what was said of it.
fn lookups(answer: &pb::ChatResponse) -> Vec<(&str, &str)> {
    let facts = answer.citations.iter().filter_map(|citation| citation.facts.as_ref());
    facts.map(|facts| (facts.page.as_str(), facts.lookup.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_database_says_of_a_decision_stands_beside_its_citation() {
    let service = CourtListener::start(Mode::Well).await;
    // However slow the machine is.
    let mesh = mesh(&service, Duration::from_secs(60)).await;
    let node = mesh.node().await;
    let answer = ask(&node).await;
    let expected = [
        ("113", "found"),
        ("678", "not_found"),
        ("483", "ambiguous"),
        ("34", ""),
        ("", ""),
        ("78u-4", ""),
    ];
    assert_eq!(lookups(&answer), expected);
    let roe = answer.citations[0].facts.as_ref().unwrap();
    assert_eq!(roe.lookup_case_name, "Roe v. Wade");
    assert_eq!(roe.lookup_url, format!("{}/opinion/108713/roe-v-wade/", service.url()));
    let report = answer.citation_report.unwrap();
    assert_eq!((report.lookup_found, report.lookup_not_found, report.lookup_ambiguous), (1, 1, 1));
    assert_eq!(report.not_in_sources, 6, "what the sources hold is another matter");

    assert_eq!(lookups(&ask(&node).await), expected);
    let calls = service.calls();
    assert_eq!(
        calls[0], "12 Ohio St. 2d 34\n345 F.3d 678\n347 U.S. 483\n410 U.S. 113",
        "nothing else"
    );
    assert_eq!(calls[1..], ["12 Ohio St. 2d 34"], "only what is not known is asked again");
    let stored = node.messages(&answer.conversation_id).await.pop().unwrap();
    assert_eq!(stored.citations, answer.citations);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_maker_died_is_looked_up_too() {
    let service = CourtListener::start(Mode::Well).await;
    let quoter = Quoter { answer: ANSWER.to_owned(), hangs: true };
    let mesh = mesh_of(&service, Duration::from_secs(60), quoter).await.of_mortals();
    let (here, there) = (mesh.node().await, mesh.node().await);
    let mut reading = here.ask("", true).await;
    reading.until_said(ANSWER).await;
    let conversation = reading.started().conversation_id.clone();
    here.crash();
    let stored = there.ended(&conversation).await;
    let found = stored.citations[0].facts.as_ref().unwrap();
    assert_eq!((found.lookup.as_str(), stored.status.as_str()), ("found", "incomplete"));
    assert_eq!(stored.citation_report.unwrap().lookup_found, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_stays_unknown_and_is_left_alone() {
    for mode in [Mode::Throttled, Mode::Status(503), Mode::Status(403), Mode::NotJson, Mode::Hang] {
        let service = CourtListener::start(mode).await;
        let mesh = mesh(&service, Lookups::BUDGET).await;
        let node = mesh.node().await;
        for _ in 0..2 {
            let answer = ask(&node).await;
            assert!(lookups(&answer).iter().all(|(_, lookup)| lookup.is_empty()), "{mode:?}");
            assert!(answer.citation_report.unwrap().is_checked, "{mode:?}");
        }
        assert_eq!(service.calls().len(), 1, "{mode:?}: whoever failed is not asked at once again");
    }
}
