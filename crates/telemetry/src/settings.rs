//! `DEBUG`, `RUST_LOG`, `ENABLE_METRICS`, `METRICS_HOST`, `METRICS_PORT` and
//! `OTEL_EXPORTER_OTLP_ENDPOINT`.

use std::net::IpAddr;

use elenchus_settings::{Env, Invalid};

/// What to tell, and whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which events are logged, in the language of `RUST_LOG`.
    pub filter: String,
    /// Where the metrics are served; None serves none.
    pub metrics: Option<(IpAddr, u16)>,
    /// The OTLP/gRPC endpoint that takes the spans; None exports none.
    pub otlp_endpoint: Option<String>,
}

impl Settings {
    /// Reads the variables above.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let level = if env.switch("DEBUG", false)? { "debug" } else { "info" };
        let quiet = "h2=warn,hyper=warn,hyper_util=warn,tower=warn,sqlx=warn,opentelemetry=warn";
        let filter = env.text("RUST_LOG").map_or_else(|| format!("{level},{quiet}"), str::to_owned);
        let metrics = if env.switch("ENABLE_METRICS", true)? {
            Some((
                env.or("METRICS_HOST", IpAddr::from([127, 0, 0, 1]))?,
                env.or("METRICS_PORT", 9090)?,
            ))
        } else {
            None
        };
        let otlp_endpoint = env.text("OTEL_EXPORTER_OTLP_ENDPOINT").map(str::to_owned);
        if let Some(endpoint) = &otlp_endpoint
            && !endpoint.starts_with("http://")
        {
            let problem = format!("{endpoint:?} is not of the form http://host:port");
            return Err(Invalid::new("OTEL_EXPORTER_OTLP_ENDPOINT", problem));
        }
        Ok(Self { filter, metrics, otlp_endpoint })
    }
}
