//! Who may call what: the method's `access` option says it, and this layer holds to it. The
//! gateway is not trusted to have done so.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use elenchus_proto::pb::rpc::v1::Access;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::caller::{Caller, UserId};
use crate::deadline::Deadline;
use crate::layer::deadline::UNARY;
use crate::method::{self, Method};
use crate::session::{Authority, SharedSessions};
use crate::status::with_reason;
use crate::token::{Keys, Rejected, ServiceClaims};

/// The header in which a service says which service it is.
pub const SERVICE_TOKEN: &str = "x-elenchus-service";

/// What a service needs to know to let callers in.
#[derive(Clone)]
pub struct Guard {
    /// The service's own name, which service tokens must be made out to.
    pub service: &'static str,
    /// What tokens are checked with.
    pub keys: Keys,
    /// Which sessions are alive.
    pub sessions: SharedSessions,
}

/// Lets a call in or refuses it; tells the handler who calls.
pub async fn enforce(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    // Health and reflection need no caller.
    let Some(method) = method::find(request.uri().path()) else {
        return next.run(request).await;
    };
    let deadline = request.extensions().get().copied().unwrap_or_else(|| Deadline::after(UNARY));
    let admitted = match method.access {
        Access::Public => Ok(None),
        Access::User | Access::Superuser => {
            guard.user(method, request.headers(), deadline).await.map(Some)
        }
        Access::Service => guard.service(request.headers()).map(|_| None),
        Access::Unspecified => Err(Status::permission_denied("nobody may call this method")),
    };
    match admitted {
        Err(refusal) => super::refuse(&refusal),
        Ok(caller) => {
            if let Some(caller) = caller {
                tracing::Span::current().record("user.id", tracing::field::display(caller.user_id));
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
    }
}

impl Guard {
    /// The user by their own token, or the user for whom another service acts.
    async fn user(
        &self,
        method: &Method,
        headers: &HeaderMap,
        deadline: Deadline,
    ) -> Result<Caller, Status> {
        let caller = self.identify(headers, deadline).await?;
        admit(method, &caller.authority)?;
        Ok(caller)
    }

    async fn identify(&self, headers: &HeaderMap, deadline: Deadline) -> Result<Caller, Status> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return match self.service(headers) {
                Ok(ServiceClaims { act_for: Some(user), .. }) => {
                    Ok(Caller::by_service(UserId(user), deadline, headers))
                }
                Ok(ServiceClaims { act_for: None, .. }) | Err(_) => Err(unauthenticated(
                    "TOKEN_MISSING",
                    "sign in first: the call carries no access token",
                )),
            };
        };
        let invalid =
            || unauthenticated("TOKEN_INVALID", "the access token is not valid or has expired");
        let token = value.to_str().ok().and_then(bearer).ok_or_else(invalid)?;
        let claims = self.keys.verify_access(token).await.map_err(|rejected| match rejected {
            Rejected::Invalid => invalid(),
            Rejected::KeysUnavailable => {
                with_reason(Code::Unavailable, "KEYS_UNAVAILABLE", rejected.to_string())
            }
        })?;
        let authority = self.sessions.authority(claims.sid).await?.ok_or_else(|| {
            unauthenticated("SESSION_ENDED", "the session has ended; sign in again")
        })?;
        if authority.user_id != UserId(claims.sub) {
            return Err(invalid());
        }
        let mut credential = MetadataValue::try_from(value.as_bytes()).map_err(|_| invalid())?;
        credential.set_sensitive(true);
        Ok(Caller::by_token(authority, claims.sid, deadline, headers, credential))
    }

    fn service(&self, headers: &HeaderMap) -> Result<ServiceClaims, Status> {
        headers
            .get(SERVICE_TOKEN)
            .and_then(|value| value.to_str().ok())
            .and_then(|token| self.keys.verify_service(token, self.service).ok())
            .ok_or_else(|| {
                unauthenticated("NOT_A_SERVICE", "only services of the mesh may call this method")
            })
    }
}

/// Whether a user's rights are enough for a method.
fn admit(method: &Method, authority: &Authority) -> Result<(), Status> {
    if method.access == Access::Superuser && !authority.is_superuser {
        return Err(denied("only superusers may do this"));
    }
    match &method.role {
        Some(role) if !authority.has_role(role) => {
            Err(denied(format!("only users with the role {role:?} may do this")))
        }
        Some(_) | None => Ok(()),
    }
}

fn denied(message: impl Into<String>) -> Status {
    with_reason(Code::PermissionDenied, "ROLE_REQUIRED", message)
}

fn unauthenticated(reason: &str, message: &str) -> Status {
    with_reason(Code::Unauthenticated, reason, message)
}

/// The token of `Bearer <token>`; the scheme's case does not matter.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_role_that_is_too_low_is_denied_and_a_superuser_has_every_role() {
        let method = |access, role: Option<&str>| Method {
            access,
            role: role.map(str::to_owned),
            scope: None,
            is_server_streaming: false,
            is_client_streaming: false,
        };
        let plain = Authority::of_user(UserId(Uuid::now_v7()));
        let auditor = Authority { roles: ["auditor".to_owned()].into(), ..plain.clone() };
        let superuser = Authority { is_superuser: true, ..plain.clone() };
        for (access, role, admitted) in [
            (Access::User, None, [true, true, true]),
            (Access::User, Some("auditor"), [false, true, true]),
            (Access::User, Some("audit"), [false, false, true]),
            (Access::Superuser, None, [false, false, true]),
        ] {
            let method = method(access, role);
            for (authority, is_admitted) in [&plain, &auditor, &superuser].into_iter().zip(admitted)
            {
                let answer = admit(&method, authority);
                assert_eq!(answer.is_ok(), is_admitted, "{method:?} {authority:?}");
                assert!(answer.err().is_none_or(|status| status.code() == Code::PermissionDenied));
            }
        }
    }
}
