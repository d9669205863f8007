//! Addresses proved, passwords changed, forgotten and set anew.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::credential_service_client::CredentialServiceClient;
use elenchus_proto::pb::auth::v1::personal_data_service_client::PersonalDataServiceClient;
use elenchus_rpc::Transport;
use tonic::Code;
use tonic_types::StatusExt;

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, by, from, login, refresh, registration};

const NEW_PASSWORD: &str = "a horse of another colour";
const VERIFY: &str = "confirm the address here";
const RESET: &str = "set it here";
const CHANGED: &str = "was just changed";

type Credentials = CredentialServiceClient<Transport>;

struct Fixture {
    service: Service,
    auth: Client,
    credentials: Credentials,
}

impl Fixture {
    async fn with_account() -> Self {
        let service = Service::start().await;
        let mut auth = Client::new(service.near());
        let credentials = Credentials::new(service.near());
        auth.register(registration(EMAIL)).await.unwrap();
        Self { service, auth, credentials }
    }

    async fn sign_in(&mut self) -> pb::LoginResponse {
        self.auth.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner()
    }

    async fn forgot(&mut self, email: &str) -> String {
        let request = pb::ForgotPasswordRequest { email: email.to_owned() };
        self.credentials.forgot_password(request).await.unwrap().into_inner().message
    }
}

fn reset(token: &str, new_password: &str) -> pb::ResetPasswordRequest {
    pb::ResetPasswordRequest { token: token.to_owned(), new_password: new_password.to_owned() }
}

fn change(current_password: &str, new_password: &str) -> pb::ChangePasswordRequest {
    let (current_password, new_password) = (current_password.to_owned(), new_password.to_owned());
    pb::ChangePasswordRequest { current_password, new_password }
}

fn verify(token: &str) -> pb::VerifyEmailRequest {
    pb::VerifyEmailRequest { token: token.to_owned() }
}

#[tokio::test]
async fn an_address_is_proved_by_the_link_that_it_was_mailed_once() {
    let mut fixture = Fixture::with_account().await;
    let session = fixture.sign_in().await;
    assert!(!session.user.unwrap().email_verified);
    let mail = fixture.service.mails.wait(EMAIL, VERIFY, 1).await.pop().unwrap();
    assert_eq!(std::fs::metadata(&mail.file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(mail.text.contains("http://localhost:3000/verify-email#token="));
    assert!(mail.text.contains("text/html") && mail.text.contains("text/plain"));

    let wrong_purpose =
        fixture.credentials.reset_password(reset(&mail.token(), NEW_PASSWORD)).await;
    assert_eq!(reason(&wrong_purpose.unwrap_err()), "LINK_INVALID");
    fixture.credentials.verify_email(verify(&mail.token())).await.unwrap();
    let me = by(&session.access_token, pb::GetMeRequest {});
    assert!(fixture.auth.get_me(me).await.unwrap().into_inner().user.unwrap().email_verified);
    for token in [mail.token().as_str(), "", "unknown"] {
        let refusal = fixture.credentials.verify_email(verify(token)).await.unwrap_err();
        assert_eq!(
            (refusal.code(), reason(&refusal)),
            (Code::InvalidArgument, "LINK_INVALID".into())
        );
    }
}

#[tokio::test]
async fn the_link_is_sent_again_but_not_without_end() {
    let mut fixture = Fixture::with_account().await;
    let token = fixture.sign_in().await.access_token;
    let ask = || by(&token, pb::SendEmailVerificationRequest {});
    // The registration sent the first of five.
    for _ in 0..4 {
        fixture.credentials.send_email_verification(ask()).await.unwrap();
    }
    let refusal = fixture.credentials.send_email_verification(ask()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    let mails = fixture.service.mails.wait(EMAIL, VERIFY, 5).await;
    fixture.credentials.verify_email(verify(&mails[0].token())).await.unwrap();
    let answer = fixture.credentials.send_email_verification(ask()).await.unwrap().into_inner();
    assert_eq!(answer.message, "The email address is confirmed already");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_mail_and_every_session_ends() {
    let mut fixture = Fixture::with_account().await;
    let session = fixture.sign_in().await;
    let known = fixture.forgot(" TEST@example.com").await;
    let unknown = fixture.forgot("nonexistent@example.com").await;
    assert_eq!(known, unknown);
    let token = fixture.service.mails.token(EMAIL, RESET).await;

    let refusal =
        fixture.credentials.reset_password(reset(&token, "password123")).await.unwrap_err();
    let details = refusal.get_error_details();
    assert_eq!(details.bad_request().unwrap().field_violations[0].field, "new_password");
    fixture.credentials.reset_password(reset(&token, NEW_PASSWORD)).await.unwrap();
    let again = fixture.credentials.reset_password(reset(&token, "and yet another one")).await;
    assert_eq!(reason(&again.unwrap_err()), "LINK_INVALID");

    let late = fixture.auth.refresh(refresh(&session.refresh_token)).await.unwrap_err();
    assert_eq!(late.code(), Code::Unauthenticated);
    let late = fixture.auth.get_me(by(&session.access_token, pb::GetMeRequest {})).await;
    assert_eq!(reason(&late.unwrap_err()), "SESSION_ENDED");
    fixture.auth.login(login(EMAIL, PASSWORD)).await.unwrap_err();
    let fresh = fixture.auth.login(login(EMAIL, NEW_PASSWORD)).await.unwrap().into_inner();
    assert!(fresh.user.unwrap().email_verified, "whoever reads the mail has the address");
    fixture.service.mails.wait(EMAIL, CHANGED, 1).await;
    assert!(fixture.service.mails.all("nonexistent@example.com", "").is_empty());
}

#[tokio::test]
async fn links_end_by_themselves_and_for_an_address_that_was_changed() {
    let mut fixture = Fixture::with_account().await;
    let verification = fixture.service.mails.token(EMAIL, VERIFY).await;
    fixture.forgot(EMAIL).await;
    let token = fixture.service.mails.token(EMAIL, RESET).await;
    let pool = &fixture.service.pool;
    sqlx::query("UPDATE account SET email_folded = 'new@example.com'").execute(pool).await.unwrap();
    let refusal = fixture.credentials.verify_email(verify(&verification)).await.unwrap_err();
    assert_eq!(reason(&refusal), "LINK_INVALID");
    sqlx::query("UPDATE account SET email_folded = $1").bind(EMAIL).execute(pool).await.unwrap();
    sqlx::query("UPDATE one_time_token SET expires_at = now()").execute(pool).await.unwrap();
    let refusal =
        fixture.credentials.reset_password(reset(&token, NEW_PASSWORD)).await.unwrap_err();
    assert_eq!(reason(&refusal), "LINK_INVALID");
}

#[tokio::test]
async fn whoever_asks_for_many_links_gets_a_few() {
    let mut fixture = Fixture::with_account().await;
    for _ in 0..7 {
        fixture.forgot(EMAIL).await;
    }
    let pool = &fixture.service.pool;
    let waiting = "SELECT count(*) FROM mail WHERE outcome IS NULL";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(fixture.service.mails.all(EMAIL, RESET).len(), 5);
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_is_told() {
    let mut fixture = Fixture::with_account().await;
    let (here, elsewhere) = (fixture.sign_in().await, fixture.sign_in().await);
    for (request, field) in [
        (change("wrongpassword", NEW_PASSWORD), "current_password"),
        (change(PASSWORD, "short"), "new_password"),
        (change(PASSWORD, "iloveyou"), "new_password"),
    ] {
        let refusal =
            fixture.credentials.change_password(by(&here.access_token, request)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
        let details = refusal.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
    let request = by(&here.access_token, change(PASSWORD, NEW_PASSWORD));
    fixture.credentials.change_password(request).await.unwrap();

    fixture.auth.get_me(by(&here.access_token, pb::GetMeRequest {})).await.unwrap();
    let late = fixture.auth.get_me(by(&elsewhere.access_token, pb::GetMeRequest {})).await;
    assert_eq!(reason(&late.unwrap_err()), "SESSION_ENDED");
    fixture.auth.login(login(EMAIL, PASSWORD)).await.unwrap_err();
    fixture.auth.login(login(EMAIL, NEW_PASSWORD)).await.unwrap();
    fixture.service.mails.wait(EMAIL, CHANGED, 1).await;
}

#[tokio::test]
async fn guessing_at_every_door_is_bounded() {
    let service = Service::with_limits(3, 100).await;
    let mut credentials = Credentials::new(service.near());
    let forgot = || pb::ForgotPasswordRequest { email: EMAIL.to_owned() };
    for _ in 0..3 {
        credentials.forgot_password(from("203.0.113.9", forgot())).await.unwrap();
    }
    let refusal = credentials.forgot_password(from("203.0.113.9", forgot())).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    credentials.forgot_password(from("192.0.2.1", forgot())).await.unwrap();

    let service = Service::with_limits(100, 3).await;
    let mut credentials = Credentials::new(service.near());
    for _ in 0..3 {
        let request = from("203.0.113.9", reset("guessed", NEW_PASSWORD));
        assert_eq!(reason(&credentials.reset_password(request).await.unwrap_err()), "LINK_INVALID");
    }
    let request = from("203.0.113.9", reset("guessed", NEW_PASSWORD));
    let refusal = credentials.reset_password(request).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    let request = from("203.0.113.9", verify("guessed"));
    let refusal = credentials.verify_email(request).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn an_account_that_is_closed_is_told_so_by_mail() {
    let service = Service::start().await;
    let mut auth = Client::new(service.near());
    auth.register(registration(EMAIL)).await.unwrap();
    let token = auth.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner().access_token;
    let mut personal = PersonalDataServiceClient::new(service.near());
    let request = pb::DeleteMyAccountRequest { password: PASSWORD.to_owned() };
    personal.delete_my_account(by(&token, request)).await.unwrap();
    service.mails.wait(EMAIL, "was just closed", 1).await;
}
