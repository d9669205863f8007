//! Who is calling, and calls made on: with the same user's rights, less time, the same request id.

use std::time::Duration;

use http::HeaderMap;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Status};
use uuid::Uuid;

use crate::deadline::Deadline;
use crate::session::Authority;

/// The header that follows one request through the mesh.
pub const REQUEST_ID: &str = "x-request-id";

/// A user's id. Handed out by the auth service alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub Uuid);

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The user for whom a call is made, proved by the authenticate layer.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// The session of the user's token. None where a service acts for the user.
    pub session_id: Option<Uuid>,
    /// What the user may do beyond using their own data.
    pub authority: Authority,
    /// By when the call must have been answered.
    pub deadline: Deadline,
    credential: Credential,
    request_id: Option<MetadataValue<Ascii>>,
}

#[derive(Clone)]
enum Credential {
    /// Passed on, so that the peer checks it again.
    Token(MetadataValue<Ascii>),
    /// The next call is signed by this service, for the same user.
    Service,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token",
            Self::Service => "Service",
        })
    }
}

/// Asks the peer's transport to sign for this user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActingFor(pub(crate) UserId);

impl Caller {
    /// The caller of a method that only users, or services acting for them, may call.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Status::unauthenticated("sign in first"))
    }

    pub(crate) fn by_token(
        authority: Authority,
        session_id: Uuid,
        deadline: Deadline,
        headers: &HeaderMap,
        token: MetadataValue<Ascii>,
    ) -> Self {
        Self {
            user_id: authority.user_id,
            session_id: Some(session_id),
            authority,
            deadline,
            credential: Credential::Token(token),
            request_id: request_id(headers),
        }
    }

    pub(crate) fn by_service(user_id: UserId, deadline: Deadline, headers: &HeaderMap) -> Self {
        Self {
            user_id,
            session_id: None,
            authority: Authority::of_user(user_id),
            deadline,
            credential: Credential::Service,
            request_id: request_id(headers),
        }
    }

    /// A call to a peer within this call: the same user, the time that is left.
    pub fn request<T>(&self, message: T) -> Request<T> {
        self.request_within(self.deadline.remaining(), message)
    }

    /// As [`Caller::request`], for a call that may outlive this one.
    pub fn request_within<T>(&self, budget: Duration, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(budget);
        match &self.credential {
            Credential::Token(token) => {
                request.metadata_mut().insert("authorization", token.clone());
            }
            Credential::Service => {
                request.extensions_mut().insert(ActingFor(self.user_id));
            }
        }
        if let Some(id) = &self.request_id {
            request.metadata_mut().insert(REQUEST_ID, id.clone());
        }
        request
    }
}

fn request_id(headers: &HeaderMap) -> Option<MetadataValue<Ascii>> {
    MetadataValue::try_from(headers.get(REQUEST_ID)?.as_bytes()).ok()
}

/// A call that this service makes for a user who is not waiting, such as a step of a workflow.
pub fn on_behalf_of<T>(user_id: UserId, budget: Duration, message: T) -> Request<T> {
    let mut request = as_service(budget, message);
    request.extensions_mut().insert(ActingFor(user_id));
    request
}

/// A call that this service makes for itself.
pub fn as_service<T>(budget: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(budget);
    request
}
