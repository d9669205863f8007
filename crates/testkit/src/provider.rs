//! A stand-in for model providers: both wire protocols on loopback, for answers and for vectors, well or
//! badly behaved by name.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::embeddings;
use crate::gullible::{self, Order};
use crate::listener::{Listener, read};

/// How the stand-in behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Says [`WORDS`], and what it cost.
    Well,
    /// Answers with this status, and with `Retry-After` where seconds are given.
    Status(u16, Option<u64>),
    /// Fails so many times with 503, then answers well.
    Recovers(usize),
    /// Takes no more requests for so many seconds, then answers well.
    Throttles(u64),
    /// Takes the request and says nothing.
    Hang,
    /// Sends the head of an answer and nothing more.
    HangAfterHead,
    /// Says some words and nothing more.
    HangAfterWords,
    /// Says this and nothing more.
    HangAfter(&'static str),
    /// Closes the connection after so many bytes of the answer.
    CutAt(usize),
    /// One byte at a time.
    SlowChunks,
    /// A page where events are expected.
    NotJson,
    /// An event that is no JSON.
    BrokenEvent,
    /// Ends well without a word.
    Silent,
    /// Says only what it thinks, which is no answer, and ends well.
    OnlyThinks,
    /// Only calls a tool that nobody offered.
    OnlyCalls,
    /// Says [`WORDS`], and that it may say no more.
    CutOff,
    /// The largest counts that numbers of 32 bits hold.
    HugeUsage,
    /// Counts that cannot be, or vectors of a length that cannot be.
    WrongUsage,
    /// Fifty million bytes.
    Endless,
    /// Its own rules forbid the answer.
    Blocked,
    /// Says the time in microseconds, so many times, so far apart.
    Clock(usize, Duration),
    /// Obeys every order in the texts that it is given, the sources among them: a line `SAY: …` is said,
    /// with the question in the place of `{question}`, and a line `CALL: …` becomes the call of a tool.
    Gullible,
}

/// What the stand-in says, in pieces.
pub const WORDS: [&str; 5] = ["The ", "tenant ", "pays ", "the ", "rent."];

/// A provider that listens.
pub struct Provider {
    listener: Listener,
    state: Arc<State>,
}

struct State {
    mode: Mutex<Mode>,
    calls: Mutex<Vec<String>>,
    open: std::sync::atomic::AtomicUsize,
}

impl Provider {
    /// Begins to listen on a free port.
    pub async fn start(mode: Mode) -> Self {
        let state = Arc::new(State {
            mode: Mutex::new(mode),
            calls: Mutex::default(),
            open: Default::default(),
        });
        let served = Arc::clone(&state);
        let listener = Listener::start(move |stream| answer(stream, Arc::clone(&served))).await;
        Self { listener, state }
    }

    /// Behaves so from the next request on.
    pub fn behave(&self, mode: Mode) {
        *self.state.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// What `OPENAI_BASE_URL` would be.
    pub fn openai_url(&self) -> String {
        format!("{}/v1", self.listener.url())
    }

    /// What `GOOGLE_BASE_URL` would be.
    pub fn google_url(&self) -> String {
        self.listener.url().to_owned()
    }

    /// The requests that came, each with its head.
    pub fn calls(&self) -> Vec<String> {
        self.state.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connections on which an answer is under way.
    pub fn open(&self) -> usize {
        self.state.open.load(std::sync::atomic::Ordering::SeqCst)
    }
}

/// Answers one request; every answer closes its connection.
async fn answer(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = read(&mut stream).await else { return };
    let failures = {
        let mut calls = state.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(request.clone());
        calls.len()
    };
    let mode = state.mode.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mode = match mode {
        Mode::Recovers(times) if failures <= times => Mode::Status(503, None),
        Mode::Throttles(seconds) if failures == 1 => Mode::Status(429, Some(seconds)),
        Mode::Recovers(_) | Mode::Throttles(_) => Mode::Well,
        mode => mode,
    };
    state.open.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    let (mut reader, mut writer) = stream.split();
    let mut rest = [0; 64];
    tokio::select! {
        // Fails where the client has left, which is what some tests want.
        _ = act(&mut writer, mode, &request) => {}
        // A client that leaves closes its side.
        _ = reader.read(&mut rest) => {}
    }
    state.open.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

async fn act(
    out: &mut (impl AsyncWriteExt + Unpin),
    mode: Mode,
    request: &str,
) -> std::io::Result<()> {
    let protocol = Protocol::of(request);
    let words = || WORDS.iter().map(|word| protocol.word(word)).collect::<String>();
    let whole = || words() + &protocol.end(protocol.usage());
    let forever = Duration::from_secs(3600);
    match mode {
        Mode::Well | Mode::Recovers(_) | Mode::Throttles(_)
            if embeddings::are_asked_for(request) =>
        {
            out.write_all(embeddings::answer(request, 0).as_bytes()).await
        }
        Mode::WrongUsage if embeddings::are_asked_for(request) => {
            out.write_all(embeddings::answer(request, 1).as_bytes()).await
        }
        Mode::CutAt(bytes) if embeddings::are_asked_for(request) => {
            let whole = embeddings::answer(request, 0);
            out.write_all(&whole.as_bytes()[..bytes.min(whole.len())]).await
        }
        Mode::Well | Mode::Recovers(_) | Mode::Throttles(_) => {
            out.write_all(HEAD.as_bytes()).await?;
            for word in WORDS {
                out.write_all(protocol.word(word).as_bytes()).await?;
                out.flush().await?;
            }
            out.write_all(protocol.end(protocol.usage()).as_bytes()).await
        }
        Mode::Status(status, retry_after) => {
            let wait = retry_after.map(|wait| format!("retry-after: {wait}\r\n"));
            let body = r#"{"error": {"message": "a secret of the inside"}}"#;
            let head = format!(
                "HTTP/1.1 {status} X\r\n{}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                wait.unwrap_or_default(),
                body.len()
            );
            out.write_all(head.as_bytes()).await
        }
        Mode::Hang => {
            tokio::time::sleep(forever).await;
            Ok(())
        }
        Mode::HangAfterHead => {
            out.write_all(HEAD.as_bytes()).await?;
            tokio::time::sleep(forever).await;
            Ok(())
        }
        Mode::HangAfterWords => {
            out.write_all((HEAD.to_owned() + &words()).as_bytes()).await?;
            tokio::time::sleep(forever).await;
            Ok(())
        }
        Mode::HangAfter(text) => {
            out.write_all((HEAD.to_owned() + &protocol.words(text)).as_bytes()).await?;
            tokio::time::sleep(forever).await;
            Ok(())
        }
        Mode::CutAt(bytes) => {
            let whole = whole();
            out.write_all(HEAD.as_bytes()).await?;
            out.write_all(&whole.as_bytes()[..bytes.min(whole.len())]).await
        }
        Mode::SlowChunks => {
            out.write_all(HEAD.as_bytes()).await?;
            for byte in whole().as_bytes() {
                out.write_all(&[*byte]).await?;
                out.flush().await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        }
        Mode::NotJson => {
            let page = "<html>Bad gateway</html>";
            out.write_all(format!("{HEAD}{page}").as_bytes()).await
        }
        Mode::BrokenEvent => out.write_all(format!("{HEAD}data: {{oops\n\n").as_bytes()).await,
        Mode::WrongUsage => {
            let usage = r#"{"prompt_tokens":"many","completion_tokens":-5,"promptTokenCount":"many","candidatesTokenCount":-5}"#;
            out.write_all((HEAD.to_owned() + &words() + &protocol.end(usage)).as_bytes()).await
        }
        Mode::Silent => {
            out.write_all((HEAD.to_owned() + &protocol.end(protocol.usage())).as_bytes()).await
        }
        Mode::OnlyThinks => {
            let said = protocol.thought() + &protocol.end(protocol.usage());
            out.write_all((HEAD.to_owned() + &said).as_bytes()).await
        }
        Mode::OnlyCalls => {
            let said = protocol.call("https://example.com") + &protocol.end(protocol.usage());
            out.write_all((HEAD.to_owned() + &said).as_bytes()).await
        }
        Mode::CutOff => {
            let said = words() + &protocol.ended(protocol.cut_off(), protocol.usage());
            out.write_all((HEAD.to_owned() + &said).as_bytes()).await
        }
        Mode::HugeUsage => {
            let usage = r#"{"prompt_tokens":2147483647,"completion_tokens":2147483647,"promptTokenCount":2147483647,"candidatesTokenCount":2147483647}"#;
            out.write_all((HEAD.to_owned() + &words() + &protocol.end(usage)).as_bytes()).await
        }
        Mode::Endless => {
            out.write_all(HEAD.as_bytes()).await?;
            let piece = protocol.word(&"word ".repeat(2_000));
            for _ in 0..5_000 {
                out.write_all(piece.as_bytes()).await?;
            }
            out.write_all(protocol.end(protocol.usage()).as_bytes()).await
        }
        Mode::Blocked => {
            out.write_all((HEAD.to_owned() + &words() + protocol.blocked()).as_bytes()).await
        }
        Mode::Clock(times, pause) => {
            out.write_all(HEAD.as_bytes()).await?;
            for _ in 0..times {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                out.write_all(protocol.word(&format!("{} ", now.as_micros())).as_bytes()).await?;
                tokio::time::sleep(pause).await;
            }
            out.write_all(protocol.end(protocol.usage()).as_bytes()).await
        }
        Mode::Gullible => {
            out.write_all(HEAD.as_bytes()).await?;
            for order in gullible::orders(request) {
                let event = match order {
                    Order::Say(text) => protocol.words(&text),
                    Order::Call(address) => protocol.call(&address),
                };
                out.write_all(event.as_bytes()).await?;
            }
            out.write_all(protocol.end(protocol.usage()).as_bytes()).await
        }
    }
}

/// Which provider is asked.
#[derive(Clone, Copy)]
enum Protocol {
    OpenAi,
    Gemini,
}

impl Protocol {
    fn of(request: &str) -> Self {
        if request.contains(":streamGenerateContent") { Self::Gemini } else { Self::OpenAi }
    }

    fn word(self, word: &str) -> String {
        match self {
            Self::OpenAi => {
                format!(
                    "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n"
                )
            }
            Self::Gemini => format!(
                "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{word}\"}}],\"role\":\"model\"}}}}]}}\r\n\r\n"
            ),
        }
    }

    /// A text in pieces that respect nothing in it.
    fn words(self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let piece = |piece: &[char]| {
            let json = serde_json::Value::String(piece.iter().collect()).to_string();
            self.word(&json[1..json.len() - 1])
        };
        chars.chunks(3).map(piece).collect()
    }

    /// The call of a tool that nobody offered.
    fn call(self, address: &str) -> String {
        let arguments = serde_json::json!({"url": address});
        match self {
            Self::OpenAi => {
                let function =
                    serde_json::json!({"name": "fetch", "arguments": arguments.to_string()});
                let call = serde_json::json!({"index": 0, "id": "1", "type": "function", "function": function});
                format!(
                    "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n"
                )
            }
            Self::Gemini => {
                let call =
                    serde_json::json!({"functionCall": {"name": "fetch", "args": arguments}});
                format!("data: {{\"candidates\":[{{\"content\":{{\"parts\":[{call}]}}}}]}}\r\n\r\n")
            }
        }
    }

    fn usage(self) -> &'static str {
        match self {
            Self::OpenAi => {
                r#"{"prompt_tokens":120,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":100},"completion_tokens_details":{"reasoning_tokens":4}}"#
            }
            Self::Gemini => {
                r#"{"promptTokenCount":120,"candidatesTokenCount":5,"cachedContentTokenCount":100,"thoughtsTokenCount":4}"#
            }
        }
    }

    fn end(self, usage: &str) -> String {
        let well = match self {
            Self::OpenAi => "stop",
            Self::Gemini => "STOP",
        };
        self.ended(well, usage)
    }

    fn cut_off(self) -> &'static str {
        match self {
            Self::OpenAi => "length",
            Self::Gemini => "MAX_TOKENS",
        }
    }

    fn ended(self, reason: &str, usage: &str) -> String {
        match self {
            // Some servers say with every event that nothing is wrong.
            Self::OpenAi => format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"{reason}\"}}],\"error\":null}}\n\n\
                 data: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n"
            ),
            Self::Gemini => format!(
                "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"\"}}]}},\"finishReason\":\"{reason}\"}}],\"usageMetadata\":{usage}}}\r\n\r\n"
            ),
        }
    }

    fn thought(self) -> String {
        match self {
            Self::OpenAi => {
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"Hm.\"}}]}\n\n".to_owned()
            }
            Self::Gemini => {
                "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hm.\",\"thought\":true}]}}]}\r\n\r\n".to_owned()
            }
        }
    }

    fn blocked(self) -> &'static str {
        match self {
            Self::OpenAi => {
                "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n"
            }
            Self::Gemini => "data: {\"candidates\":[{\"finishReason\":\"SAFETY\"}]}\r\n\r\n",
        }
    }
}
