//! Tells Langfuse how the check of each answer went, as scores of the answer's trace. They are written with
//! the answer's end and sent by a worker, so that none is lost and no answer waits.

mod langfuse;
mod sender;

use elenchus_durable::Notices;
use elenchus_process::StartError;
use elenchus_rpc::Shutdown;
use elenchus_settings::{Env, Invalid};
use opentelemetry::trace::TraceContextExt;
use secrecy::SecretString;
use sqlx::PgPool;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::langfuse::Langfuse;
use crate::store::{SCORES, Store};

/// Where scores are sent, if anywhere.
#[derive(Clone, Default)]
pub struct Scores(Option<Langfuse>);

impl Scores {
    /// As `LANGFUSE_HOST`, `LANGFUSE_PUBLIC_KEY` and `LANGFUSE_SECRET_KEY` say. Off without the keys.
    pub fn from_env(env: &Env) -> Result<Self, StartError> {
        let keys = (env.text("LANGFUSE_PUBLIC_KEY"), env.secret("LANGFUSE_SECRET_KEY"));
        let (public, secret): (&str, SecretString) = match keys {
            (Some(public), Some(secret)) => (public, secret),
            (None, None) => return Ok(Self::default()),
            (None, Some(_)) => return Err(lacking("LANGFUSE_PUBLIC_KEY").into()),
            (Some(_), None) => return Err(lacking("LANGFUSE_SECRET_KEY").into()),
        };
        let host = env.text("LANGFUSE_HOST").unwrap_or("https://cloud.langfuse.com");
        Ok(Self(Some(Langfuse::new(host, public, &secret)?)))
    }

    /// The trace to score, which is the current one. None where nothing is scored or traced.
    pub(crate) fn trace(&self) -> Option<String> {
        self.0.as_ref()?;
        let context = Span::current().context();
        let span = context.span();
        let traced = span.span_context();
        traced.is_valid().then(|| traced.trace_id().to_string())
    }

    /// Begins to send. Any number of replicas may.
    pub(crate) fn spawn(self, pool: &PgPool, store: &Store, shutdown: &Shutdown) {
        if let Some(langfuse) = self.0 {
            let notices = Notices::listen(pool, &[SCORES], shutdown);
            sender::spawn(langfuse, store.clone(), notices, shutdown);
        }
    }
}

fn lacking(variable: &'static str) -> Invalid {
    Invalid::new(variable, "is needed beside the other key of Langfuse")
}
