//! TLS between services, where certificates are configured. A certificate names the services that its
//! holder is, as DNS names such as `auth`; nobody else can speak as one of them, or be taken for it.

use std::path::PathBuf;

use elenchus_settings::{Env, Invalid};
use http::Extensions;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic::transport::{Certificate, ClientTlsConfig, Identity, Server, ServerTlsConfig};

const CERTIFICATE: &str = "SERVICE_TLS_CERT";
const KEY: &str = "SERVICE_TLS_KEY";
const AUTHORITY: &str = "SERVICE_TLS_CA";

/// A process's certificate, its key, and the authority of the mesh. Read once, at the start.
#[derive(Clone)]
pub struct Tls {
    identity: Identity,
    authority: Certificate,
    own: CertificateDer<'static>,
}

impl Tls {
    /// Reads the files that `SERVICE_TLS_CERT`, `SERVICE_TLS_KEY` and `SERVICE_TLS_CA` name. None where
    /// none is set.
    pub fn from_env(env: &Env) -> Result<Option<Self>, Invalid> {
        let all = [CERTIFICATE, KEY, AUTHORITY];
        if all.iter().all(|name| env.text(name).is_none()) {
            return Ok(None);
        }
        let [certificate, key, authority] = all.map(|name| read(env, name));
        let (certificate, key, authority) = (certificate?, key?, authority?);
        let own = CertificateDer::from_pem_slice(&certificate)
            .map_err(|_| Invalid::new(CERTIFICATE, "holds no certificate in PEM"))?;
        let tls = Self {
            identity: Identity::from_pem(certificate, key),
            authority: Certificate::from_pem(authority),
            own,
        };
        // What does not fit together is found out now, and not at the first call.
        Server::builder()
            .tls_config(tls.server())
            .map_err(|error| Invalid::new(KEY, format!("cannot be used: {}", root_of(&error))))?;
        Ok(Some(tls))
    }

    /// Whether the certificate names a service.
    pub fn names(&self, service: &str) -> Result<(), Invalid> {
        if is_named(&self.own, service) {
            return Ok(());
        }
        let problem =
            format!("does not name {service:?}: make one with that DNS name among its SANs");
        Err(Invalid::new(CERTIFICATE, problem))
    }

    /// How a listener proves who it is. Clients need no certificate; services do.
    pub(crate) fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .identity(self.identity.clone())
            .client_ca_root(self.authority.clone())
            .client_auth_optional(true)
    }

    /// How `callee` is called: it must be named by its certificate, wherever it is.
    pub(crate) fn client(&self, callee: &str) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .identity(self.identity.clone())
            .ca_certificate(self.authority.clone())
            .domain_name(callee)
    }
}

/// Whether whoever holds the other end of a call may speak as this service. In one process, or without
/// TLS, the service token alone says so.
pub(crate) fn may_speak_as(extensions: &Extensions, service: &str) -> bool {
    let Some(connection) = extensions.get::<TlsConnectInfo<TcpConnectInfo>>() else { return true };
    let certificates = connection.peer_certs().unwrap_or_default();
    certificates.first().is_some_and(|own| is_named(own, service))
}

fn read(env: &Env, name: &'static str) -> Result<Vec<u8>, Invalid> {
    let problem = "is required where TLS between services is configured";
    let path = env.optional::<PathBuf>(name)?.ok_or_else(|| Invalid::new(name, problem))?;
    std::fs::read(&path).map_err(|error| Invalid::new(name, format!("{}: {error}", path.display())))
}

fn is_named(certificate: &CertificateDer<'_>, service: &str) -> bool {
    let Ok(name) = ServerName::try_from(service) else { return false };
    webpki::EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.verify_is_valid_for_subject_name(&name).is_ok())
}

fn root_of(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}
