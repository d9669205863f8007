//! What must never be written down.

use std::io::Write;
use std::sync::{Arc, Mutex};

use elenchus_proto::pb::auth::v1 as pb;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::service::{Client, EMAIL, PASSWORD, Service, by, login, refresh, registration};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// On one thread, so that the subscriber of this thread sees every task.
#[tokio::test(flavor = "current_thread")]
async fn no_log_holds_a_password_a_token_or_an_address_at_any_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let service = Service::start().await;
    let mut client = Client::new(service.near());
    client.register(registration(EMAIL)).await.unwrap();
    client.register(registration(EMAIL)).await.unwrap_err();
    client.login(login(EMAIL, "wrongpassword")).await.unwrap_err();
    let first = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    let second = client.refresh(refresh(&first.refresh_token)).await.unwrap().into_inner();
    let third = client.refresh(refresh(&second.refresh_token)).await.unwrap().into_inner();
    client.get_me(by(&third.access_token, pb::GetMeRequest {})).await.unwrap();
    client.refresh(refresh(&first.refresh_token)).await.unwrap_err();
    sqlx::query("DROP TABLE session CASCADE").execute(&service.pool).await.unwrap();
    client.login(login(EMAIL, PASSWORD)).await.unwrap_err();

    let text = log.text();
    assert!(text.contains("a refresh token was used twice") && text.contains("request failed"));
    for secret in [
        EMAIL,
        PASSWORD,
        "wrongpassword",
        "$argon2id",
        &first.access_token,
        &third.access_token,
        &first.refresh_token,
        &second.refresh_token,
        &third.refresh_token,
    ] {
        assert!(!text.contains(secret), "the log holds {secret:?}");
    }
}
