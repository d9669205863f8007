//! A stand-in for CourtListener's citation lookup, version 4, well or badly behaved by name.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::listener::{Listener, answer_json, read};

/// What opens it.
pub const TOKEN: &str = "a-token-that-stays-here";
/// The most citations that it looks up at once.
const MOST: usize = 250;
/// A decision that it knows, and what it is called.
const KNOWN: [&str; 2] = ["410 U.S. 113", "Roe v. Wade"];
/// A citation that several decisions share.
const SHARED: &str = "347 U.S. 483";
const REPORTERS: [&str; 2] = ["U.S.", "F.3d"];

/// How the stand-in behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Knows one decision, one citation that several share, and the reporters U.S. and F.3d.
    Well,
    /// Says that too much was asked, and to come back in an hour.
    Throttled,
    /// Answers with this status.
    Status(u16),
    /// Takes the request and says nothing.
    Hang,
    /// A page where JSON is expected.
    NotJson,
}

/// A service that listens.
pub struct CourtListener {
    listener: Listener,
    state: Arc<State>,
}

struct State {
    mode: Mutex<Mode>,
    calls: Mutex<Vec<String>>,
}

impl CourtListener {
    /// Begins to listen on a free port.
    pub async fn start(mode: Mode) -> Self {
        let state = Arc::new(State { mode: Mutex::new(mode), calls: Mutex::default() });
        let served = Arc::clone(&state);
        let listener = Listener::start(move |stream| answer(stream, Arc::clone(&served))).await;
        Self { listener, state }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.listener.url()
    }

    /// Behaves so from the next request on.
    pub fn behave(&self, mode: Mode) {
        *self.state.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// The texts that it was asked about.
    pub fn calls(&self) -> Vec<String> {
        self.state.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers one request; every answer closes its connection.
async fn answer(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = read(&mut stream).await else { return };
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((&request, ""));
    let text = body.strip_prefix("text=").map(decoded).unwrap_or_default();
    state.calls.lock().unwrap_or_else(PoisonError::into_inner).push(text.clone());
    let mode = *state.mode.lock().unwrap_or_else(PoisonError::into_inner);
    let is_open = head.to_lowercase().contains(&format!("authorization: token {TOKEN}"));
    let is_asked = head.starts_with("POST /api/rest/v4/citation-lookup/ ");
    let (status, body) = match mode {
        _ if !is_asked => (404, "{}".to_owned()),
        _ if !is_open => (401, json!({"detail": "Invalid token."}).to_string()),
        Mode::Well => (200, looked_up(&text).to_string()),
        Mode::Throttled => {
            let until = "2999-01-01T00:00:00.000000+00:00";
            let body =
                json!({"error_message": "Too many citations requested.", "wait_until": until});
            (429, body.to_string())
        }
        Mode::Status(status) => (status, "<html>Sorry</html>".to_owned()),
        Mode::Hang => return tokio::time::sleep(Duration::from_secs(3600)).await,
        Mode::NotJson => (200, "<html>Sorry</html>".to_owned()),
    };
    answer_json(stream, status, &body).await;
}

/// A line of the text is a citation.
fn looked_up(text: &str) -> Value {
    let mut at = 0;
    let entry = |(number, line): (usize, &str)| {
        let start = at;
        at += line.chars().count() + 1;
        let reporter = line.split(' ').nth(1).unwrap_or_default();
        let roe = json!({"case_name": KNOWN[1], "absolute_url": "/opinion/108713/roe-v-wade/", "date_filed": "1973-01-22"});
        let other = json!({"case_name": "Other", "absolute_url": "/opinion/1/other/"});
        let (status, error, clusters) = match line {
            _ if number >= MOST => (429, "Too many citations requested.", json!([])),
            line if line == KNOWN[0] => (200, "", json!([roe])),
            SHARED => (300, "Multiple citations found.", json!([roe, other])),
            _ if REPORTERS.contains(&reporter) => (404, "Citation not found.", json!([])),
            _ => (400, "Unable to find reporter with abbreviation.", json!([])),
        };
        json!({
            "citation": line,
            "normalized_citations": [line],
            "start_index": start,
            "end_index": at - 1,
            "status": status,
            "error_message": error,
            "clusters": clusters,
        })
    };
    text.lines().enumerate().map(entry).collect()
}

/// The text of a form's field.
fn decoded(field: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = field.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex: Vec<u8> = rest.by_ref().take(2).collect();
                let hex = std::str::from_utf8(&hex).unwrap_or_default();
                u8::from_str_radix(hex, 16).unwrap_or(b'?')
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
