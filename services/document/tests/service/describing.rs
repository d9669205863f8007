//! What a language model says of a document beside the rules.

use elenchus_proto::pb::conversation::v1::DocumentTrait;
use elenchus_proto::pb::document::v1 as pb;

use crate::service::{Ground, Node, eventually};

const LETTER: &str = "SUPERIOR COURT OF CALIFORNIA\nCOUNTY OF ALAMEDA\n\nMOTION TO COMPEL\n\nThe keeper of the mill \
    moves for an order, as the sluice was shut against the deed of 1902.";

fn says(field: &str, value: &str, confidence: f64, evidence: &str) -> DocumentTrait {
    DocumentTrait {
        field: field.to_owned(),
        value: value.to_owned(),
        confidence,
        evidence: evidence.to_owned(),
    }
}

fn of_the_mill() -> Vec<DocumentTrait> {
    vec![
        says("document_category", "petition", 0.6, "moves for an order"),
        says("practice_area", "real estate", 0.8, "the deed of 1902"),
        says("jurisdiction", "Nevada", 0.95, "the laws of Nevada"),
        says("keywords", "sluice", 0.7, "sluice"),
        says("keywords", "https://evil.example", 0.7, "https://evil.example"),
    ]
}

fn by_model(document: &pb::Document) -> Vec<(&str, &str)> {
    let said = document.detected.iter().filter(|one| one.source == "model");
    said.map(|one| (&*one.field, &*one.value)).collect()
}

async fn is_described(node: &Node, id: &str) -> bool {
    !by_model(&node.get(id).await).is_empty()
}

#[tokio::test]
async fn a_model_says_what_the_rules_do_not_and_what_its_owner_says_stands() {
    let ground = Ground::new().await;
    ground.conversations.say(of_the_mill());
    let node = ground.node().await;
    let read = node.read("letter.txt", LETTER.as_bytes()).await;
    eventually("the model has spoken", async || is_described(&node, &read.id).await).await;

    let document = node.get(&read.id).await;
    assert_eq!(document.document_category, "motion", "the rules are surer: {document:?}");
    assert_eq!(document.practice_area, "real estate", "the rules say nothing");
    assert_eq!(document.jurisdiction, "California", "the text bears nothing else out");
    assert!(document.keywords.contains(&"sluice".to_owned()), "{:?}", document.keywords);
    assert_eq!(
        by_model(&document),
        [
            ("document_category", "petition"),
            ("practice_area", "real estate"),
            ("keywords", "sluice")
        ],
        "both are shown, and what the text does not hold is not"
    );
    let shown = document.detected.iter().find(|one| one.value == "real estate").unwrap();
    let chars: Vec<char> = LETTER.chars().collect();
    let place: String = chars[shown.start_char as usize..shown.end_char as usize].iter().collect();
    assert_eq!((&*place, shown.confidence), ("the deed of 1902", 0.8));
    let rules = document.detected.iter().find(|one| one.value == "California").unwrap();
    assert_eq!(rules.source, "rules");

    let asked = ground.conversations.described();
    assert_eq!(asked.len(), 1);
    assert_eq!((&*asked[0].content, &asked[0].user_id), (LETTER, &document.user_id));
    let areas = asked[0].fields.iter().find(|allowed| allowed.field == "practice_area").unwrap();
    assert!(areas.values.contains(&"real estate".to_owned()));
}

#[tokio::test]
async fn a_model_that_is_away_holds_nothing_up_and_what_the_owner_says_meanwhile_stands() {
    let ground = Ground::new().await;
    ground.conversations.say(of_the_mill());
    ground.conversations.set_away(true);
    let node = ground.node().await;
    let read = node.read("letter.txt", LETTER.as_bytes()).await;
    assert_eq!((&*read.processing_status, &*read.document_category), ("completed", "motion"));
    assert_eq!(by_model(&read), []);
    let change = pb::UpdateDocumentRequest {
        document_id: read.id.clone(),
        practice_area: Some("water rights".to_owned()),
        ..Default::default()
    };
    node.client().update_document(node.of_user(change)).await.unwrap();

    ground.conversations.set_away(false);
    eventually("the model has spoken", async || is_described(&node, &read.id).await).await;
    let document = node.get(&read.id).await;
    assert_eq!(document.practice_area, "water rights", "the owner's word holds");
    assert!(by_model(&document).contains(&("practice_area", "real estate")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_while_the_model_thinks_is_followed_by_one_that_asks_again() {
    let ground = Ground::new().await;
    ground.conversations.say(of_the_mill());
    ground.conversations.set_silent(true);
    let node = ground.node().await;
    let read = node.read("letter.txt", LETTER.as_bytes()).await;
    assert_eq!(read.processing_status, "completed", "the model is not waited for");
    eventually("it is asked", async || !ground.conversations.described().is_empty()).await;
    node.crash();

    ground.conversations.set_silent(false);
    let node = ground.node().await;
    eventually("the model has spoken", async || is_described(&node, &read.id).await).await;
}

#[tokio::test]
async fn no_model_is_told_of_a_document_where_the_setting_forbids_it() {
    let ground = Ground::new().await;
    ground.conversations.say(of_the_mill());
    let silent = ground.node_with(&[("DETECT_BY_MODEL", "false")]).await;
    let read = silent.read("letter.txt", LETTER.as_bytes()).await;
    assert_eq!((&*read.processing_status, &*read.document_category), ("completed", "motion"));
    silent.crash();

    // What was due first would be asked about first.
    let asking = ground.node().await;
    let other = asking.read("other.txt", format!("{LETTER} Again.").as_bytes()).await;
    eventually("the model has spoken", async || is_described(&asking, &other.id).await).await;
    let asked = ground.conversations.described();
    assert!(asked.iter().all(|request| request.content.ends_with("Again.")), "{asked:?}");
}
