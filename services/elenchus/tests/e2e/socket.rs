//! Conversations over WebSockets, with a real client and the real mesh.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::mesh::{Mesh, User};

const PATIENCE: Duration = Duration::from_secs(30);
const SOURCE: &str = "The tenant pays the rent on the first day of each month.";

/// A client of a socket.
struct Window {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Window {
    /// Opens one at a path, naming the token as a subprotocol where one is given.
    async fn open(
        mesh: &Mesh,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let url = format!("{}{path}", mesh.base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, response) = connect_async(request).await?;
        let asked = headers.iter().any(|(name, _)| *name == "sec-websocket-protocol");
        let chosen = response.headers().get("sec-websocket-protocol");
        assert_eq!(chosen.is_some_and(|protocol| protocol == "bearer"), asked);
        Ok(Self { socket })
    }

    async fn of(mesh: &Mesh, user: &User<'_>, conversation: &str) -> Self {
        let protocol = format!("bearer, {}", user.token);
        let path = format!("/api/v1/chat/ws/{conversation}");
        Self::open(mesh, &path, &[("sec-websocket-protocol", &protocol)]).await.unwrap()
    }

    async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame, as text.
    async fn hear(&mut self) -> String {
        let text = async {
            loop {
                match self.socket.next().await.unwrap().unwrap() {
                    Message::Text(text) => return text.to_string(),
                    Message::Close(frame) => panic!("closed: {frame:?}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, text).await.expect("a frame comes")
    }

    /// The frames up to the end of an answer.
    async fn answer(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.hear().await);
            let event: Value = serde_json::from_str(frames.last().unwrap()).unwrap();
            if matches!(event["type"].as_str(), Some("message.completed" | "error")) {
                return frames;
            }
        }
    }

    /// The code and the reason with which the server closes.
    async fn closed(&mut self) -> (CloseCode, String) {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            if let Message::Close(Some(frame)) = message.expect("it closes").unwrap().unwrap() {
                return (frame.code, frame.reason.to_string());
            }
        }
    }
}

async fn conversation(user: &User<'_>) -> String {
    let made = user.post("/api/v1/chat/conversations", json!({"title": "Lease"})).await;
    made["id"].as_str().unwrap().to_owned()
}

fn question() -> Value {
    json!({"content": "Who pays the rent?", "sources": [SOURCE]})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_window_shows_the_same_answer_and_can_come_back_to_it() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let id = conversation(&user).await;
    let mut window = Window::of(&mesh, &user, &id).await;
    let ticket = user.post("/api/v1/chat/ws-ticket", json!({})).await;
    let by_ticket = format!("/api/v1/chat/ws/{id}?ticket={}", ticket["ticket"].as_str().unwrap());
    let mut other = Window::open(&mesh, &by_ticket, &[]).await.unwrap();
    other.say(json!({"type": "ping"})).await;
    assert_eq!(other.hear().await, r#"{"type":"pong"}"#, "it is there before the question");

    window.say(question()).await;
    let frames = window.answer().await;
    let events: Vec<Value> =
        frames.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
    assert_eq!(events[0]["type"], "message.started");
    assert!(events.iter().zip(1..).all(|(event, seq)| event["seq"] == seq), "{events:?}");
    let shown: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(events.last().unwrap()["completed"]["message"]["content"], shown);
    assert_eq!(other.answer().await, frames, "the other window");

    let generation = events[0]["generation_id"].as_str().unwrap();
    let path = format!("/api/v1/chat/generations/{generation}/events");
    let stream = user.request(Method::GET, &path).send().await.unwrap().text().await.unwrap();
    let lines: Vec<&str> = stream.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(lines, frames, "the same over server-sent events");
    window.say(json!({"type": "resume", "generation_id": generation, "after_seq": 2})).await;
    assert_eq!(window.answer().await, frames[2..], "what came after the second event");

    let again = mesh.request(Method::GET, "/").send().await.unwrap();
    assert!(again.status().is_success());
    let mut used = Window::open(&mesh, &by_ticket, &[]).await.unwrap();
    assert_eq!(used.closed().await.0, CloseCode::Policy, "a ticket works once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_with_a_key_is_asked_once_and_shown_as_often_as_it_is_put() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let id = conversation(&user).await;
    let mut keyed = question();
    keyed["idempotency_key"] = json!("8e03978e-40d5-43dd-bc93-6894a57f9324");
    let mut window = Window::of(&mesh, &user, &id).await;
    window.say(keyed.clone()).await;
    let frames = window.answer().await;
    window.say(keyed.clone()).await;
    assert_eq!(window.answer().await, frames, "from its start");
    let mut later = Window::of(&mesh, &user, &id).await;
    later.say(keyed.clone()).await;
    assert_eq!(later.answer().await, frames);
    let messages = user.get(&format!("/api/v1/chat/conversations/{id}/messages")).await;
    assert_eq!(messages.as_array().unwrap().len(), 2, "{messages}");

    keyed["content"] = json!("And who else?");
    for (key, code) in [
        (keyed["idempotency_key"].clone(), "IDEMPOTENCY_KEY_REUSED"),
        (json!("a key"), "INVALID_FIELD"),
        (json!(7), "INVALID_FRAME"),
    ] {
        keyed["idempotency_key"] = key;
        later.say(keyed.clone()).await;
        let refusal: Value = serde_json::from_str(&later.hear().await).unwrap();
        assert_eq!(
            (&refusal["seq"], &refusal["error"]["code"]),
            (&json!(0), &json!(code)),
            "{refusal}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_says_nothing_is_answered_and_harms_nothing() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let id = conversation(&user).await;
    let mut window = Window::of(&mesh, &user, &id).await;
    for bad in [
        "{",
        "[]",
        r#""text""#,
        r#"{"type":"shout"}"#,
        r#"{"type":7}"#,
        r#"{"content":5}"#,
        r#"{"content":"x","nonsense":1}"#,
        r#"{"type":"stop"}"#,
        r#"{"type":"resume","generation_id":"x","after_seq":"y"}"#,
    ] {
        window.socket.send(Message::text(bad)).await.unwrap();
        let error: Value = serde_json::from_str(&window.hear().await).unwrap();
        assert_eq!(
            (&error["type"], &error["error"]["code"]),
            (&json!("error"), &json!("INVALID_FRAME")),
            "{bad}"
        );
    }
    window.socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert!(window.hear().await.contains("must be text"));
    for (frame, code) in [
        (json!({"content": " "}), "INVALID_FIELD"),
        (json!({"content": "x", "model": "gpt-9"}), "INVALID_FIELD"),
        (json!({"type": "stop", "generation_id": id}), "GENERATION_NOT_FOUND"),
        (json!({"type": "resume", "generation_id": "x"}), "GENERATION_NOT_FOUND"),
    ] {
        window.say(frame).await;
        let error: Value = serde_json::from_str(&window.hear().await).unwrap();
        assert_eq!(error["error"]["code"], code);
    }
    window.say(json!({"type": "ping"})).await;
    assert_eq!(window.hear().await, r#"{"type":"pong"}"#);
    window.say(question()).await;
    assert!(window.answer().await.last().unwrap().contains("message.completed"));

    window.say(json!({"content": "x".repeat(70 << 10)})).await;
    assert_eq!(window.closed().await.0, CloseCode::Size);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_read_a_conversation_gets_no_socket() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let id = conversation(&user).await;
    let path = format!("/api/v1/chat/ws/{id}");
    let failed = (CloseCode::Policy, "Authentication failed".to_owned());
    let bad = format!("bearer, {}x", user.token);
    for headers in [&[][..], &[("sec-websocket-protocol", bad.as_str())][..]] {
        let mut window = Window::open(&mesh, &path, headers).await.unwrap();
        assert_eq!(window.closed().await, failed);
    }
    let mut by_url =
        Window::open(&mesh, &format!("{path}?token={}", user.token), &[]).await.unwrap();
    by_url.say(json!({"type": "ping"})).await;
    by_url.hear().await;

    let stranger = mesh.user("eve@example.com").await;
    for place in [id.as_str(), "odd"] {
        let mut window = Window::of(&mesh, &stranger, place).await;
        let not_found = (CloseCode::Policy, "Conversation not found".to_owned());
        assert_eq!(window.closed().await, not_found);
    }
    let foreign = Window::open(&mesh, &path, &[("origin", "https://evil.example")]).await;
    assert!(matches!(foreign.err(), Some(Error::Http(response)) if response.status() == 403));
    let plain = user.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(plain.status(), 426);

    let mut window = Window::of(&mesh, &user, &id).await;
    user.post("/api/v1/auth/logout", json!({})).await;
    let left = Instant::now();
    assert_eq!(window.closed().await, failed);
    assert!(left.elapsed() < Duration::from_secs(10), "{:?}", left.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_of_the_server_closes_sockets_with_the_reason() {
    let mut mesh = Mesh::embedded();
    let mut window = {
        let user = mesh.user("ada@example.com").await;
        let id = conversation(&user).await;
        Window::of(&mesh, &user, &id).await
    };
    let closing = async { window.closed().await.0 };
    let stopping =
        async { tokio::task::spawn_blocking(move || mesh.process().terminate()).await.unwrap() };
    let (code, exit) = tokio::join!(closing, stopping);
    assert_eq!((code, exit), (CloseCode::Restart, Some(0)));
}
