//! Answers whose messenger and whose maker are killed in mid-stream, each a process of its own.

use std::time::{Duration, Instant};

use elenchus_testkit::langfuse::{self, Langfuse};
use elenchus_testkit::provider::{Mode, Provider, WORDS};
use elenchus_testkit::{postgres, redis};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::mesh::Mesh;

/// Server-sent events, block by block, as the bytes that came.
struct Events {
    response: Response,
    waiting: String,
}

impl Events {
    /// The next event. None once the stream has ended, however.
    async fn next(&mut self) -> Option<String> {
        loop {
            while let Some((block, rest)) = self.waiting.split_once("\n\n") {
                let block = block.to_owned();
                self.waiting = rest.to_owned();
                // A sign of life is no event.
                if !block.starts_with(':') {
                    return Some(block);
                }
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.waiting.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The events until these words were said.
    async fn until_said(&mut self, words: &str) -> Vec<String> {
        let mut blocks = Vec::new();
        while said(&blocks) != words {
            blocks.push(self.next().await.expect("it goes on"));
        }
        blocks
    }

    async fn rest(mut self) -> Vec<String> {
        let mut blocks = Vec::new();
        while let Some(block) = self.next().await {
            blocks.push(block);
        }
        blocks
    }
}

fn event(block: &str) -> Value {
    let data = block.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str(data).unwrap()
}

fn said(blocks: &[String]) -> String {
    let text = |block: &String| event(block)["delta"]["text"].as_str().map(str::to_owned);
    blocks.iter().filter_map(text).collect()
}

/// The events of an answer after one of them, whole: asked for again until the last is among them.
async fn log(mesh: &Mesh, token: &str, generation: &str, after: usize) -> Vec<String> {
    let path = format!("/api/v1/chat/generations/{generation}/events");
    let patience = Instant::now() + Duration::from_secs(120);
    loop {
        assert!(Instant::now() < patience, "the answer has no end");
        // As a browser comes back.
        let asked = mesh.request(Method::GET, &path).header("last-event-id", after);
        let sent = asked.bearer_auth(token).send().await;
        if let Ok(response) = sent
            && response.status().is_success()
        {
            let events = Events { response, waiting: String::new() }.rest().await;
            let kind = events.last().map(|block| event(block)["type"].clone());
            if kind == Some(json!("error")) || kind == Some(json!("message.completed")) {
                return events;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Asks a model that may hang for as long as a test takes.
fn asking(url: &str) -> [(&str, &str); 4] {
    [
        ("OPENAI_BASE_URL", url),
        ("DEFAULT_AI_MODEL", "played"),
        ("MODEL_TOKEN_TIMEOUT_SECONDS", "3600"),
        ("MODEL_TIMEOUT_SECONDS", "3600"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_misses_nothing_when_the_gateway_and_then_the_maker_are_killed() {
    let provider = Provider::start(Mode::HangAfterWords).await;
    let url = provider.openai_url();
    let more = asking(&url);
    let database = postgres::empty_database().await;
    let mut mesh = Mesh::apart_with(database.url(), redis::url().as_deref(), &more).await;
    let token = mesh.user("ada@example.com").await.token.clone();
    let question =
        json!({"content": "Who pays the rent?", "sources": ["The tenant."], "detach": true});
    let asked =
        mesh.request(Method::POST, "/api/v1/chat/stream").bearer_auth(&token).json(&question);
    let mut reading = Events { response: asked.send().await.unwrap(), waiting: String::new() };
    let shown = reading.until_said(&WORDS.concat()).await;
    let generation = event(&shown[0])["generation_id"].as_str().unwrap().to_owned();

    mesh.kill("gateway");
    assert_eq!(reading.rest().await, Vec::<String>::new(), "nothing more comes this way");
    mesh.revive("gateway");
    mesh.until_ready().await;
    let path = format!("/api/v1/chat/generations/{generation}/events");
    let again = mesh.request(Method::GET, &path).bearer_auth(&token).send().await.unwrap();
    let mut window = Events { response: again, waiting: String::new() };
    assert_eq!(window.until_said(&WORDS.concat()).await, shown, "byte for byte");
    assert_eq!(provider.open(), 1, "the answer is still being made");

    mesh.kill("conversation");
    mesh.revive("conversation");
    mesh.until_ready().await;
    let whole = log(&mesh, &token, &generation, 0).await;
    assert_eq!(whole[..shown.len()], shown, "byte for byte");
    assert_eq!(log(&mesh, &token, &generation, shown.len()).await, whole[shown.len()..]);
    let [.., usage, error] = &whole[..] else { panic!("{whole:?}") };
    assert_eq!(event(usage)["type"], "usage");
    let error = event(error)["error"].clone();
    assert_eq!((&error["code"], &error["is_retryable"]), (&json!("INTERRUPTED"), &json!(true)));

    let user = mesh.login("ada@example.com").await;
    let conversation = event(&shown[0])["started"]["conversation_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/chat/conversations/{conversation}/messages");
    let messages = user.get(&path).await;
    assert_eq!(messages[0]["content"], "Who pays the rent?");
    assert_eq!(
        (&messages[1]["content"], &messages[1]["status"]),
        (&json!(said(&whole)), &json!("incomplete"))
    );
    assert_eq!(messages.as_array().unwrap().len(), 2);
    assert_eq!(provider.calls().len(), 1, "the model was not asked again");
}

/// What a document says far from what is asked about it.
const QUOTED: &str = "The keeper of the lighthouse shall feed the gulls twice a day";
const CITING: &str = "“The keeper of the lighthouse shall feed the gulls twice a day” [1]; \
                      see Roe v. Wade, 410 U.S. 113 (1973).";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_maker_was_killed_is_checked_and_scored_like_any_other() {
    let provider = Provider::start(Mode::HangAfter(CITING)).await;
    let scores = Langfuse::start(0).await;
    let url = provider.openai_url();
    let told = [
        ("LANGFUSE_HOST", scores.url()),
        ("LANGFUSE_PUBLIC_KEY", langfuse::KEYS[0]),
        ("LANGFUSE_SECRET_KEY", langfuse::KEYS[1]),
    ];
    let more = [&asking(&url)[..], &told[..]].concat();
    let database = postgres::empty_database().await;
    let mut mesh = Mesh::apart_with(database.url(), redis::url().as_deref(), &more).await;
    let user = mesh.user("ada@example.com").await;
    let token = user.token.clone();
    let lease: String = (1..=40)
        .map(|number| {
            format!("§ {number} {}\n\n", "The tenant pays the rent in advance. ".repeat(14))
        })
        .collect();
    let lamp = "The lamp is trimmed at dusk and its glass is cleaned at dawn. ".repeat(20);
    let lease = format!("{lease}§ 41 {lamp}{QUOTED}.");
    let document = user.upload_bytes("lease.txt", lease.into_bytes()).await["id"].clone();
    user.until_processed(document.as_str().unwrap()).await;

    let question =
        json!({"content": "Who pays the rent?", "document_ids": [document], "detach": true});
    let asked = user.request(Method::POST, "/api/v1/chat/stream").json(&question);
    let mut reading = Events { response: asked.send().await.unwrap(), waiting: String::new() };
    let shown = reading.until_said(CITING).await;
    assert!(!shown[1].contains("gulls"), "the model was told of it: {}", shown[1]);
    let generation = event(&shown[0])["generation_id"].as_str().unwrap().to_owned();
    mesh.kill("conversation");
    mesh.revive("conversation");
    mesh.until_ready().await;

    let whole = log(&mesh, &token, &generation, 0).await;
    assert_eq!(whole[..shown.len()], shown, "byte for byte");
    let found: Vec<Value> = whole[shown.len()..].iter().map(|block| event(block)).collect();
    let [quote, reference, decision, usage, error] = &found[..] else { panic!("{found:?}") };
    let quote = &quote["citation"];
    assert_eq!((&quote["status"], &quote["document_id"]), (&json!("verbatim"), &document));
    assert_eq!(reference["citation"]["status"], "in_sources");
    assert_eq!(decision["citation"]["status"], "not_in_sources");
    assert_eq!((&usage["type"], &error["error"]["code"]), (&json!("usage"), &json!("INTERRUPTED")));

    let patience = Instant::now() + Duration::from_secs(120);
    while scores.scores().is_empty() {
        assert!(Instant::now() < patience, "no score comes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let kept = scores.scores();
    let value =
        |name: &str| kept.iter().find(|score| score["name"] == name).map(|score| &score["value"]);
    assert_eq!(value("citations.verbatim"), Some(&json!(1)));
    assert_eq!(value("citations.not_in_sources"), Some(&json!(1)));
}
