//! The second factor: set up, demanded, guessed at, lost and taken off.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use elenchus_auth::Settings;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::second_factor_service_client::SecondFactorServiceClient;
use elenchus_rpc::Transport;
use elenchus_settings::Env;
use tonic::{Code, Status};

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, by, from, login, registration};

type Factor = SecondFactorServiceClient<Transport>;

pub(crate) struct Fixture {
    pub(crate) service: Service,
    auth: Client,
    factor: Factor,
    /// Of a session that was opened before the factor was demanded.
    pub(crate) token: String,
    secret: Vec<u8>,
    /// The secret as its owner was shown it.
    pub(crate) shown_secret: String,
    pub(crate) recovery_codes: Vec<String>,
}

impl Fixture {
    /// An account that demands a second factor.
    pub(crate) async fn enrolled() -> Self {
        let service = Service::start().await;
        let (mut auth, mut factor) = (Client::new(service.near()), Factor::new(service.near()));
        auth.register(registration(EMAIL)).await.unwrap();
        let token = auth.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner().access_token;
        let request = pb::EnrolTotpRequest { password: PASSWORD.to_owned() };
        let enrolment = factor.enrol_totp(by(&token, request)).await.unwrap().into_inner();
        let secret = decode(&enrolment.secret);
        assert!(enrolment.otpauth_uri.contains(&format!("secret={}", enrolment.secret)));
        let wrong = pb::ConfirmTotpRequest { code: other_than(&secret) };
        assert!(factor.confirm_totp(by(&token, wrong)).await.is_err());
        let plain = auth.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
        assert!(
            plain.second_factor_required.is_none(),
            "it is not demanded before it is confirmed"
        );
        let right = pb::ConfirmTotpRequest { code: now(&secret) };
        let confirmed = factor.confirm_totp(by(&token, right)).await.unwrap().into_inner();
        let recovery_codes = confirmed.recovery_codes;
        let shown_secret = enrolment.secret;
        let fixture = Self { service, auth, factor, token, secret, shown_secret, recovery_codes };
        fixture.next_step().await;
        fixture
    }

    /// As if the last code had been used long ago.
    async fn next_step(&self) {
        let forget = "UPDATE second_factor SET last_step = 0";
        sqlx::query(forget).execute(&self.service.pool).await.unwrap();
    }

    pub(crate) async fn challenge(&mut self) -> String {
        let answer = self.auth.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
        assert!(answer.access_token.is_empty() && answer.refresh_token.is_empty());
        assert!(answer.user.is_none(), "nothing is told before the second step");
        answer.second_factor_required.unwrap().challenge_token
    }

    pub(crate) async fn complete(
        &mut self,
        challenge: &str,
        code: &str,
    ) -> Result<pb::CompleteLoginResponse, Status> {
        let request = pb::CompleteLoginRequest {
            challenge_token: challenge.to_owned(),
            code: code.to_owned(),
        };
        self.factor.complete_login(request).await.map(tonic::Response::into_inner)
    }

    async fn state(&mut self) -> pb::GetSecondFactorResponse {
        let request = by(&self.token, pb::GetSecondFactorRequest {});
        self.factor.get_second_factor(request).await.unwrap().into_inner()
    }
}

fn decode(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".bytes().position(|one| one == c).unwrap();
        bits = (bits << 5 | value as u32) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn code(secret: &[u8], ago: u64) -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - ago;
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), &(seconds / 30).to_be_bytes());
    let digest = tag.as_ref();
    let at = usize::from(digest[19] & 15);
    let word = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

fn now(secret: &[u8]) -> String {
    code(secret, 0)
}

/// A code that is none of about now.
fn other_than(secret: &[u8]) -> String {
    let near: Vec<String> = (0..4).map(|step| code(secret, step * 30)).collect();
    (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
}

#[tokio::test]
async fn a_sign_in_takes_the_password_and_then_a_code() {
    let mut fixture = Fixture::enrolled().await;
    assert!(fixture.state().await.is_enabled);
    fixture.service.mails.wait(EMAIL, "now demands a second factor", 1).await;
    let challenge = fixture.challenge().await;

    let wrong = other_than(&fixture.secret);
    let refusal = fixture.complete(&challenge, &wrong).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal)),
        (Code::Unauthenticated, "SECOND_FACTOR_WRONG".into())
    );
    let code = now(&fixture.secret);
    let session = fixture.complete(&challenge, &code).await.unwrap();
    assert_eq!(session.user.unwrap().email, EMAIL);
    fixture.auth.get_me(by(&session.access_token, pb::GetMeRequest {})).await.unwrap();

    fixture.next_step().await;
    let again = fixture.complete(&challenge, &code).await.unwrap_err();
    assert_eq!(reason(&again), "CHALLENGE_INVALID", "a challenge works once");
    let unknown = fixture.complete("unknown", &code).await.unwrap_err();
    assert_eq!(reason(&unknown), "CHALLENGE_INVALID");
}

#[tokio::test]
async fn a_code_works_once_however_many_show_it_at_once() {
    let mut fixture = Fixture::enrolled().await;
    let (mut challenges, code) = (Vec::new(), now(&fixture.secret));
    for _ in 0..4 {
        challenges.push(fixture.challenge().await);
    }
    let shown = challenges.into_iter().map(|challenge_token| {
        let mut factor = fixture.factor.clone();
        let request = pb::CompleteLoginRequest { challenge_token, code: code.clone() };
        async move { factor.complete_login(request).await }
    });
    let outcomes = futures_util::future::join_all(shown).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_recovery_code_takes_the_authenticators_place_once() {
    let mut fixture = Fixture::enrolled().await;
    assert_eq!(fixture.recovery_codes.len(), 10);
    let code = fixture.recovery_codes[3].to_lowercase();
    let challenge = fixture.challenge().await;
    fixture.complete(&challenge, &code).await.unwrap();
    assert_eq!(fixture.state().await.recovery_codes_left, 9);
    fixture.service.mails.wait(EMAIL, "Codes that are left: 9", 1).await;
    let challenge = fixture.challenge().await;
    let refusal = fixture.complete(&challenge, &code).await.unwrap_err();
    assert_eq!(reason(&refusal), "SECOND_FACTOR_WRONG");

    let request =
        pb::RenewRecoveryCodesRequest { password: PASSWORD.to_owned(), code: now(&fixture.secret) };
    let request = by(&fixture.token, request);
    let fresh = fixture.factor.renew_recovery_codes(request).await.unwrap().into_inner();
    let old = fixture.recovery_codes[0].clone();
    fixture.complete(&challenge, &old).await.unwrap_err();
    fixture.complete(&challenge, &fresh.recovery_codes[0]).await.unwrap();
}

#[tokio::test]
async fn whoever_guesses_codes_is_made_to_wait_and_the_owner_gets_in_by_a_recovery_code() {
    let mut fixture = Fixture::enrolled().await;
    let challenge = fixture.challenge().await;
    let wrong = other_than(&fixture.secret);
    for _ in 0..5 {
        let refusal = fixture.complete(&challenge, &wrong).await.unwrap_err();
        assert_eq!(reason(&refusal), "SECOND_FACTOR_WRONG");
    }
    // From any address: whoever knows the password may have many.
    let request =
        pb::CompleteLoginRequest { challenge_token: challenge, code: now(&fixture.secret) };
    let refusal = fixture.factor.complete_login(from("198.51.100.1", request)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    fixture.service.mails.wait(EMAIL, "several wrong codes in a row", 1).await;

    let challenge = fixture.challenge().await;
    let code = fixture.recovery_codes[0].clone();
    fixture.complete(&challenge, &code).await.unwrap();
}

#[tokio::test]
async fn whoever_guesses_challenges_is_stopped() {
    let service = Service::with_limits(100, 3).await;
    let mut factor = Factor::new(service.near());
    let guess = || pb::CompleteLoginRequest {
        challenge_token: "a guess".to_owned(),
        code: "123456".to_owned(),
    };
    for _ in 0..3 {
        let refusal = factor.complete_login(from("203.0.113.9", guess())).await.unwrap_err();
        assert_eq!(reason(&refusal), "CHALLENGE_INVALID");
    }
    let refusal = factor.complete_login(from("203.0.113.9", guess())).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn taking_it_off_takes_the_password_and_a_code() {
    let mut fixture = Fixture::enrolled().await;
    let disable = |password: &str, code: String| pb::DisableSecondFactorRequest {
        password: password.to_owned(),
        code,
    };
    let (right, wrong) = (now(&fixture.secret), other_than(&fixture.secret));
    for request in [disable("wrongpassword", right.clone()), disable(PASSWORD, wrong)] {
        let refusal =
            fixture.factor.disable_second_factor(by(&fixture.token, request)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
    }
    let request = pb::EnrolTotpRequest { password: PASSWORD.to_owned() };
    let refusal = fixture.factor.enrol_totp(by(&fixture.token, request)).await.unwrap_err();
    assert_eq!(reason(&refusal), "SECOND_FACTOR_ENABLED");

    let request = by(&fixture.token, disable(PASSWORD, right));
    fixture.factor.disable_second_factor(request).await.unwrap();
    assert!(!fixture.state().await.is_enabled);
    fixture.service.mails.wait(EMAIL, "was taken off", 1).await;
    let session = fixture.auth.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    assert!(!session.access_token.is_empty());
}

#[tokio::test]
async fn a_challenge_ends_with_the_password_that_it_was_made_for() {
    let mut fixture = Fixture::enrolled().await;
    let challenge = fixture.challenge().await;
    let mut credentials =
        pb::credential_service_client::CredentialServiceClient::new(fixture.service.near());
    let change = pb::ChangePasswordRequest {
        current_password: PASSWORD.to_owned(),
        new_password: "a horse of another colour".to_owned(),
    };
    credentials.change_password(by(&fixture.token, change)).await.unwrap();
    let code = now(&fixture.secret);
    let refusal = fixture.complete(&challenge, &code).await.unwrap_err();
    assert_eq!(reason(&refusal), "CHALLENGE_INVALID");
}

#[tokio::test]
async fn the_database_does_not_hold_the_secret() {
    let fixture = Fixture::enrolled().await;
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed_secret FROM second_factor")
        .fetch_one(&fixture.service.pool)
        .await
        .unwrap();
    assert!(!sealed.windows(8).any(|part| fixture.secret.windows(8).any(|known| known == part)));
}

#[tokio::test]
async fn after_a_change_of_the_secret_key_the_refusal_of_a_code_says_what_is_left() {
    let mut fixture = Fixture::enrolled().await;
    let env = Env::of_pairs([
        ("SECRET_KEY", "6b51d431df5d7f141cbececcf79edf3d"),
        ("ELENCHUS_DATA_DIR", "/nowhere"),
    ]);
    let heir = fixture.service.replica(Settings::from_env(&env).unwrap()).await;
    fixture.auth = Client::new(heir.transport());
    fixture.factor = Factor::new(heir.transport());
    let challenge = fixture.challenge().await;
    let code = now(&fixture.secret);
    let refusal = fixture.complete(&challenge, &code).await.unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refusal), "SECOND_FACTOR_UNREADABLE");
    let code = fixture.recovery_codes[0].clone();
    fixture.complete(&challenge, &code).await.unwrap();
}
