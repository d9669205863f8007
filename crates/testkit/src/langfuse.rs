//! A stand-in for Langfuse's ingestion of scores, well or badly behaved by name.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::provider::read;

/// The keys of its project.
pub const KEYS: [&str; 2] = ["pk-lf-stand-in", "sk-lf-stand-in"];
/// Both, as a browser would send them.
const CREDENTIAL: &str = "Basic cGstbGYtc3RhbmQtaW46c2stbGYtc3RhbmQtaW4=";

/// A service that listens.
pub struct Langfuse {
    url: String,
    state: Arc<State>,
    _server: JoinSet<()>,
}

struct State {
    /// Requests that still fail with 503.
    failures: Mutex<usize>,
    /// By their ids, as it keeps them.
    scores: Mutex<Vec<Value>>,
}

impl Langfuse {
    /// Begins to listen on a free port, and fails so many times before it takes anything.
    pub async fn start(failures: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let state = Arc::new(State { failures: Mutex::new(failures), scores: Mutex::default() });
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::clone(&state)));
        Self { url, state, _server: server }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The scores that it keeps. One sent twice is one.
    pub fn scores(&self) -> Vec<Value> {
        self.state.scores.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has still to fail.
    pub fn is_failing(&self) -> bool {
        *self.state.failures.lock().unwrap_or_else(PoisonError::into_inner) > 0
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(answer(stream, Arc::clone(&state)));
    }
}

/// Answers one request; every answer closes its connection.
async fn answer(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = read(&mut stream).await else { return };
    let (status, body) = state.take(&request);
    let (body, length) = (body.to_string(), body.to_string().len());
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    // Whoever has left is told nothing.
    let _ = stream.write_all(answer.as_bytes()).await;
}

impl State {
    fn take(&self, request: &str) -> (u16, Value) {
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
        if !head.starts_with("POST /api/public/ingestion ") {
            return (404, json!({}));
        }
        if !head.contains(CREDENTIAL) {
            return (401, json!({"message": "Invalid credentials"}));
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if *failures > 0 {
            *failures -= 1;
            return (503, json!({}));
        }
        let batch: Value = serde_json::from_str(body).unwrap_or_default();
        let events = batch["batch"].as_array().cloned().unwrap_or_default();
        let results: Vec<(Value, bool)> =
            events.into_iter().map(|event| (event["id"].clone(), self.keep(&event))).collect();
        let part = |is_taken: bool, status: u16| -> Vec<Value> {
            let results = results.iter().filter(|(_, taken)| *taken == is_taken);
            results.map(|(id, _)| json!({"id": id, "status": status})).collect()
        };
        (207, json!({"successes": part(true, 201), "errors": part(false, 400)}))
    }

    /// By the rules of its API for scores.
    fn keep(&self, event: &Value) -> bool {
        let body = &event["body"];
        let trace = body["traceId"].as_str().unwrap_or_default();
        let is_trace = trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_value = match body["dataType"].as_str() {
            Some("NUMERIC") => body["value"].is_number(),
            Some("BOOLEAN") => body["value"] == 0 || body["value"] == 1,
            _ => false,
        };
        let is_score = event["type"] == "score-create" && event["timestamp"].is_string();
        if !(is_score && is_trace && is_value && body["name"].is_string()) {
            return false;
        }
        let mut scores = self.scores.lock().unwrap_or_else(PoisonError::into_inner);
        scores.retain(|kept| kept["id"] != body["id"]);
        scores.push(body.clone());
        true
    }
}
