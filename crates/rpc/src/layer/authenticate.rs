//! Who may call what: the method's options say it, and this layer holds to it. The gateway is not
//! trusted to have done so.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use elenchus_proto::pb::rpc::v1::Access;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::caller::{Caller, UserId, request_id};
use crate::deadline::Deadline;
use crate::layer::deadline::UNARY;
use crate::method::{self, ANY_SCOPE, Method};
use crate::session::{Authority, Credential, SharedSessions};
use crate::status::with_reason;
use crate::tls;
use crate::token::{Keys, OpaqueToken, Rejected};

/// The header in which a service says which service it is.
pub const SERVICE_TOKEN: &str = "x-elenchus-service";
/// The name by which the gateway calls. It speaks for clients: it alone knows their addresses, and
/// what services do among themselves is not for it.
pub const GATEWAY: &str = "gateway";
/// Where the client is. Believed when the gateway says it.
const FORWARDED_FOR: &str = "x-forwarded-for";

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
    let peer = match guard.peer(&request) {
        Ok(peer) => peer,
        Err(refusal) => return super::refuse(&refusal),
    };
    if peer.as_deref() != Some(GATEWAY) {
        request.headers_mut().remove(FORWARDED_FOR);
    }
    match guard.admit(method, peer, request.headers(), deadline).await {
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
    /// The service that makes the call. One that does not prove to be the service that it says it is
    /// gets nowhere.
    fn peer(&self, request: &Request) -> Result<Option<String>, Status> {
        let Some(token) = request.headers().get(SERVICE_TOKEN) else { return Ok(None) };
        let claims = token
            .to_str()
            .ok()
            .and_then(|token| self.keys.verify_service(token, self.service).ok());
        let claims = claims.ok_or_else(|| {
            unauthenticated(
                "SERVICE_TOKEN_INVALID",
                "the service token is not valid or has expired",
            )
        })?;
        if !tls::may_speak_as(request.extensions(), &claims.sub) {
            return Err(unauthenticated(
                "SERVICE_CERTIFICATE_INVALID",
                "the certificate of the connection does not name the service that calls",
            ));
        }
        Ok(Some(claims.sub))
    }

    /// The user who calls, where the method asks for one.
    async fn admit(
        &self,
        method: &Method,
        peer: Option<String>,
        headers: &HeaderMap,
        deadline: Deadline,
    ) -> Result<Option<Caller>, Status> {
        let service = peer.filter(|peer| peer != GATEWAY);
        let needs_service = matches!(method.access, Access::Service | Access::OnBehalf);
        if needs_service && service.is_none() {
            return Err(unauthenticated(
                "NOT_A_SERVICE",
                "only services of the mesh may call this method",
            ));
        }
        match method.access {
            Access::Public | Access::Service => Ok(None),
            Access::User | Access::Superuser | Access::OnBehalf => {
                let caller = self.identify(service, headers, deadline).await?;
                admit(method, &caller.authority)?;
                Ok(Some(caller))
            }
            Access::Unspecified => Err(Status::permission_denied("nobody may call this method")),
        }
    }

    /// The user by their own token, or by one that lets a program or a service act for them.
    async fn identify(
        &self,
        service: Option<String>,
        headers: &HeaderMap,
        deadline: Deadline,
    ) -> Result<Caller, Status> {
        let value = headers.get(AUTHORIZATION).ok_or_else(|| {
            unauthenticated("TOKEN_MISSING", "sign in first: the call carries no access token")
        })?;
        let token = value.to_str().ok().and_then(bearer).ok_or_else(invalid)?;
        let (authority, session_id) = match OpaqueToken::parse(token) {
            Some(token) => (self.by_opaque_token(&token, service.as_deref()).await?, None),
            None => {
                let (authority, session) = self.by_access_token(token).await?;
                (authority, Some(session))
            }
        };
        Ok(Caller {
            user_id: authority.user_id,
            session_id,
            authority,
            service,
            deadline,
            credential: credential(value)?,
            request_id: request_id(headers),
        })
    }

    async fn by_access_token(&self, token: &str) -> Result<(Authority, Uuid), Status> {
        let claims = self.keys.verify_access(token).await.map_err(|rejected| match rejected {
            Rejected::Invalid => invalid(),
            Rejected::KeysUnavailable => {
                with_reason(Code::Unavailable, "KEYS_UNAVAILABLE", rejected.to_string())
            }
        })?;
        let authority = self.sessions.authority(Credential::Session(claims.sid)).await?;
        let authority = authority.ok_or_else(|| {
            unauthenticated("SESSION_ENDED", "the session has ended; sign in again")
        })?;
        if authority.user_id != UserId(claims.sub) {
            return Err(invalid());
        }
        Ok((authority, claims.sid))
    }

    async fn by_opaque_token(
        &self,
        token: &OpaqueToken,
        service: Option<&str>,
    ) -> Result<Authority, Status> {
        let authority = self.sessions.authority(Credential::Token(token.hash())).await?;
        // A grant in other hands than those it was given to is no grant.
        authority
            .filter(|authority| authority.actor.is_none() || authority.actor.as_deref() == service)
            .ok_or_else(invalid)
    }
}

/// Whether a user's rights, and those of the token, are enough for a method.
fn admit(method: &Method, authority: &Authority) -> Result<(), Status> {
    if method.access == Access::Superuser && !authority.is_superuser {
        return Err(denied("ROLE_REQUIRED", "only superusers may do this".to_owned()));
    }
    if let Some(role) = method.role.as_deref().filter(|role| !authority.has_role(role)) {
        let message = format!("only users with the role {role:?} may do this");
        return Err(denied("ROLE_REQUIRED", message));
    }
    match method.scope.as_deref() {
        _ if authority.scopes.is_none() => Ok(()),
        Some(scope) if scope == ANY_SCOPE || authority.has_scope(scope) => Ok(()),
        Some(scope) => {
            let message = format!("the token lacks the scope {scope:?}; make one that has it");
            Err(denied("SCOPE_REQUIRED", message))
        }
        None => {
            let message = "no token with limited rights may do this; sign in".to_owned();
            Err(denied("SCOPE_REQUIRED", message))
        }
    }
}

fn denied(reason: &str, message: String) -> Status {
    with_reason(Code::PermissionDenied, reason, message)
}

fn unauthenticated(reason: &str, message: &str) -> Status {
    with_reason(Code::Unauthenticated, reason, message)
}

fn invalid() -> Status {
    unauthenticated("TOKEN_INVALID", "the access token is not valid or has expired")
}

fn credential(value: &HeaderValue) -> Result<MetadataValue<tonic::metadata::Ascii>, Status> {
    let mut credential = MetadataValue::try_from(value.as_bytes()).map_err(|_| invalid())?;
    credential.set_sensitive(true);
    Ok(credential)
}

/// The token of `Bearer <token>`; the scheme's case does not matter.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use elenchus_proto::pb::rpc::v1::IdempotencyKey;

    use super::*;

    fn method(access: Access, role: Option<&str>, scope: Option<&str>) -> Method {
        Method {
            access,
            role: role.map(str::to_owned),
            scope: scope.map(str::to_owned),
            is_server_streaming: false,
            is_client_streaming: false,
            is_idempotent: false,
            idempotency_key: IdempotencyKey::Unspecified,
        }
    }

    #[test]
    fn a_role_that_is_too_low_is_denied_and_a_superuser_has_every_role() {
        let plain = Authority::of_user(UserId(Uuid::now_v7()));
        let auditor = Authority { roles: ["auditor".to_owned()].into(), ..plain.clone() };
        let superuser = Authority { is_superuser: true, ..plain.clone() };
        for (access, role, admitted) in [
            (Access::User, None, [true, true, true]),
            (Access::User, Some("auditor"), [false, true, true]),
            (Access::User, Some("audit"), [false, false, true]),
            (Access::Superuser, None, [false, false, true]),
        ] {
            let method = method(access, role, None);
            for (authority, is_admitted) in [&plain, &auditor, &superuser].into_iter().zip(admitted)
            {
                let answer = admit(&method, authority);
                assert_eq!(answer.is_ok(), is_admitted, "{method:?} {authority:?}");
                assert!(answer.err().is_none_or(|status| status.code() == Code::PermissionDenied));
            }
        }
    }

    #[test]
    fn a_token_with_limited_rights_opens_what_its_scopes_name_even_for_a_superuser() {
        let user = Authority { is_superuser: true, ..Authority::of_user(UserId(Uuid::now_v7())) };
        let limited = Authority { scopes: Some(["a.read".to_owned()].into()), ..user.clone() };
        for (scope, is_admitted) in [
            (Some("a.read"), true),
            (Some("a.write"), false),
            (Some(ANY_SCOPE), true),
            (None, false),
        ] {
            let method = method(Access::Superuser, None, scope);
            assert!(admit(&method, &user).is_ok());
            assert_eq!(admit(&method, &limited).is_ok(), is_admitted, "{scope:?}");
        }
    }
}
