//! Tokens with limited rights: what programs and services may do for a user, and for how long.

use std::time::Duration;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::token_service_client::TokenServiceClient;
use elenchus_rpc::Transport;
use elenchus_rpc::token::OpaqueToken;
use elenchus_rpc::transport::Identity;
use tonic::{Code, Status};

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, by, login, registration};

type Tokens = TokenServiceClient<Transport>;

pub(crate) struct Fixture {
    pub(crate) service: Service,
    auth: Client,
    tokens: Tokens,
    /// The same, as the workflow service calls it.
    workflow: Tokens,
    pub(crate) access: String,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let service = Service::start().await;
        let mut auth = Client::new(service.near());
        auth.register(registration(EMAIL)).await.unwrap();
        let access = sign_in(&mut auth, EMAIL).await;
        let tokens = Tokens::new(service.near());
        let workflow = Identity::new("workflow", service.settings.keys.clone());
        let workflow = Tokens::new(workflow.to("auth", service.near()));
        Self { service, auth, tokens, workflow, access }
    }

    pub(crate) async fn create(&mut self, scopes: &[&str]) -> pb::CreateTokenResponse {
        let request = by(&self.access, wanted(scopes));
        self.tokens.create_token(request).await.unwrap().into_inner()
    }

    async fn me(&mut self, token: &str) -> Result<pb::User, Status> {
        let answer = self.auth.get_me(by(token, pb::GetMeRequest {})).await?;
        Ok(answer.into_inner().user.unwrap())
    }

    pub(crate) async fn grant(&mut self, token: &str, scopes: &[&str]) -> Result<String, Status> {
        let message = pb::IssueGrantRequest {
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            lifetime_seconds: 3600,
        };
        Ok(self.workflow.issue_grant(by(token, message)).await?.into_inner().grant)
    }

    pub(crate) async fn check(&mut self, token: &str) -> pb::CheckTokenResponse {
        let token_hash = OpaqueToken::parse(token).unwrap().hash().to_vec();
        let answer = self.workflow.check_token(pb::CheckTokenRequest { token_hash }).await;
        answer.unwrap().into_inner()
    }

    async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.service.pool).await.unwrap();
    }

    /// The status once it is no longer a success; what has ended may be believed for a second.
    async fn until_refused(&mut self, token: &str) -> Status {
        loop {
            match self.me(token).await {
                Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(status) => return status,
            }
        }
    }
}

async fn sign_in(auth: &mut Client, email: &str) -> String {
    auth.login(login(email, PASSWORD)).await.unwrap().into_inner().access_token
}

fn wanted(scopes: &[&str]) -> pb::CreateTokenRequest {
    pb::CreateTokenRequest {
        name: " the court's calendar ".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires_in_days: Some(30),
    }
}

#[tokio::test]
async fn a_program_calls_with_its_token_and_within_its_scopes() {
    let mut fixture = Fixture::new().await;
    let made = fixture.create(&["profile.read", "documents.read", "documents.read"]).await;
    let shown = made.api_token.unwrap();
    assert!(made.token.starts_with(&shown.prefix) && shown.prefix.starts_with("elk_"));
    assert_eq!(shown.name, "the court's calendar");
    assert_eq!(shown.scopes, ["documents.read", "profile.read"]);

    assert_eq!(fixture.me(&made.token).await.unwrap().email, EMAIL);
    let other = fixture.create(&["documents.read"]).await;
    let beyond = fixture.me(&other.token).await.unwrap_err();
    assert_eq!(
        (beyond.code(), reason(&beyond).as_str()),
        (Code::PermissionDenied, "SCOPE_REQUIRED")
    );
    assert!(beyond.message().contains("profile.read"), "{beyond}");

    // A token makes no tokens, sees none, ends none and no session.
    let more = fixture.tokens.create_token(by(&made.token, wanted(&["profile.read"]))).await;
    assert_eq!(more.unwrap_err().code(), Code::PermissionDenied);
    let list = fixture.tokens.list_tokens(by(&made.token, pb::ListTokensRequest {})).await;
    assert_eq!(list.unwrap_err().code(), Code::PermissionDenied);
    let logout = fixture.auth.logout(by(&made.token, pb::LogoutRequest {})).await;
    assert_eq!(logout.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_token_is_stored_as_a_hash_and_its_use_is_noted_once_a_minute() {
    let mut fixture = Fixture::new().await;
    let made = fixture.create(&["profile.read"]).await;
    let list = pb::ListTokensRequest {};
    let listed = fixture.tokens.list_tokens(by(&fixture.access, list)).await.unwrap();
    let listed = &listed.into_inner().tokens[0];
    assert!(listed.last_used_at.is_none());
    assert!(!format!("{listed:?}").contains(&made.token));
    let stored: String = sqlx::query_scalar("SELECT api_token::text FROM api_token")
        .fetch_one(&fixture.service.pool)
        .await
        .unwrap();
    assert!(!stored.contains(&made.token[12..]), "{stored}");

    for _ in 0..3 {
        assert!(fixture.check(&made.token).await.is_active);
    }
    let writes = "SELECT count(DISTINCT last_used_at) FROM api_token WHERE last_used_at > now() - interval '1 minute'";
    let writes: i64 = sqlx::query_scalar(writes).fetch_one(&fixture.service.pool).await.unwrap();
    assert_eq!(writes, 1);
    let first: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("SELECT last_used_at FROM api_token")
            .fetch_one(&fixture.service.pool)
            .await
            .unwrap();
    fixture.check(&made.token).await;
    let second: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("SELECT last_used_at FROM api_token")
            .fetch_one(&fixture.service.pool)
            .await
            .unwrap();
    assert_eq!(first, second, "a use is written down too often");
}

#[tokio::test]
async fn a_token_ends_when_it_is_revoked_expires_or_its_owner_is_deactivated() {
    let mut fixture = Fixture::new().await;
    fixture.auth.register(registration("stranger@example.com")).await.unwrap();
    let stranger = sign_in(&mut fixture.auth, "stranger@example.com").await;
    let made = fixture.create(&["profile.read"]).await;
    let token_id = made.api_token.unwrap().id;
    fixture.me(&made.token).await.unwrap();

    let revoke = || pb::RevokeTokenRequest { token_id: token_id.clone() };
    let theirs = fixture.tokens.revoke_token(by(&stranger, revoke())).await.unwrap_err();
    assert_eq!(theirs.code(), Code::NotFound);
    let none = pb::RevokeTokenRequest { token_id: "one".to_owned() };
    let none = fixture.tokens.revoke_token(by(&fixture.access, none)).await.unwrap_err();
    assert_eq!((none.code(), none.message()), (Code::NotFound, theirs.message()));
    fixture.me(&made.token).await.unwrap();
    fixture.tokens.revoke_token(by(&fixture.access, revoke())).await.unwrap();
    assert_eq!(fixture.me(&made.token).await.unwrap_err().code(), Code::Unauthenticated);

    let made = fixture.create(&["profile.read"]).await;
    fixture.me(&made.token).await.unwrap();
    fixture.run("UPDATE api_token SET expires_at = now()").await;
    assert_eq!(fixture.until_refused(&made.token).await.code(), Code::Unauthenticated);

    let made = fixture.create(&["profile.read"]).await;
    fixture.me(&made.token).await.unwrap();
    fixture.run("UPDATE account SET is_active = false").await;
    assert_eq!(fixture.until_refused(&made.token).await.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_token_that_cannot_be_names_the_field_and_the_mend() {
    let mut fixture = Fixture::new().await;
    let good = wanted(&["profile.read"]);
    let wrong = [
        ("name", pb::CreateTokenRequest { name: " ".into(), ..good.clone() }, "1 to 100"),
        ("name", pb::CreateTokenRequest { name: "a\nb".into(), ..good.clone() }, "one line"),
        ("scopes", pb::CreateTokenRequest { scopes: vec![], ..good.clone() }, "at least one"),
        (
            "scopes",
            pb::CreateTokenRequest { scopes: vec!["all".into()], ..good.clone() },
            "chat.read",
        ),
        (
            "scopes",
            pb::CreateTokenRequest { scopes: vec!["*".into()], ..good.clone() },
            "chat.read",
        ),
        (
            "expires_in_days",
            pb::CreateTokenRequest { expires_in_days: Some(0), ..good.clone() },
            "1 to 365",
        ),
        (
            "expires_in_days",
            pb::CreateTokenRequest { expires_in_days: Some(366), ..good },
            "1 to 365",
        ),
    ];
    for (field, request, mend) in wrong {
        use tonic_types::StatusExt;
        let refusal = fixture.tokens.create_token(by(&fixture.access, request)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{field}");
        let details = refusal.get_error_details();
        let violation = &details.bad_request().unwrap().field_violations[0];
        assert_eq!(violation.field, field);
        assert!(violation.description.contains(mend), "{}", violation.description);
    }
}

#[tokio::test]
async fn a_grant_holds_no_more_than_the_token_that_it_was_asked_for_with() {
    let mut fixture = Fixture::new().await;
    let access = fixture.access.clone();
    let grant = fixture.grant(&access, &["documents.read"]).await.unwrap();
    let state = fixture.check(&grant).await;
    assert_eq!(
        (state.actor.as_str(), state.scopes),
        ("workflow", vec!["documents.read".to_owned()])
    );

    let token = fixture.create(&["documents.read", "workflows.write"]).await.token;
    fixture.grant(&token, &["documents.read"]).await.unwrap();
    let beyond = fixture.grant(&token, &["documents.read", "assistant.use"]).await.unwrap_err();
    assert_eq!(
        (beyond.code(), reason(&beyond).as_str()),
        (Code::PermissionDenied, "SCOPE_REQUIRED")
    );
    assert!(beyond.message().contains("assistant.use"), "{beyond}");

    let chained = fixture.grant(&grant, &["documents.read"]).await.unwrap_err();
    assert_eq!(chained.code(), Code::PermissionDenied);
    // A user, or the gateway for one, asks in vain.
    let message =
        pb::IssueGrantRequest { scopes: vec!["documents.read".into()], lifetime_seconds: 60 };
    let alone = fixture.tokens.issue_grant(by(&access, message)).await.unwrap_err();
    assert_eq!(alone.code(), Code::Unauthenticated);
    for lifetime_seconds in [0, -1, 30 * 24 * 3600 + 1] {
        let message =
            pb::IssueGrantRequest { scopes: vec!["documents.read".into()], lifetime_seconds };
        let refusal = fixture.workflow.issue_grant(by(&access, message)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn a_grant_outlives_the_session_and_never_the_account() {
    let mut fixture = Fixture::new().await;
    let access = fixture.access.clone();
    let grant = fixture.grant(&access, &["documents.read"]).await.unwrap();
    fixture.auth.logout(by(&access, pb::LogoutRequest {})).await.unwrap();
    assert!(fixture.check(&grant).await.is_active);

    // Whoever is let in again gives leave again.
    fixture.run("UPDATE account SET is_active = false").await;
    fixture.run("UPDATE account SET is_active = true").await;
    assert!(!fixture.check(&grant).await.is_active);

    let access = sign_in(&mut fixture.auth, EMAIL).await;
    let grant = fixture.grant(&access, &["documents.read"]).await.unwrap();
    fixture.run("UPDATE user_grant SET expires_at = now()").await;
    assert!(!fixture.check(&grant).await.is_active);
    let grant = fixture.grant(&access, &["documents.read"]).await.unwrap();
    fixture.run("DELETE FROM account").await;
    assert!(!fixture.check(&grant).await.is_active);
}
