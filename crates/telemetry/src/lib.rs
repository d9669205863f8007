//! What a process tells of itself: logs, spans and metrics. Installed once, by `main`.

mod metrics;
mod settings;
mod tracing;

use std::io;

pub use self::metrics::Metrics;
pub use self::settings::Settings;
pub use self::tracing::Tracing;

/// Why telemetry could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The exporter of spans cannot be made.
    #[error("the exporter of spans could not be made")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Something else has installed a subscriber.
    #[error("logs are installed already")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
    /// Something else has installed a recorder.
    #[error("metrics are installed already")]
    Recorder(#[from] metrics_exporter_prometheus::BuildError),
    /// The port of the metrics is taken.
    #[error("the metrics cannot be served on {address}")]
    Listener {
        /// Where it was tried.
        address: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
