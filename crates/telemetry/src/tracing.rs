//! Logs to stderr, pretty on a terminal and JSON otherwise; spans to a collector where one is set.

use std::io::{IsTerminal, stderr};

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::{Error, Settings};

/// The installed subscriber. Flushing it at the end sends the last spans.
pub struct Tracing {
    provider: SdkTracerProvider,
}

impl Tracing {
    /// Installs logs and spans for the whole process. Must run inside a tokio runtime.
    pub fn install(settings: &Settings, service: &'static str) -> Result<Self, Error> {
        let mut provider = SdkTracerProvider::builder().with_resource(
            Resource::builder().with_service_name(format!("elenchus-{service}")).build(),
        );
        if let Some(endpoint) = &settings.otlp_endpoint {
            let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
            provider = provider.with_batch_exporter(exporter);
        }
        // Without an exporter the provider still makes trace ids, which answers carry.
        let provider = provider.build();
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());

        let is_terminal = stderr().is_terminal();
        let lines = fmt::layer().with_writer(stderr);
        let lines =
            if is_terminal { lines.boxed() } else { lines.json().flatten_event(true).boxed() };
        tracing_subscriber::registry()
            .with(EnvFilter::new(&settings.filter))
            .with(lines)
            .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("elenchus")))
            .try_init()?;
        Ok(Self { provider })
    }

    /// Sends what has not been sent. Waits for the collector, so it runs off the async threads.
    pub async fn flush(self) {
        let provider = self.provider;
        let ended = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = ended {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}
