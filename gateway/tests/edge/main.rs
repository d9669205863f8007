//! The gateway over HTTP and gRPC, in front of services that only record and repeat.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod connections;
mod contract;
mod edge_rows;
mod grpc;
mod json;
mod limits;
mod oidc_redirect;
mod openapi;
mod refresh_cookie;
mod services;
mod streams;
mod support;
