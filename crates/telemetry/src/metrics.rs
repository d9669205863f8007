//! Metrics in Prometheus's format, on a port of their own.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::{Error, Settings};

/// Upper bounds of the histograms, in seconds.
const SECONDS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// The installed recorder and the socket it is read from.
pub struct Metrics {
    handle: PrometheusHandle,
    listener: TcpListener,
    /// Where the metrics are served: useful where the port was 0.
    pub address: SocketAddr,
}

impl Metrics {
    /// Installs the recorder for the whole process, where metrics are wanted.
    pub async fn install(settings: &Settings) -> Result<Option<Self>, Error> {
        let Some(address) = settings.metrics else { return Ok(None) };
        let unavailable =
            |source| Error::Listener { address: SocketAddr::from(address).to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(unavailable)?;
        let address = listener.local_addr().map_err(unavailable)?;
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .install_recorder()?;
        Ok(Some(Self { handle, listener, address }))
    }

    /// Serves `/metrics` until `stop`.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) {
        let handle = self.handle;
        let routes = Router::new().route(
            "/metrics",
            get(move || {
                let handle = handle.clone();
                async move {
                    handle.run_upkeep();
                    handle.render()
                }
            }),
        );
        if let Err(error) = axum::serve(self.listener, routes).with_graceful_shutdown(stop).await {
            tracing::warn!(%error, "the metrics are no longer served");
        }
    }
}
