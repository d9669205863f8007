//! Sign-in by an issuer's word, with two programs that are issuers.

use std::path::Path;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::oidc_service_client::OidcServiceClient;
use elenchus_rpc::Transport;
use elenchus_testkit::program::{Program, workspace};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, by, login, registration};

type Oidc = OidcServiceClient<Transport>;

pub(crate) const CLIENT_SECRET: &str = "a secret between us/and+them";

pub(crate) struct Fixture {
    service: Service,
    auth: Client,
    oidc: Oidc,
    http: reqwest::Client,
    issuer: Program,
}

impl Fixture {
    async fn of(issuer: Program) -> Self {
        let service = Service::with(&[
            ("GOOGLE_CLIENT_ID", "elenchus"),
            ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET),
            ("OIDC_ISSUER", &issuer.first_line),
        ])
        .await;
        let (auth, oidc) = (Client::new(service.near()), Oidc::new(service.near()));
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { service, auth, oidc, http, issuer }
    }

    /// With an issuer where anybody is who they say.
    pub(crate) async fn trusting() -> Self {
        let script = programs().join("oidc_provider.py");
        Self::of(Program::python(&script, &[])).await
    }

    async fn begin(&mut self) -> pb::BeginOidcLoginResponse {
        self.oidc.begin_oidc_login(pb::BeginOidcLoginRequest {}).await.unwrap().into_inner()
    }

    /// Somebody says at the issuer who they are, and is sent back.
    async fn come_back(
        &self,
        request: reqwest::RequestBuilder,
        begun: &pb::BeginOidcLoginResponse,
    ) -> pb::CompleteOidcLoginRequest {
        let answer = request.send().await.unwrap();
        let back = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(back.starts_with("http://localhost:8000/api/v1/auth/google/callback?"), "{back}");
        let uri: reqwest::Url = back.parse().unwrap();
        let of = |name: &str| {
            let found = uri.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let browser_token = begun.browser_token.clone();
        pb::CompleteOidcLoginRequest {
            code: of("code"),
            state: of("state"),
            error: of("error"),
            browser_token,
        }
    }

    pub(crate) async fn complete(
        &mut self,
        request: pb::CompleteOidcLoginRequest,
    ) -> Result<pb::CompleteOidcLoginResponse, Status> {
        self.oidc.complete_oidc_login(request).await.map(tonic::Response::into_inner)
    }

    /// What somebody of whom the trusting issuer says this brings back from there.
    pub(crate) async fn vouched(
        &mut self,
        subject: &str,
        claims: Value,
    ) -> pb::CompleteOidcLoginRequest {
        let user = format!("{}/users/{subject}", self.issuer.first_line);
        self.http.put(user).json(&claims).send().await.unwrap().error_for_status().unwrap();
        let begun = self.begin().await;
        let form = self.http.post(&begun.authorization_url).form(&[("sub", subject)]);
        self.come_back(form, &begun).await
    }

    /// The whole way of somebody of whom the trusting issuer says this.
    async fn sign_in(
        &mut self,
        subject: &str,
        claims: Value,
    ) -> Result<pb::CompleteOidcLoginResponse, Status> {
        let back = self.vouched(subject, claims).await;
        self.complete(back).await
    }
}

fn programs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs")
}

pub(crate) fn claims(email: &str, is_verified: bool) -> Value {
    json!({"email": email, "email_verified": is_verified, "name": "Ada Lovelace"})
}

#[tokio::test]
async fn a_stranger_gets_an_account_and_is_known_again_whatever_the_address() {
    let mut fixture = Fixture::trusting().await;
    let session = fixture.sign_in("ada", claims("Ada@example.com", true)).await.unwrap();
    let user = session.user.unwrap();
    assert_eq!((user.email.as_str(), user.full_name.as_str()), ("Ada@example.com", "Ada Lovelace"));
    assert!(user.email_verified && !user.is_superuser);
    fixture.auth.get_me(by(&session.access_token, pb::GetMeRequest {})).await.unwrap();
    for password in ["", "!", PASSWORD] {
        let refusal = fixture.auth.login(login("ada@example.com", password)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated, "the account has no password");
    }
    let again = fixture.sign_in("ada", claims("moved@example.com", false)).await.unwrap();
    assert_eq!(again.user.unwrap().id, user.id);
}

#[tokio::test]
async fn an_account_is_linked_only_where_both_sides_proved_the_address() {
    let mut fixture = Fixture::trusting().await;
    let account =
        fixture.auth.register(registration(EMAIL)).await.unwrap().into_inner().user.unwrap();

    // A stranger may have registered the address and be waiting for its owner to move in.
    let refusal = fixture.sign_in("test", claims(EMAIL, true)).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal)),
        (Code::FailedPrecondition, "EMAIL_NOT_VERIFIED".into())
    );
    let refusal = fixture.sign_in("other", claims(EMAIL, false)).await.unwrap_err();
    assert_eq!(reason(&refusal), "OIDC_EMAIL_NOT_VERIFIED");

    let token = fixture.service.mails.token(EMAIL, "confirm the address").await;
    let mut credentials =
        pb::credential_service_client::CredentialServiceClient::new(fixture.service.near());
    credentials.verify_email(pb::VerifyEmailRequest { token }).await.unwrap();
    let refusal = fixture.sign_in("other", claims(EMAIL, false)).await.unwrap_err();
    assert_eq!(reason(&refusal), "OIDC_EMAIL_NOT_VERIFIED");
    let session = fixture.sign_in("test", claims("TEST@example.com", true)).await.unwrap();
    assert_eq!(session.user.unwrap().id, account.id);
    fixture.service.mails.wait(EMAIL, "was linked with another sign-in", 1).await;
    fixture.auth.login(login(EMAIL, PASSWORD)).await.unwrap();

    sqlx::query("UPDATE account SET is_active = false")
        .execute(&fixture.service.pool)
        .await
        .unwrap();
    let refusal = fixture.sign_in("test", claims(EMAIL, true)).await.unwrap_err();
    assert_eq!(reason(&refusal), "USER_INACTIVE");
}

#[tokio::test]
async fn an_answer_counts_once_and_in_the_browser_that_asked() {
    let mut fixture = Fixture::trusting().await;
    let (begun, theirs) = (fixture.begin().await, fixture.begin().await);
    let form = fixture.http.post(&begun.authorization_url).form(&[("sub", "ada@example.com")]);
    let back = fixture.come_back(form, &begun).await;
    for wrong in [
        pb::CompleteOidcLoginRequest { browser_token: theirs.browser_token, ..back.clone() },
        pb::CompleteOidcLoginRequest { browser_token: String::new(), ..back.clone() },
        pb::CompleteOidcLoginRequest { state: "guessed".to_owned(), ..back.clone() },
        pb::CompleteOidcLoginRequest { code: "guessed".to_owned(), ..back.clone() },
        pb::CompleteOidcLoginRequest { error: "access_denied".to_owned(), ..back.clone() },
    ] {
        let refusal = fixture.complete(wrong).await.unwrap_err();
        assert_eq!(
            (refusal.code(), reason(&refusal)),
            (Code::Unauthenticated, "OIDC_REFUSED".into())
        );
    }
    // The issuer says nothing of this address being verified.
    let refusal = fixture.complete(back.clone()).await.unwrap_err();
    assert_eq!(reason(&refusal), "OIDC_EMAIL_NOT_VERIFIED");
    assert_eq!(reason(&fixture.complete(back).await.unwrap_err()), "OIDC_REFUSED");
}

#[tokio::test]
async fn a_second_factor_is_demanded_here_too() {
    let mut fixture = Fixture::trusting().await;
    fixture.sign_in("ada", claims("ada@example.com", true)).await.unwrap();
    sqlx::query(
        "INSERT INTO second_factor (user_id, sealed_secret, confirmed_at) SELECT user_id, '', now() FROM account",
    )
    .execute(&fixture.service.pool)
    .await
    .unwrap();
    let answer = fixture.sign_in("ada", claims("ada@example.com", true)).await.unwrap();
    assert!(answer.access_token.is_empty() && answer.second_factor_required.is_some());
}

#[tokio::test]
async fn where_no_issuer_is_set_up_or_answers_that_is_said() {
    let service = Service::start().await;
    let mut oidc = Oidc::new(service.near());
    let refusal = oidc.begin_oidc_login(pb::BeginOidcLoginRequest {}).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal)),
        (Code::Unimplemented, "OIDC_NOT_CONFIGURED".into())
    );

    let mut fixture = Fixture::trusting().await;
    let Fixture { issuer, .. } = &fixture;
    let other = issuer.first_line.replace("localhost", "127.0.0.1");
    let elsewhere = Service::with(&[
        ("GOOGLE_CLIENT_ID", "elenchus"),
        ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET),
        ("OIDC_ISSUER", &format!("{other}/elsewhere")),
    ])
    .await;
    let mut oidc = Oidc::new(elsewhere.near());
    let refusal = oidc.begin_oidc_login(pb::BeginOidcLoginRequest {}).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal)), (Code::Unavailable, "OIDC_UNAVAILABLE".into()));

    // What is known of the issuer is believed for a while; a code cannot be traded without it.
    let begun = fixture.begin().await;
    let form = fixture.http.post(&begun.authorization_url).form(&[("sub", "ada@example.com")]);
    let back = fixture.come_back(form, &begun).await;
    let Fixture { issuer, mut oidc, .. } = fixture;
    drop(issuer);
    let refusal = oidc.complete_oidc_login(back).await.unwrap_err();
    assert_eq!(reason(&refusal), "OIDC_UNAVAILABLE");
}

/// An issuer that signs what it is told.
struct Hostile {
    fixture: Fixture,
    orders: TempDir,
}

impl Hostile {
    async fn new() -> Self {
        let orders = TempDir::new().unwrap();
        let modules = workspace().join("services/elenchus/tests/clients/node_modules");
        let file = orders.path().join("orders.json");
        std::fs::write(&file, "{}").unwrap();
        let mut node = std::process::Command::new("node");
        node.arg(programs().join("oidc_issuer.mjs"));
        let arguments = [modules.to_str().unwrap(), file.to_str().unwrap()];
        let fixture = Fixture::of(Program::start(&mut node, &arguments)).await;
        Self { fixture, orders }
    }

    async fn sign_in(&mut self, mut order: Value) -> Result<pb::CompleteOidcLoginResponse, Status> {
        let good = json!({"aud": "elenchus", "sub": "ada", "email": "ada@example.com", "email_verified": true});
        let mut payload = good.as_object().unwrap().clone();
        payload.extend(order["payload"].as_object().cloned().unwrap_or_default());
        order["payload"] = payload.into();
        std::fs::write(self.orders.path().join("orders.json"), order.to_string()).unwrap();
        let begun = self.fixture.begin().await;
        let visit = self.fixture.http.get(&begun.authorization_url);
        let back = self.fixture.come_back(visit, &begun).await;
        self.fixture.complete(back).await
    }
}

#[tokio::test]
async fn a_token_that_is_forged_altered_stale_or_not_for_us_opens_nothing() {
    let mut hostile = Hostile::new().await;
    hostile.sign_in(json!({})).await.expect("a good token opens an account");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let bad = [
        ("unsigned", json!({"key": "none"})),
        ("signed with the secret that we share", json!({"key": "secret", "secret": CLIENT_SECRET})),
        ("altered", json!({"key": "altered"})),
        ("of an unknown key", json!({"header": {"kid": "unknown"}})),
        ("for somebody else", json!({"payload": {"aud": "another"}})),
        (
            "for several, without saying who asked",
            json!({"payload": {"aud": ["elenchus", "another"]}}),
        ),
        ("asked for by somebody else", json!({"payload": {"azp": "another"}})),
        ("of another issuer", json!({"payload": {"iss": "https://accounts.example.com"}})),
        ("of another question", json!({"payload": {"nonce": "another"}})),
        ("without a nonce", json!({"payload": {"nonce": null}})),
        ("without a subject", json!({"payload": {"sub": null}})),
        ("of nobody", json!({"payload": {"sub": ""}})),
        ("too old", json!({"payload": {"exp": now - 60}})),
        ("without an end", json!({"payload": {"exp": null}})),
        ("of tomorrow", json!({"payload": {"iat": now + 86_400, "exp": now + 90_000}})),
        ("not valid yet", json!({"payload": {"nbf": now + 3600}})),
        ("without a beginning", json!({"payload": {"iat": null}})),
        ("for a code that is refused", json!({"status": 400})),
    ];
    for (what, order) in bad {
        let refusal = hostile.sign_in(order).await.err().unwrap_or_else(|| panic!("{what}"));
        assert_eq!(
            (refusal.code(), reason(&refusal)),
            (Code::Unauthenticated, "OIDC_REFUSED".into()),
            "{what}"
        );
    }
    let unproved =
        json!({"payload": {"sub": "eve", "email": "ada@example.com", "email_verified": "false"}});
    let refusal = hostile.sign_in(unproved).await.unwrap_err();
    assert_eq!(reason(&refusal), "OIDC_EMAIL_NOT_VERIFIED");
    let broken = hostile.sign_in(json!({"status": 503})).await.unwrap_err();
    assert_eq!(reason(&broken), "OIDC_UNAVAILABLE");
    hostile
        .sign_in(json!({"payload": {"aud": ["elenchus", "another"], "azp": "elenchus"}}))
        .await
        .unwrap();
}
