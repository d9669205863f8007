//! Between services that have certificates: the token says which service calls, the certificate proves
//! it. Users need none.

use std::path::Path;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use elenchus_rpc::Tls;
use elenchus_rpc::transport::{Identity, remote_with_tls};
use elenchus_settings::Env;
use elenchus_testkit::certificates::Authority;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity as Own};
use tonic::{Code, Request, Status};
use uuid::Uuid;

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, by, login, registration};

fn tls(folder: &Path, file: &str) -> Tls {
    let path = |name: String| folder.join(name).display().to_string();
    let env = Env::of_pairs([
        ("SERVICE_TLS_CERT", path(format!("{file}.pem"))),
        ("SERVICE_TLS_KEY", path(format!("{file}.key"))),
        ("SERVICE_TLS_CA", path("ca.pem".to_owned())),
    ]);
    Tls::from_env(&env).unwrap().unwrap()
}

/// Serves with the certificate of `file`; says on which port.
async fn serve(service: &Service, folder: &Path, file: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = service.server.clone().with_tls(Some(tls(folder, file)));
    service.shutdown.spawn(server.serve(listener, service.shutdown.clone()));
    port
}

/// A caller who trusts the authority and shows this certificate.
fn client(port: u16, folder: &Path, own: Option<(&Path, &str)>) -> AuthServiceClient<Channel> {
    let pem = |folder: &Path, name: &str| std::fs::read(folder.join(name)).unwrap();
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(pem(folder, "ca.pem")))
        .domain_name("auth");
    if let Some((folder, file)) = own {
        let (certificate, key) = (format!("{file}.pem"), format!("{file}.key"));
        tls = tls.identity(Own::from_pem(pem(folder, &certificate), pem(folder, &key)));
    }
    let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}")).unwrap();
    AuthServiceClient::new(endpoint.tls_config(tls).unwrap().connect_lazy())
}

/// Calls between services, with document's token.
async fn as_document(
    service: &Service,
    mut client: AuthServiceClient<Channel>,
) -> Result<(), Status> {
    let token = service.settings.keys.issue_service("document", "auth").unwrap();
    let mut request = Request::new(pb::CheckSessionRequest { session_id: Uuid::now_v7().into() });
    request.metadata_mut().insert("x-elenchus-service", token.parse().unwrap());
    client.check_session(request).await.map(|_| ())
}

#[tokio::test]
async fn a_service_is_believed_by_its_token_and_its_certificate_together() {
    let service = Service::start().await;
    let (own, strange) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (authority, stranger) = (Authority::draw(), Authority::draw());
    for name in ["auth", "document", "workflow"] {
        authority.write(own.path(), name, &[name]);
    }
    authority.write(own.path(), "both", &["workflow", "document"]);
    stranger.write(strange.path(), "document", &["document"]);
    let port = serve(&service, own.path(), "auth").await;

    for file in ["document", "both"] {
        let client = client(port, own.path(), Some((own.path(), file)));
        as_document(&service, client).await.unwrap();
    }
    for wrong in [Some((own.path(), "workflow")), None] {
        let client = client(port, own.path(), wrong);
        let refusal = as_document(&service, client).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated, "{wrong:?}");
        assert_eq!(reason(&refusal), "SERVICE_CERTIFICATE_INVALID");
    }
    let client_of_strangers = client(port, own.path(), Some((strange.path(), "document")));
    let refusal = as_document(&service, client_of_strangers).await.unwrap_err();
    assert_eq!(reason(&refusal), "", "not even the handshake: {refusal}");
    let plain = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
    let refusal = as_document(&service, AuthServiceClient::new(plain.connect_lazy())).await;
    assert_eq!(reason(&refusal.unwrap_err()), "");

    let mut user = client(port, own.path(), None);
    user.register(registration(EMAIL)).await.unwrap();
    let token = user.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner().access_token;
    user.get_me(by(&token, pb::GetMeRequest {})).await.unwrap();
}

#[tokio::test]
async fn a_peer_is_called_that_proves_to_be_the_one_that_is_meant() {
    let service = Service::start().await;
    let folder = TempDir::new().unwrap();
    let authority = Authority::draw();
    for name in ["auth", "document"] {
        authority.write(folder.path(), name, &[name]);
    }
    let signed = |port: u16| {
        let address = format!("https://localhost:{port}").parse().unwrap();
        let own = tls(folder.path(), "document");
        let way = remote_with_tls(&address, "auth", &own, &service.shutdown).unwrap();
        Client::new(Identity::new("document", service.settings.keys.clone()).to("auth", way))
    };
    let ask = || pb::CheckSessionRequest { session_id: Uuid::now_v7().into() };
    let mut right = signed(serve(&service, folder.path(), "auth").await);
    while let Err(refusal) = right.check_session(ask()).await {
        assert_eq!(refusal.code(), Code::Unavailable, "{refusal}");
    }
    let mut wrong = signed(serve(&service, folder.path(), "document").await);
    let refusal = wrong.check_session(ask()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::Unavailable, "{refusal}");
    let http = "http://localhost:1".parse().unwrap();
    let own = tls(folder.path(), "document");
    let refusal = remote_with_tls(&http, "auth", &own, &service.shutdown).unwrap_err();
    assert_eq!(refusal.to_string(), "is not of the form https://host:port");
}

#[test]
fn a_certificate_that_is_no_use_is_refused_by_name_at_the_start() {
    let folder = TempDir::new().unwrap();
    Authority::draw().write(folder.path(), "auth", &["auth"]);
    Authority::draw().write(folder.path(), "other", &["auth"]);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let all = [
        ("SERVICE_TLS_CERT", path("auth.pem")),
        ("SERVICE_TLS_KEY", path("auth.key")),
        ("SERVICE_TLS_CA", path("ca.pem")),
    ];
    let env = Env::of_pairs(all);
    assert!(Tls::from_env(&Env::default()).unwrap().is_none());
    let tls = Tls::from_env(&env).unwrap().unwrap();
    tls.names("auth").unwrap();
    assert_eq!(tls.names("document").unwrap_err().variable, "SERVICE_TLS_CERT");
    for (variable, value) in [
        ("SERVICE_TLS_KEY", String::new()),
        ("SERVICE_TLS_CERT", path("auth.key")),
        ("SERVICE_TLS_CA", path("nowhere.pem")),
        ("SERVICE_TLS_KEY", path("other.key")),
    ] {
        let refusal = Tls::from_env(&env.clone().with(variable, value.as_str())).err().unwrap();
        assert_eq!(refusal.variable, variable, "{value}");
    }
}
