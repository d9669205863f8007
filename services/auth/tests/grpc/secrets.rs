//! What must never be written down.

use std::io::Write;
use std::sync::{Arc, Mutex};

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::credential_service_client::CredentialServiceClient;
use elenchus_proto::pb::auth::v1::ticket_service_client::TicketServiceClient;
use tonic::Status;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::oidc::{self, CLIENT_SECRET};
use crate::service::{Client, EMAIL, PASSWORD, Service, by, login, refresh, registration};
use crate::{second_factor, tokens};

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

/// Everything that this thread logs from now on, at any level.
fn listen() -> (Log, DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

fn assert_absent(secrets: &[String], log: &Log, refusals: &[Status]) {
    let text = log.text();
    for secret in secrets {
        assert!(secret.len() > 7, "{secret:?} is too short to be looked for");
        assert!(!text.contains(secret), "the log holds {secret:?}");
        for refusal in refusals {
            assert!(!format!("{refusal:?}").contains(secret), "{refusal} holds {secret:?}");
        }
    }
}

/// On one thread, so that the subscriber of this thread sees every task.
#[tokio::test(flavor = "current_thread")]
async fn no_log_holds_a_password_a_token_or_an_address_at_any_level() {
    let (log, _guard) = listen();
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
    let secrets = [
        EMAIL,
        PASSWORD,
        "wrongpassword",
        "$argon2id",
        &first.access_token,
        &third.access_token,
        &first.refresh_token,
        &second.refresh_token,
        &third.refresh_token,
    ];
    assert_absent(&secrets.map(str::to_owned), &log, &[]);
}

#[tokio::test(flavor = "current_thread")]
async fn no_log_and_no_refusal_holds_what_a_mailed_link_carries_or_a_second_factor_shows() {
    let (log, _guard) = listen();
    let mut fixture = second_factor::Fixture::enrolled().await;
    let mut credentials = CredentialServiceClient::new(fixture.service.near());
    let mut secrets = vec![EMAIL.to_owned(), PASSWORD.to_owned(), fixture.shown_secret.clone()];
    secrets.extend(fixture.recovery_codes.clone());
    let mut refusals = Vec::new();

    let challenge = fixture.challenge().await;
    refusals.push(fixture.complete(&challenge, "ABCD-EFGH-IJKL-MNOP").await.unwrap_err());
    let code = fixture.recovery_codes[0].clone();
    let session = fixture.complete(&challenge, &code).await.unwrap();
    refusals.push(fixture.complete(&challenge, &code).await.unwrap_err());
    secrets.extend([challenge, session.access_token, session.refresh_token]);

    let token = fixture.service.mails.token(EMAIL, "confirm the address here").await;
    let verify = || pb::VerifyEmailRequest { token: token.clone() };
    credentials.verify_email(verify()).await.unwrap();
    refusals.push(credentials.verify_email(verify()).await.unwrap_err());
    let forgot = pb::ForgotPasswordRequest { email: EMAIL.to_owned() };
    credentials.forgot_password(forgot).await.unwrap();
    let link = fixture.service.mails.token(EMAIL, "set it here").await;
    let reset = |new_password: &str| pb::ResetPasswordRequest {
        token: link.clone(),
        new_password: new_password.to_owned(),
    };
    refusals.push(credentials.reset_password(reset(EMAIL)).await.unwrap_err());
    credentials.reset_password(reset("a horse of another colour")).await.unwrap();
    refusals.push(credentials.reset_password(reset("a horse of no colour")).await.unwrap_err());
    secrets.extend([token.clone(), link.clone()]);
    secrets.extend(["a horse of another colour", "a horse of no colour"].map(str::to_owned));
    assert_absent(&secrets, &log, &refusals);
}

#[tokio::test(flavor = "current_thread")]
async fn no_log_and_no_refusal_holds_what_programs_services_and_browsers_show() {
    let (log, _guard) = listen();
    let mut fixture = tokens::Fixture::new().await;
    let made = fixture.create(&["profile.read"]).await.token;
    let grant = fixture.grant(&fixture.access.clone(), &["profile.read"]).await.unwrap();
    assert!(fixture.check(&made).await.is_active && fixture.check(&grant).await.is_active);
    let mut tickets = TicketServiceClient::new(fixture.service.near());
    let request = by(&fixture.access, pb::CreateTicketRequest {});
    let ticket = tickets.create_ticket(request).await.unwrap().into_inner().ticket;
    let redeem = || pb::RedeemTicketRequest { ticket: ticket.clone() };
    let redeemed = tickets.redeem_ticket(redeem()).await.unwrap().into_inner().access_token;
    let mut refusals = vec![tickets.redeem_ticket(redeem()).await.unwrap_err()];

    let mut browser = oidc::Fixture::trusting().await;
    let back = browser.vouched("ada", oidc::claims("vouched@example.com", true)).await;
    let session = browser.complete(back.clone()).await.unwrap();
    refusals.push(browser.complete(back.clone()).await.unwrap_err());
    let secrets = [
        made,
        grant,
        ticket.clone(),
        redeemed,
        fixture.access,
        back.code,
        back.state,
        back.browser_token,
        session.access_token,
        session.refresh_token,
        "vouched@example.com".to_owned(),
        CLIENT_SECRET.to_owned(),
    ];
    assert_absent(&secrets, &log, &refusals);
}
