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
    /// The session of the user's token. None where a program or a service acts for the user.
    pub session_id: Option<Uuid>,
    /// What the user may do beyond using their own data, and what the call's token is limited to.
    pub authority: Authority,
    /// The service that makes the call, where it is another than the gateway.
    pub service: Option<String>,
    /// By when the call must have been answered.
    pub deadline: Deadline,
    /// Passed on, so that the peer checks it again. Marked as sensitive, so it does not print.
    pub(crate) credential: MetadataValue<Ascii>,
    pub(crate) request_id: Option<MetadataValue<Ascii>>,
}

impl Caller {
    /// The caller of a method that only users, or services acting for them, may call.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Status::unauthenticated("sign in first"))
    }

    /// A call to a peer within this call: the same user, the time that is left.
    pub fn request<T>(&self, message: T) -> Request<T> {
        self.request_within(self.deadline.remaining(), message)
    }

    /// The caller's own leave, for as long as somebody else may have to carry the call on.
    pub fn leave(&self) -> Grant {
        Grant(self.credential.clone())
    }

    /// As [`Caller::request`], for a call that may outlive this one.
    pub fn request_within<T>(&self, budget: Duration, message: T) -> Request<T> {
        let mut request = as_service(budget, message);
        request.metadata_mut().insert("authorization", self.credential.clone());
        if let Some(id) = &self.request_id {
            request.metadata_mut().insert(REQUEST_ID, id.clone());
        }
        request
    }
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<MetadataValue<Ascii>> {
    MetadataValue::try_from(headers.get(REQUEST_ID)?.as_bytes()).ok()
}

/// Leave to act for a user who is not waiting: given by auth to one service, for some methods and some
/// time, or else what the user's own call has shown. It ends before its time when the account does. Does
/// not print.
#[derive(Debug, Clone)]
pub struct Grant(MetadataValue<Ascii>);

impl Grant {
    /// Reads a grant as auth gives it and as it is stored. `None` where it is none.
    pub fn parse(token: &str) -> Option<Self> {
        let mut credential = MetadataValue::try_from(format!("Bearer {token}")).ok()?;
        credential.set_sensitive(true);
        (!token.is_empty()).then_some(Self(credential))
    }

    /// The token as [`Grant::parse`] reads it, to be stored sealed.
    pub fn expose(&self) -> &str {
        let credential = self.0.to_str().unwrap_or_default();
        credential.split_once(' ').map_or("", |(_, token)| token.trim())
    }
}

/// A call that this service makes for a user who is not waiting, such as a step of a workflow.
pub fn on_behalf_of<T>(grant: &Grant, budget: Duration, message: T) -> Request<T> {
    let mut request = as_service(budget, message);
    request.metadata_mut().insert("authorization", grant.0.clone());
    request
}

/// A call that this service makes for itself.
pub fn as_service<T>(budget: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(budget);
    request
}
