//! Mails over a real mail server: protected, put off, refused, cut short and sent once.

use std::path::Path;
use std::time::Duration;

use elenchus_testkit::program::Program;
use tempfile::TempDir;

use crate::mailbox::Mailbox;
use crate::service::{Client, Service, registration};

const READER: &str = "test@example.com";

struct Sink {
    folder: TempDir,
    program: Program,
}

impl Sink {
    fn start(mode: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let program = run(folder.path(), mode, "0");
        Self { folder, program }
    }

    fn port(&self) -> &str {
        &self.program.first_line
    }

    fn mails(&self) -> Mailbox {
        Mailbox::of(self.folder.path())
    }
}

fn programs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs")
}

fn run(folder: &Path, mode: &str, port: &str) -> Program {
    let script = programs().join("smtp_sink.py");
    Program::python(&script, &[folder.to_str().unwrap(), mode, port])
}

/// A service that mails over the sink's port, with more settings.
async fn service(port: &str, more: &[(&str, &str)]) -> Service {
    let ca = programs().join("ca.pem");
    let mut pairs = vec![
        ("SMTP_HOST", "localhost"),
        ("SMTP_PORT", port),
        ("SMTP_CA_FILE", ca.to_str().unwrap()),
        ("EMAIL_FROM", "Elenchus <mail@elenchus.example>"),
    ];
    pairs.extend(more);
    Service::with(&pairs).await
}

const LOGIN: [(&str, &str); 2] =
    [("SMTP_USERNAME", "elenchus"), ("SMTP_PASSWORD", "an smtp password")];
const PLAIN: [(&str, &str); 1] = [("SMTP_TLS", "false")];

/// What operators see of the only mail, once it satisfies.
async fn row(service: &Service, satisfies: &str) -> (Option<String>, Option<String>) {
    let query = format!("SELECT outcome, failure FROM mail WHERE {satisfies}");
    loop {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(query.clone()));
        if let Some(row) = query.fetch_optional(&service.pool).await.unwrap() {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn mails_leave_protected_and_under_the_name_of_their_row() {
    for (mode, tls) in [("starttls", "true"), ("tls", "implicit")] {
        let sink = Sink::start(mode);
        let more = [&LOGIN[..], &[("SMTP_TLS", tls)]].concat();
        let service = service(sink.port(), &more).await;
        Client::new(service.near()).register(registration(READER)).await.unwrap();
        let mail = sink.mails().wait(READER, "confirm the address", 1).await.pop().unwrap();
        assert_eq!(mail.header("From"), "Elenchus <mail@elenchus.example>");
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert_eq!(row(&service, "outcome IS NOT NULL").await, (Some("sent".to_owned()), None));
        let (id, sealed): (uuid::Uuid, Option<Vec<u8>>) =
            sqlx::query_as("SELECT mail_id, sealed FROM mail")
                .fetch_one(&service.pool)
                .await
                .unwrap();
        assert_eq!(mail.header("Message-ID"), format!("<{id}@elenchus.example>"));
        assert!(sealed.is_none(), "what was sent is forgotten");
    }
}

#[tokio::test]
async fn no_mail_leaves_unprotected_that_must_be_protected() {
    let sink = Sink::start("plain");
    let service = service(sink.port(), &[]).await;
    Client::new(service.near()).register(registration(READER)).await.unwrap();
    row(&service, "failure IS NOT NULL AND outcome IS NULL").await;
    assert!(sink.mails().all(READER, "").is_empty());
}

#[tokio::test]
async fn a_mail_that_is_put_off_arrives_once() {
    let sink = Sink::start("plain");
    let service = service(sink.port(), &PLAIN).await;
    let reader = "later@example.com";
    Client::new(service.near()).register(registration(reader)).await.unwrap();
    let (_, failure) = row(&service, "failure IS NOT NULL").await;
    assert_eq!(failure.unwrap(), "the mail server answered with code 451");
    row(&service, "outcome = 'sent'").await;
    assert_eq!(sink.mails().wait(reader, "", 1).await.len(), 1);
}

#[tokio::test]
async fn a_mail_that_will_never_be_taken_is_given_up_and_tells_no_address() {
    let sink = Sink::start("plain");
    let service = service(sink.port(), &PLAIN).await;
    Client::new(service.near()).register(registration("refused@example.com")).await.unwrap();
    let (outcome, failure) = row(&service, "outcome IS NOT NULL").await;
    assert_eq!(outcome.unwrap(), "dead");
    assert_eq!(failure.unwrap(), "the mail server refused the mail with code 550");
}

#[tokio::test]
async fn a_server_that_dies_before_its_last_word_gets_the_mail_again_under_the_same_name() {
    let sink = Sink::start("plain");
    let service = service(sink.port(), &PLAIN).await;
    let reader = "cut@example.com";
    Client::new(service.near()).register(registration(reader)).await.unwrap();
    let mails = sink.mails().wait(reader, "", 2).await;
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    row(&service, "outcome = 'sent'").await;
}

#[tokio::test]
async fn mails_wait_for_a_server_that_is_away_and_for_a_process_that_died() {
    let sink = Sink::start("plain");
    let port = sink.port().to_owned();
    let Sink { folder, program } = sink;
    drop(program);
    let service = service(&port, &PLAIN).await;
    Client::new(service.near()).register(registration(READER)).await.unwrap();
    row(&service, "failure = 'the mail server cannot be reached'").await;
    // As if the worker had died with the mail in hand, and its lease had run out since.
    service.shutdown.finish(Duration::from_secs(10)).await;
    sqlx::query("UPDATE mail SET leased_by = mail_id, leased_until = now(), due_at = now()")
        .execute(&service.pool)
        .await
        .unwrap();

    let _sink = run(folder.path(), "plain", &port);
    let service = service.again().await;
    row(&service, "outcome = 'sent'").await;
    assert_eq!(Mailbox::of(folder.path()).all(READER, "").len(), 1);
}
