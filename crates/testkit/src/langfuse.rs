//! A stand-in for Langfuse's ingestion of scores, well or badly behaved by name.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::listener::{Listener, answer_json, read};

/// The keys of its project.
pub const KEYS: [&str; 2] = ["pk-lf-stand-in", "sk-lf-stand-in"];
/// Both, as a browser would send them.
const CREDENTIAL: &str = "Basic cGstbGYtc3RhbmQtaW46c2stbGYtc3RhbmQtaW4=";

/// A service that listens.
pub struct Langfuse {
    listener: Listener,
    state: Arc<State>,
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
        let state = Arc::new(State { failures: Mutex::new(failures), scores: Mutex::default() });
        let served = Arc::clone(&state);
        let listener = Listener::start(move |stream| answer(stream, Arc::clone(&served))).await;
        Self { listener, state }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.listener.url()
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

/// Answers one request; every answer closes its connection.
async fn answer(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = read(&mut stream).await else { return };
    let (status, body) = state.take(&request);
    answer_json(stream, status, &body.to_string()).await;
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
