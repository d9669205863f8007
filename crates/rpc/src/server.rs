//! A service, built whole and then reached either way: by callers in this process, or on a socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::{from_fn, from_fn_with_state};
use elenchus_proto::DESCRIPTOR_SET;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Service;

use crate::idempotency::SharedLedger;
use crate::layer::authenticate::Guard;
use crate::layer::idempotency::{self, Once};
use crate::layer::{authenticate, deadline, limit, observe, panic};
use crate::shutdown::Shutdown;
use crate::tls::Tls;
use crate::transport::{Transport, local};

/// Calls that one service handles at once.
const PLACES: usize = 1024;
const STREAMS_PER_CONNECTION: u32 = 1024;
const KEEP_ALIVE: Duration = Duration::from_secs(60);
const CHECK_EVERY: Duration = Duration::from_secs(2);

type Check = Box<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Why a server could not be built or served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The descriptor set does not fit reflection.
    #[error("reflection cannot be offered")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The socket failed.
    #[error("the listener failed")]
    Listener(#[from] tonic::transport::Error),
}

/// One service of the mesh, with health, reflection and the layers that every call passes.
#[derive(Clone)]
pub struct Server {
    name: &'static str,
    routes: Routes,
    tls: Option<Tls>,
}

/// A server in the making.
pub struct Builder {
    guard: Guard,
    ledger: Option<SharedLedger>,
    routes: RoutesBuilder,
    services: Vec<&'static str>,
    check: Option<Check>,
}

impl Server {
    /// Begins a service that lets callers in as `guard` says.
    pub fn builder(guard: Guard) -> Builder {
        let (routes, services) = (Routes::builder(), Vec::new());
        Builder { guard, ledger: None, routes, services, check: None }
    }

    /// The service's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The same, where the listener speaks TLS if it was given certificates.
    #[must_use]
    pub fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// For callers in this process.
    pub fn transport(&self) -> Transport {
        local(self.routes.clone())
    }

    /// For callers elsewhere. The caller binds, so port 0 works. Ends once the stop has begun and
    /// the calls in hand are answered.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> Result<(), Error> {
        tracing::info!(service = self.name, address = ?listener.local_addr().ok(), "listening for gRPC");
        let mut builder = tonic::transport::Server::builder();
        if let Some(tls) = &self.tls {
            builder = builder.tls_config(tls.server())?;
        }
        builder
            .max_concurrent_streams(STREAMS_PER_CONNECTION)
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .add_routes(self.routes)
            // `Server::tcp_nodelay` does nothing for a listener of our own.
            .serve_with_incoming_shutdown(
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                async move { shutdown.stopping().await },
            )
            .await?;
        Ok(())
    }
}

impl Builder {
    /// Adds a generated gRPC service.
    #[must_use]
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response: axum::response::IntoResponse, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.services.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// Remembers there which calls with an `Idempotency-Key` were made.
    #[must_use]
    pub fn ledger(mut self, ledger: SharedLedger) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// Asks every two seconds whether the service can work; health says what it answers.
    #[must_use]
    pub fn healthy_while<F>(mut self, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.check = Some(Box::new(move || Box::pin(check())));
        self
    }

    /// Adds health and reflection, and puts the layers around all of it.
    pub fn build(mut self, shutdown: &Shutdown) -> Result<Server, Error> {
        let (reporter, health) = tonic_health::server::health_reporter();
        self.routes.add_service(health);
        self.routes.add_service(reflection(&self.services).build_v1()?);
        self.routes.add_service(reflection(&self.services).build_v1alpha()?);
        shutdown.spawn(report_health(reporter, self.services, self.check, shutdown.clone()));

        let name = self.guard.service;
        let keys = self.guard.keys.clone();
        let once = Once { ledger: self.ledger, keys, shutdown: shutdown.clone() };
        // Routes are layered and not the listener, so that both ways in pass the same checks.
        // The last one added is the first one passed.
        let router = self
            .routes
            .routes()
            .into_axum_router()
            .layer(from_fn_with_state(Arc::new(once), idempotency::enforce))
            .layer(from_fn_with_state(Arc::new(self.guard), authenticate::enforce))
            .layer(from_fn(deadline::enforce))
            .layer(from_fn_with_state(Arc::new(Semaphore::new(PLACES)), limit::concurrency))
            .layer(from_fn(panic::catch))
            .layer(from_fn(observe::record));
        Ok(Server { name, routes: Routes::from(router).prepare(), tls: None })
    }
}

fn reflection<'a>(services: &[&str]) -> tonic_reflection::server::Builder<'a> {
    let builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health");
    services.iter().fold(builder, |builder, name| builder.with_service_name(*name))
}

/// Keeps health true to the check, and says NOT_SERVING as soon as a stop begins.
async fn report_health(
    reporter: HealthReporter,
    services: Vec<&'static str>,
    check: Option<Check>,
    shutdown: Shutdown,
) {
    loop {
        let is_well = match &check {
            Some(check) => check().await,
            None => true,
        };
        let is_serving = is_well && !shutdown.is_stopping();
        let status = if is_serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in services.iter().copied().chain([""]) {
            reporter.set_service_status(name, status).await;
        }
        if shutdown.is_stopping() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(CHECK_EVERY) => {}
            () = shutdown.stopping() => {}
        }
    }
}
