//! Who may call an operation, as OpenAPI says it.

use elenchus_proto::pb::rpc::v1::Access;
use elenchus_rpc::method;
use prost_reflect::MethodDescriptor;
use serde_json::{Value, json};

/// Those whom the installation lets administer it. They have every role.
const SUPERUSER: &str = "superuser";

/// The kinds of credentials.
pub(super) fn schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of somebody who signed in. An operation names the role that it demands.",
        },
        "api_token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that a user made for a program, `elk_…`. An operation names the scope that \
                            opens it; one that names none is closed to tokens.",
        },
    })
}

/// The credentials that open a method, any one of them: a session, or a token with the right scope.
pub(super) fn of(method: &MethodDescriptor) -> Value {
    let method = method::of(method);
    let role = match method.access {
        Access::Public => return json!([]),
        Access::Superuser => Some(SUPERUSER),
        Access::User | Access::Service | Access::OnBehalf | Access::Unspecified => {
            method.role.as_deref()
        }
    };
    let mut credentials = vec![json!({"bearer": Vec::from_iter(role)})];
    credentials.extend(method.scope.map(|scope| json!({"api_token": [scope]})));
    credentials.into()
}
