//! The edge of the mesh: REST, server-sent events, gRPC-web and gRPC on one port, all made from the
//! descriptors of the services behind it.

mod accept;
mod call;
mod context;
mod cors;
mod docs;
mod grpc;
mod health;
mod login_form;
mod oidc_redirect;
mod openapi;
mod part;
mod problem;
mod rate_limit;
mod refresh_cookie;
mod respond;
mod rest;
mod router;
mod settings;
mod socket;
mod sse;
mod start;
mod transcode;
mod upload;

use std::collections::BTreeMap;
use std::sync::Arc;

use elenchus_cache::Cache;
use elenchus_proto::DESCRIPTORS;
use elenchus_rpc::{Shutdown, Transport};
use http::Method;
use prost_reflect::DescriptorPool;
use tokio::net::TcpListener;

pub use self::settings::{Connections, Limits, Rate, Settings};
pub use self::start::start;
pub use self::transcode::BadContract;

use self::cors::Cors;
use self::health::Vitals;
use self::rate_limit::RateLimit;
use self::router::{Edge, OWN_PATHS};
use self::socket::Sockets;
use self::transcode::{Found, Transcoder};

/// The ways to the services, by full name, such as `elenchus.auth.v1.AuthService`.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    ways: BTreeMap<String, Transport>,
}

impl Peers {
    /// Adds every service of a proto package, such as `elenchus.auth.v1`, that has methods for
    /// clients.
    #[must_use]
    pub fn with_package(
        mut self,
        pool: &DescriptorPool,
        package: &str,
        transport: &Transport,
    ) -> Self {
        let services = pool.services().filter(|service| service.package_name() == package);
        self.ways
            .extend(services.map(|service| (service.full_name().to_owned(), transport.clone())));
        self
    }

    /// Adds one service.
    #[must_use]
    pub fn with_service(mut self, full_name: &str, transport: Transport) -> Self {
        self.ways.insert(full_name.to_owned(), transport);
        self
    }

    fn get(&self, full_name: &str) -> Option<&Transport> {
        self.ways.get(full_name)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &Transport)> {
        self.ways.iter().map(|(name, transport)| (name.as_str(), transport))
    }
}

/// Why a gateway could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The descriptors make no API.
    #[error("the protos make no API")]
    Contract(#[from] BadContract),
    /// The descriptor set does not fit reflection.
    #[error("reflection cannot be offered")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A method is bound to a path of the gateway's own.
    #[error("{0} belongs to the gateway and cannot be bound to a method")]
    Taken(&'static str),
}

/// The gateway, built whole and then given a socket.
pub struct Gateway {
    edge: Arc<Edge>,
}

impl Gateway {
    /// Builds the gateway of our own services.
    pub fn build(
        settings: Settings,
        peers: Peers,
        cache: Cache,
        shutdown: &Shutdown,
    ) -> Result<Self, Error> {
        Self::of_descriptors(&DESCRIPTORS, settings, peers, cache, shutdown)
    }

    /// Builds the gateway of any services whose methods say who may call them.
    pub fn of_descriptors(
        pool: &DescriptorPool,
        settings: Settings,
        peers: Peers,
        cache: Cache,
        shutdown: &Shutdown,
    ) -> Result<Self, Error> {
        let transcoder = Transcoder::build(pool, &peers, &settings.api_prefix)?;
        for path in OWN_PATHS {
            if !matches!(transcoder.find(&Method::GET, path), Found::Nothing) {
                return Err(Error::Taken(path));
            }
        }
        let services: Vec<String> = peers.iter().map(|(name, _)| name.to_owned()).collect();
        let vitals = Vitals::new(settings.app_name.clone(), peers);
        let edge = Edge {
            own_grpc: grpc::own_services(vitals.clone(), &pool.encode_to_vec(), &services)?,
            openapi: openapi::document(pool, &transcoder, &settings).to_string().into(),
            cors: Cors::new(settings.cors_origins.clone()),
            rate_limit: RateLimit::new(settings.rate, cache),
            shutdown: shutdown.clone(),
            sockets: Sockets::find(&transcoder, &settings.api_prefix),
            vitals,
            transcoder,
            settings,
        };
        Ok(Self { edge: Arc::new(edge) })
    }

    /// Serves until the stop has begun and the answers in hand are given. The caller binds, so
    /// port 0 works.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "listening for HTTP and gRPC");
        }
        accept::serve(self.edge, listener, shutdown).await;
    }
}
