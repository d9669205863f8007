//! A walk over every method of the mesh with every kind of caller. It is driven by the descriptors,
//! so a new method joins by itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use elenchus_proto::DESCRIPTORS;
use elenchus_proto::pb::rpc::v1::Access;
use elenchus_rpc::layer::authenticate::{Guard, SERVICE_TOKEN};
use elenchus_rpc::session::{Authority, Credential, Sessions};
use elenchus_rpc::token::{Keys, OpaqueKind, OpaqueToken};
use elenchus_rpc::{Server, Shutdown, Transport, UserId, method};
use http::Request;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt;
use uuid::Uuid;

const LIFETIME: Duration = Duration::from_secs(60);

/// Sessions of a plain user and of a superuser, and a token of the latter with no scope that any
/// method has.
struct Known {
    plain: Uuid,
    superuser: Uuid,
    token: OpaqueToken,
}

#[async_trait]
impl Sessions for Known {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        let superuser =
            || Authority { is_superuser: true, ..Authority::of_user(UserId(self.superuser)) };
        Ok(match credential {
            Credential::Session(session) if session == self.plain => {
                Some(Authority::of_user(UserId(self.plain)))
            }
            Credential::Session(session) if session == self.superuser => Some(superuser()),
            Credential::Token(hash) if hash == self.token.hash() => {
                Some(Authority { scopes: Some(["none.such".to_owned()].into()), ..superuser() })
            }
            Credential::Session(_) | Credential::Token(_) => None,
        })
    }
}

struct Walk {
    transport: Transport,
    keys: Keys,
    known: Arc<Known>,
}

impl Walk {
    fn new() -> Self {
        let keys = Keys::from_secret(&"9f86d081884c7d659a2feaa0c55ad015".into()).unwrap();
        let token = OpaqueToken::draw(OpaqueKind::Api);
        let (plain, superuser) = (Uuid::now_v7(), Uuid::now_v7());
        let known = Arc::new(Known { plain, superuser, token });
        let sessions = Arc::<Known>::clone(&known);
        let guard = Guard { service: "document", keys: keys.clone(), sessions };
        // It offers no method: whoever is let in is told so.
        let server = Server::builder(guard).build(&Shutdown::new()).unwrap();
        Self { transport: server.transport(), keys, known }
    }

    fn of(&self, session: Uuid) -> String {
        self.keys.issue_access(session, session, LIFETIME).unwrap()
    }

    /// How a method answers. OK stands for whoever is let in.
    async fn ask(&self, path: &str, token: Option<&str>, service: Option<&str>) -> Code {
        let mut request = Request::post(path).header("content-type", "application/grpc");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(service) = service {
            let token = self.keys.issue_service(service, "document").unwrap();
            request = request.header(SERVICE_TOKEN, token);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = self.transport.clone().oneshot(request).await.unwrap();
        let status = Status::from_header_map(answer.headers()).unwrap();
        if status.code() == Code::Unimplemented { Code::Ok } else { status.code() }
    }
}

fn paths() -> Vec<String> {
    let services = DESCRIPTORS.services();
    services
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| format!("/{}/{}", method.parent_service().full_name(), method.name()))
        .collect()
}

#[tokio::test]
async fn every_method_lets_in_whom_it_says_and_nobody_else() {
    use Code::{Ok, PermissionDenied as Denied, Unauthenticated as Unknown};
    let walk = Walk::new();
    let (plain, superuser) = (walk.of(walk.known.plain), walk.of(walk.known.superuser));
    let (ended, limited) = (walk.of(Uuid::now_v7()), walk.known.token.expose().to_owned());
    // A token that says that it is somebody else's session.
    let misled = walk.keys.issue_access(walk.known.superuser, walk.known.plain, LIFETIME).unwrap();
    for path in paths() {
        let method = method::find(&path).unwrap();
        let limited_code = match method.scope.as_deref() {
            Some("*") => Ok,
            Some(_) | None => Denied,
        };
        // For nobody; a bad token; a plain user; a superuser; a token with limited rights.
        let expected = match method.access {
            Access::Public => [Ok, Ok, Ok, Ok, Ok],
            Access::User if method.role.is_some() => [Unknown, Unknown, Denied, Ok, limited_code],
            Access::User => [Unknown, Unknown, Ok, Ok, limited_code],
            Access::Superuser => [Unknown, Unknown, Denied, Ok, limited_code],
            Access::Service | Access::OnBehalf => [Unknown; 5],
            Access::Unspecified => panic!("{path} says nothing"),
        };
        for gateway in [None, Some("gateway")] {
            let callers = [None, Some("a.b.c"), Some(&*plain), Some(&*superuser), Some(&*limited)];
            for (caller, expected) in callers.into_iter().zip(expected) {
                let code = walk.ask(&path, caller, gateway).await;
                assert_eq!(code, expected, "{path} {caller:?} by way of {gateway:?}");
            }
            for bad in [&*ended, &*misled] {
                let code = walk.ask(&path, Some(bad), gateway).await;
                assert_eq!(code, expected[1], "{path} with a token of no session");
            }
        }
        let by_service = match method.access {
            Access::Public | Access::Service => [Ok, Ok, Ok],
            Access::Superuser => [Unknown, Denied, Ok],
            Access::User if method.role.is_some() => [Unknown, Denied, Ok],
            Access::User | Access::OnBehalf => [Unknown, Ok, Ok],
            Access::Unspecified => [Denied; 3],
        };
        for (caller, expected) in
            [None, Some(&*plain), Some(&*superuser)].into_iter().zip(by_service)
        {
            let code = walk.ask(&path, caller, Some("workflow")).await;
            assert_eq!(code, expected, "{path} {caller:?} by a service");
        }
    }
}
