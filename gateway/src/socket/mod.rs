//! WebSockets of conversations: questions and wishes in, the events of answers out. The same
//! events as over server-sent events, made from the same methods.

mod credential;
mod frame;
mod handshake;
mod session;
mod streams;

use std::sync::Arc;

use elenchus_proto::pb::auth::v1::ticket_service_client::TicketServiceClient;
use elenchus_proto::pb::conversation::v1::conversation_service_client::ConversationServiceClient;
use elenchus_rpc::Transport;
use http::{HeaderValue, Request, Response};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Instrument;

use self::credential::Credential;
use self::session::Session;
use crate::accept::Held;
use crate::context::Context;
use crate::problem::Problem;
use crate::router::Edge;
use crate::transcode::Transcoder;

const STREAM_CHAT: &str = "elenchus.conversation.v1.ConversationService.StreamChat";
const REDEEM_TICKET: &str = "/elenchus.auth.v1.TicketService/RedeemTicket";
/// The largest message of a client.
const MOST_BYTES: usize = 64 << 10;
/// What is read of a larger one, so that there is still a connection to say so on.
const MOST_READ: usize = 4 * MOST_BYTES;

/// Where sockets are offered, and what stands behind them.
pub(crate) struct Sockets {
    prefix: String,
    /// The binding that reads questions and prints events.
    binding: usize,
    conversations: Transport,
    tickets: Transport,
}

impl Sockets {
    /// None where the services that sockets need are not there.
    pub(crate) fn find(transcoder: &Transcoder, api_prefix: &str) -> Option<Self> {
        let is_meant = |path: &str| path.ends_with("/chat/stream");
        let binding = transcoder
            .bindings
            .iter()
            .position(|binding| binding.rpc.full_name == STREAM_CHAT && is_meant(&binding.route))?;
        Some(Self {
            prefix: format!("{api_prefix}/chat/ws/"),
            binding,
            conversations: transcoder.bindings[binding].rpc.transport.clone(),
            tickets: transcoder.rpc(REDEEM_TICKET)?.transport.clone(),
        })
    }

    /// The conversation whose socket is at this path.
    pub(crate) fn conversation<'p>(&self, path: &'p str) -> Option<&'p str> {
        let id = path.strip_prefix(self.prefix.as_str())?;
        (!id.is_empty() && !id.contains('/')).then_some(id)
    }

    fn conversations(&self) -> ConversationServiceClient<Transport> {
        ConversationServiceClient::new(self.conversations.clone())
    }

    fn tickets(&self) -> TicketServiceClient<Transport> {
        TicketServiceClient::new(self.tickets.clone())
    }
}

/// Answers with a socket. Whoever may not use it is told so over the socket, since browsers show a
/// page nothing of an answer that is none.
pub(crate) fn answer(
    edge: &Arc<Edge>,
    context: &Context,
    conversation_id: &str,
    mut request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    handshake::check(edge, &request)?;
    let credential = Credential::of(edge, &request);
    let response = handshake::accept(&request, credential.is_by_protocol());
    let upgrade = hyper::upgrade::on(&mut request);
    let held = request.extensions_mut().remove::<Held>();
    let (opened, conversation_id) = (Arc::clone(edge), conversation_id.to_owned());
    let context = context.clone();
    let serve = async move {
        // Kept until the socket is closed: it is still a connection.
        let _held = held;
        let Ok(upgraded) = upgrade.await else { return };
        let config = WebSocketConfig::default()
            .max_message_size(Some(MOST_READ))
            .max_frame_size(Some(MOST_READ));
        let io = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        match credential.authorization(&opened, &context).await {
            Ok(authorization) => {
                Session::run(opened, context, conversation_id, authorization, socket).await;
            }
            Err(status) => session::refuse(socket, refusal(&status)).await,
        }
    };
    edge.shutdown.spawn(serve.instrument(tracing::info_span!("socket")));
    Ok(response)
}

/// What the calls of a socket are made with.
#[derive(Clone)]
pub(super) struct Authorization(HeaderValue);

/// How a socket is closed on whoever may not use it.
fn refusal(status: &Status) -> CloseFrame {
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => {
            close(CloseCode::Policy, "Authentication failed")
        }
        Code::NotFound => close(CloseCode::Policy, "Conversation not found"),
        _ => close(CloseCode::Again, "try again in a moment"),
    }
}

fn close(code: CloseCode, reason: &'static str) -> CloseFrame {
    CloseFrame { code, reason: reason.into() }
}
