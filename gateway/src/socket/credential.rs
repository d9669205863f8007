//! How a socket says who opens it: pages cannot send an `Authorization` header with one.

use elenchus_proto::pb::auth::v1::RedeemTicketRequest;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderValue, Request};
use tonic::body::Body;
use tonic::{Code, Status};

use super::handshake::BEARER;
use super::{Authorization, streams};
use crate::context::Context;
use crate::router::Edge;
use crate::transcode::query::pairs;

/// What a socket was opened with.
pub(super) enum Credential {
    /// `Sec-WebSocket-Protocol: bearer, <token>`.
    Protocol(String),
    /// `Authorization: Bearer <token>`, or `?token=` where that is allowed.
    Token(String),
    /// `?ticket=`, made for this socket alone.
    Ticket(String),
    /// Nothing.
    None,
}

impl Credential {
    pub(super) fn of(edge: &Edge, request: &Request<Body>) -> Self {
        let headers = request.headers();
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        if let Some(protocols) = headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(text) {
            let mut protocols = protocols.split(',').map(str::trim);
            if let (Some(BEARER), Some(token)) = (protocols.next(), protocols.next()) {
                return Self::Protocol(token.to_owned());
            }
        }
        if let Some(value) = headers.get(AUTHORIZATION).and_then(text)
            && let Some((scheme, token)) = value.split_once(' ')
            && scheme.eq_ignore_ascii_case("bearer")
        {
            return Self::Token(token.trim().to_owned());
        }
        for (name, value) in pairs(request.uri().query().unwrap_or_default()) {
            match (name.as_deref(), value) {
                (Some("ticket"), Some(ticket)) => return Self::Ticket(ticket),
                (Some("token"), Some(token)) if edge.settings.websocket_query_token => {
                    return Self::Token(token);
                }
                _ => {}
            }
        }
        Self::None
    }

    pub(super) fn is_by_protocol(&self) -> bool {
        matches!(self, Self::Protocol(_))
    }

    /// What the calls of the socket are made with. A ticket is traded for it, once.
    pub(super) async fn authorization(
        self,
        edge: &Edge,
        context: &Context,
    ) -> Result<Authorization, Status> {
        let token = match self {
            Self::Protocol(token) | Self::Token(token) => token,
            Self::Ticket(ticket) => redeem(edge, context, ticket).await?,
            Self::None => return Err(Status::unauthenticated("sign in first")),
        };
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Status::unauthenticated("the access token is not valid"))?;
        value.set_sensitive(true);
        Ok(Authorization(value))
    }
}

async fn redeem(edge: &Edge, context: &Context, ticket: String) -> Result<String, Status> {
    let sockets = edge.sockets.as_ref();
    let sockets = sockets.ok_or_else(|| Status::new(Code::Unimplemented, "no tickets here"))?;
    let budget = edge.settings.limits.request;
    let request = streams::request(context, None, budget, RedeemTicketRequest { ticket });
    let answer = sockets.tickets().redeem_ticket(request).await?;
    Ok(answer.into_inner().access_token)
}
