//! The life of one socket. It reads while it writes, so that a stop is heard while an answer is
//! streamed, and lets the client's slowness reach the model.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use elenchus_proto::pb::conversation::v1 as pb;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, interval, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tonic::metadata::AsciiMetadataValue;

use super::frame::{self, Frame};
use super::streams::{Calls, Said, Tag, is_last};
use super::{Authorization, MOST_BYTES, Sockets, close, refusal};
use crate::context::Context;
use crate::problem::Problem;
use crate::router::Edge;

/// Frames that wait for the client. Few, so that a slow client slows the model.
const WAITING: usize = 16;
/// Questions of one socket that are answered at once.
const MOST_QUESTIONS: usize = 4;
/// Signs of life that a client may miss.
const MOST_MISSED: u32 = 3;
const GOOD_BYE: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// One open socket.
pub(super) struct Session {
    edge: Arc<Edge>,
    context: Context,
    /// What the rate of questions is counted by.
    counted_by: HeaderMap,
    calls: Calls,
    frames: mpsc::Sender<Message>,
    said: mpsc::Receiver<Said>,
    tasks: JoinSet<()>,
    last_tag: Tag,
    /// Questions whose answers have not ended.
    asking: HashSet<Tag>,
    /// Of those, the ones whose answers have no id yet.
    unnamed: HashSet<Tag>,
    /// Which task shows an answer. Kept after its end, so that no window shows it twice.
    shown_by: HashMap<String, Tag>,
    /// Answers that may be our own, until it is known.
    heard: Vec<String>,
    missed: u32,
    drained: Option<Instant>,
}

/// Closes a socket on a client who may not use it.
pub(super) async fn refuse(mut socket: Socket, why: CloseFrame) {
    let _ = timeout(GOOD_BYE, say_good_bye(&mut socket, why)).await;
}

/// Closes, and reads what comes until the client has closed too: an unread frame would reset the
/// connection, and take the reason with it.
async fn say_good_bye(socket: &mut Socket, why: CloseFrame) {
    if socket.close(Some(why)).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

impl Session {
    /// Serves a socket until either side has had enough.
    pub(super) async fn run(
        edge: Arc<Edge>,
        context: Context,
        conversation_id: String,
        authorization: Authorization,
        socket: Socket,
    ) {
        let Some(sockets) = &edge.sockets else { return };
        let (sender, said) = mpsc::channel(WAITING);
        let limits = &edge.settings.limits;
        let mut counted_by = HeaderMap::new();
        counted_by.insert(header::AUTHORIZATION, authorization.0.clone());
        let calls = Calls {
            client: sockets.conversations(),
            context: context.clone(),
            authorization,
            conversation_id,
            budgets: (limits.request, limits.stream),
            said: sender,
        };
        if let Err(status) = calls.check().await {
            return refuse(socket, refusal(&status)).await;
        }
        metrics::gauge!("websocket_open").increment(1.0);
        let (sink, mut incoming) = socket.split();
        let (frames, waiting) = mpsc::channel(WAITING);
        let mut tasks = JoinSet::new();
        // Before anything is answered: whoever got an answer is shown every answer that begins after it.
        let starts = calls.starts(0).await;
        tasks.spawn(calls.clone().hear(starts));
        tasks.spawn(calls.clone().keep_checking());
        let mut writer = JoinSet::new();
        writer.spawn(write(sink, waiting));
        let mut session = Self {
            edge: Arc::clone(&edge),
            context,
            counted_by,
            calls,
            frames,
            said,
            tasks,
            last_tag: 0,
            asking: HashSet::new(),
            unnamed: HashSet::new(),
            shown_by: HashMap::new(),
            heard: Vec::new(),
            missed: 0,
            drained: None,
        };
        let why = session.serve(&mut incoming).await;
        // Dropped first: whoever leaves stops their answers, however slowly they say good-bye.
        session.tasks.shutdown().await;
        let said = async {
            if let Some(why) = why
                && session.frames.send(Message::Close(Some(why))).await.is_ok()
            {
                while let Some(Ok(_)) = incoming.next().await {}
            }
        };
        let _ = timeout(GOOD_BYE, said).await;
        metrics::gauge!("websocket_open").decrement(1.0);
    }

    /// Returns why the socket is to be closed; None when the client has closed it.
    async fn serve(
        &mut self,
        incoming: &mut (impl StreamExt<Item = Result<Message, Error>> + Unpin),
    ) -> Option<CloseFrame> {
        let edge = Arc::clone(&self.edge);
        let mut beat: Interval = interval(edge.settings.limits.heartbeat);
        beat.tick().await;
        loop {
            let never = Instant::now() + Duration::from_secs(3600);
            let why = tokio::select! {
                message = incoming.next() => match message {
                    Some(Ok(message)) => self.heard_from_client(message).await,
                    Some(Err(error)) => return broken(&error),
                    None => return None,
                },
                said = next(&self.frames, &mut self.said) => match said {
                    Some(said) => self.pass_on(said).await,
                    None => return None,
                },
                _ = beat.tick() => self.beat(),
                () = edge.shutdown.stopping(), if self.drained.is_none() => {
                    self.drained = Some(Instant::now() + edge.settings.limits.drain);
                    None
                }
                () = sleep_until(self.drained.unwrap_or(never)), if self.drained.is_some() => {
                    Some(close(CloseCode::Restart, "the server is stopping; connect again"))
                }
            };
            if why.is_some() {
                return why;
            }
            if self.drained.is_some() && self.asking.is_empty() {
                return Some(close(CloseCode::Restart, "the server is stopping; connect again"));
            }
        }
    }

    fn beat(&mut self) -> Option<CloseFrame> {
        self.missed += 1;
        if self.missed > MOST_MISSED {
            return Some(close(CloseCode::Away, "no sign of life"));
        }
        // No room means that frames are on their way, and the next beat tries again.
        let _ = self.frames.try_send(Message::Ping(Bytes::new()));
        None
    }

    async fn heard_from_client(&mut self, message: Message) -> Option<CloseFrame> {
        self.missed = 0;
        if message.len() > MOST_BYTES {
            return Some(too_large());
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => {
                let problem = Problem::new(StatusCode::BAD_REQUEST, "a frame must be text");
                return self.reply(frame::error_frame("", &problem));
            }
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                return None;
            }
        };
        match self.act(&text).await {
            Ok(reply) => reply.and_then(|reply| self.reply(reply)),
            Err(problem) => self.reply(frame::error_frame("", &problem)),
        }
    }

    /// Does what a client wants.
    async fn act(&mut self, text: &str) -> Result<Option<String>, Problem> {
        let edge = Arc::clone(&self.edge);
        let sockets = edge.sockets.as_ref().ok_or_else(Problem::internal)?;
        match Frame::parse(&edge, sockets, &self.calls.conversation_id, text)? {
            Frame::Ping => return Ok(Some(frame::pong())),
            Frame::Question(question, key) => {
                edge.rate_limit.take(&self.context, &self.counted_by).await?;
                self.ask(*question, key)?;
            }
            Frame::Resume(wanted) => {
                edge.rate_limit.take(&self.context, &self.counted_by).await?;
                self.watch(wanted.generation_id, wanted.after_seq.max(0));
            }
            Frame::Stop(wanted) => {
                self.tasks.spawn(self.calls.clone().stop(wanted));
            }
        }
        Ok(None)
    }

    fn ask(
        &mut self,
        question: pb::StreamChatRequest,
        key: Option<AsciiMetadataValue>,
    ) -> Result<(), Problem> {
        if self.drained.is_some() {
            let detail = "the server is stopping; connect again";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
        }
        if self.asking.len() >= MOST_QUESTIONS {
            let detail = format!("at most {MOST_QUESTIONS} questions are answered at once");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
        }
        let tag = self.tag();
        self.asking.insert(tag);
        self.unnamed.insert(tag);
        self.tasks.spawn(self.calls.clone().ask(tag, question, key));
        Ok(())
    }

    /// Shows an answer from here on, whatever showed it before.
    fn watch(&mut self, generation_id: String, after_seq: i32) {
        let tag = self.tag();
        self.shown_by.insert(generation_id.clone(), tag);
        self.tasks.spawn(self.calls.clone().watch(tag, generation_id, after_seq));
    }

    fn tag(&mut self) -> Tag {
        self.last_tag += 1;
        self.last_tag
    }

    async fn pass_on(&mut self, said: Said) -> Option<CloseFrame> {
        let edge = Arc::clone(&self.edge);
        let sockets: &Sockets = edge.sockets.as_ref()?;
        match said {
            Said::Event(tag, event) => {
                if self.unnamed.contains(&tag) {
                    // Asked with a key that was used before, it is shown from its start once more.
                    self.shown_by.insert(event.generation_id.clone(), tag);
                }
                let by = *self.shown_by.entry(event.generation_id.clone()).or_insert(tag);
                self.is_named(tag);
                if is_last(&event) {
                    self.asking.remove(&tag);
                }
                if by == tag {
                    return self.show(frame::print(&edge, sockets, *event)).await;
                }
            }
            Said::Ended(tag, why) => {
                self.asking.remove(&tag);
                self.is_named(tag);
                let shown = self.shown_by.iter().find(|(_, by)| **by == tag);
                let id = shown.map(|(id, _)| id.clone()).unwrap_or_default();
                if let Some(status) = why {
                    self.shown_by.retain(|_, by| *by != tag);
                    return self.show(frame::refusal_frame(&id, &status)).await;
                }
            }
            Said::Started(id) => {
                self.heard.push(id);
                self.show_others();
            }
            Said::NotStopped(id, status) => {
                return self.show(frame::refusal_frame(&id, &status)).await;
            }
            Said::Over(status) => return Some(refusal(&status)),
        }
        None
    }

    /// A question's answer has an id, or will never have one.
    fn is_named(&mut self, tag: Tag) {
        if self.unnamed.remove(&tag) {
            self.show_others();
        }
    }

    /// Shows the answers that were asked for elsewhere.
    fn show_others(&mut self) {
        if self.unnamed.is_empty() {
            for id in std::mem::take(&mut self.heard) {
                if !self.shown_by.contains_key(&id) {
                    self.watch(id, 0);
                }
            }
        }
    }

    /// Puts a frame where there is room; the caller has waited for it.
    async fn show(&mut self, text: String) -> Option<CloseFrame> {
        // Fails only where the client is gone, which the next read tells.
        let _ = self.frames.send(Message::text(text)).await;
        None
    }

    /// Answers at once, or not at all: whoever asks without reading is closed on.
    fn reply(&mut self, text: String) -> Option<CloseFrame> {
        match self.frames.try_send(Message::text(text)) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => None,
            Err(mpsc::error::TrySendError::Full(_)) => {
                Some(close(CloseCode::Policy, "frames are sent faster than answers are read"))
            }
        }
    }
}

/// What a task says next, once there is room to show it.
async fn next(frames: &mpsc::Sender<Message>, said: &mut mpsc::Receiver<Said>) -> Option<Said> {
    let room = frames.reserve().await.ok()?;
    drop(room);
    said.recv().await
}

async fn write(mut sink: SplitSink<Socket, Message>, mut frames: mpsc::Receiver<Message>) {
    while let Some(frame) = frames.recv().await {
        if sink.send(frame).await.is_err() {
            return;
        }
    }
}

fn too_large() -> CloseFrame {
    close(CloseCode::Size, "a frame must be at most 64 KiB")
}

/// How a socket is closed on a client that breaks the protocol.
fn broken(error: &Error) -> Option<CloseFrame> {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(too_large()),
        Error::Utf8(_) => Some(close(CloseCode::Invalid, "a text frame must be UTF-8")),
        Error::Protocol(_) => Some(close(CloseCode::Protocol, "the frame is malformed")),
        _ => None,
    }
}
