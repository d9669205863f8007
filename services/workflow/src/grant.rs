//! Leave to act for the owner of a run, who need not wait for it.

use std::time::Duration;

use elenchus_proto::pb::auth::v1::IssueGrantRequest;
use elenchus_proto::pb::auth::v1::token_service_client::TokenServiceClient;
use elenchus_rpc::{Caller, Transport};
use tonic::{Code, Status};

/// What steps call.
const SCOPES: [&str; 2] = ["assistant.use", "documents.read"];
/// Far longer than runs take, through outages too.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// Asks the auth service for it.
#[derive(Clone)]
pub(crate) struct Grants {
    auth: TokenServiceClient<Transport>,
}

impl Grants {
    /// Over a transport that signs as this service.
    pub(crate) fn new(auth: Transport) -> Self {
        Self { auth: TokenServiceClient::new(auth) }
    }

    /// Leave to act for a caller who starts a run.
    pub(crate) async fn ask(&self, caller: &Caller) -> Result<String, Status> {
        let message = IssueGrantRequest {
            scopes: SCOPES.map(str::to_owned).to_vec(),
            lifetime_seconds: i32::try_from(LIFETIME.as_secs()).unwrap_or(i32::MAX),
        };
        let answer = self.auth.clone().issue_grant(caller.request(message)).await;
        Ok(answer.map_err(refusal)?.into_inner().grant)
    }
}

/// What the caller's token lacks is the caller's to mend, and nothing else is.
fn refusal(status: Status) -> Status {
    if matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated) {
        return status;
    }
    tracing::warn!(code = ?status.code(), "the auth service gave no grant");
    Status::unavailable("workflows cannot be started right now")
}
