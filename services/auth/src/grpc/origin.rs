//! From where a call came, as its metadata says.

use std::net::IpAddr;

use elenchus_rpc::caller::REQUEST_ID;
use tonic::Request;

use crate::domain::Origin;

/// Set by the gateway, which alone knows the client's address.
const FORWARDED_FOR: &str = "x-forwarded-for";
const USER_AGENT: &str = "user-agent";
const MAX_USER_AGENT: usize = 256;

/// Reads the origin of a call.
pub(crate) fn of<T>(request: &Request<T>) -> Origin {
    let text = |name| request.metadata().get(name).and_then(|value| value.to_str().ok());
    Origin {
        address: address(request, text(FORWARDED_FOR)),
        user_agent: text(USER_AGENT).unwrap_or_default().chars().take(MAX_USER_AGENT).collect(),
        request_id: text(REQUEST_ID).unwrap_or_default().to_owned(),
    }
}

/// The client as the gateway names it, last in the list; else whoever holds the connection.
fn address<T>(request: &Request<T>, forwarded: Option<&str>) -> Option<IpAddr> {
    forwarded
        .and_then(|list| list.rsplit(',').next()?.trim().parse().ok())
        .or_else(|| Some(request.remote_addr()?.ip()))
}
