//! Where an account is signed in, as its owner sees it and ends it.

use elenchus_auth::opaque_token::OpaqueToken;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::session_service_client::SessionServiceClient;
use elenchus_rpc::Transport;
use futures_util::future::join_all;
use tonic::{Code, Request};

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, by, from, login, refresh, registration};

type Sessions = SessionServiceClient<Transport>;

const STRANGER: &str = "stranger@example.com";

struct Fixture {
    service: Service,
    auth: Client,
    sessions: Sessions,
}

impl Fixture {
    async fn new() -> Self {
        let service = Service::start().await;
        let mut auth = Client::new(service.near());
        let sessions = Sessions::new(service.near());
        for email in [EMAIL, STRANGER] {
            auth.register(registration(email)).await.unwrap();
        }
        Self { service, auth, sessions }
    }

    async fn sign_in(&mut self, email: &str, device: &str) -> pb::LoginResponse {
        let request = on(device, "192.0.2.7", login(email, PASSWORD));
        self.auth.login(request).await.unwrap().into_inner()
    }

    async fn list(&mut self, token: &str) -> Vec<pb::Session> {
        let request = by(token, pb::ListSessionsRequest {});
        self.sessions.list_sessions(request).await.unwrap().into_inner().sessions
    }

    async fn end(&mut self, token: &str, session_id: &str) -> Result<(), tonic::Status> {
        let request = pb::RevokeSessionRequest { session_id: session_id.to_owned() };
        self.sessions.revoke_session(by(token, request)).await.map(|_| ())
    }

    async fn is_alive(&mut self, session: &pb::LoginResponse) -> bool {
        self.auth.get_me(by(&session.access_token, pb::GetMeRequest {})).await.is_ok()
    }
}

/// As the gateway passes on the call of a device.
fn on<T>(device: &str, address: &str, message: T) -> Request<T> {
    let mut request = from(address, message);
    request.metadata_mut().insert("user-agent", device.parse().unwrap());
    request
}

#[tokio::test]
async fn the_owner_sees_each_sign_in_and_from_where_it_was_last_used() {
    let mut fixture = Fixture::new().await;
    let phone = fixture.sign_in(EMAIL, "Phone").await;
    let laptop = fixture.sign_in(EMAIL, "Laptop").await;
    fixture.sign_in(STRANGER, "Other").await;
    let request = on("Phone 2", "2001:db8::7", refresh(&phone.refresh_token));
    let phone = fixture.auth.refresh(request).await.unwrap().into_inner();

    let listed = fixture.list(&laptop.access_token).await;
    let seen: Vec<_> = listed
        .iter()
        .map(|it| (it.user_agent.as_str(), it.address.as_str(), it.is_current))
        .collect();
    assert_eq!(seen, [("Phone 2", "2001:db8::7", false), ("Laptop", "192.0.2.7", true)]);
    let of = |moment: &Option<prost_types::Timestamp>| moment.unwrap().seconds;
    assert!(of(&listed[0].last_used_at) >= of(&listed[0].created_at));
    assert_eq!(of(&listed[0].expires_at) - of(&listed[0].created_at), 30 * 24 * 3600);
    assert!(fixture.list(&phone.access_token).await[0].is_current);
}

#[tokio::test]
async fn the_owner_ends_one_session_and_nobody_else_does() {
    let mut fixture = Fixture::new().await;
    let phone = fixture.sign_in(EMAIL, "Phone").await;
    let laptop = fixture.sign_in(EMAIL, "Laptop").await;
    let stranger = fixture.sign_in(STRANGER, "Other").await;
    let id = fixture.list(&phone.access_token).await[1].id.clone();

    for (token, id) in [
        (&stranger.access_token, id.as_str()),
        (&laptop.access_token, "0192e4a0-0000-7000-8000-000000000000"),
    ] {
        let refusal = fixture.end(token, id).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal)), (Code::NotFound, "NOT_FOUND".to_owned()));
    }
    let refusal = fixture.end(&laptop.access_token, "one").await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument);
    assert!(fixture.is_alive(&phone).await);

    fixture.end(&laptop.access_token, &id).await.unwrap();
    assert!(!fixture.is_alive(&phone).await);
    assert!(fixture.auth.refresh(refresh(&phone.refresh_token)).await.is_err());
    assert!(fixture.is_alive(&laptop).await);
    let again = fixture.end(&laptop.access_token, &id).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
}

#[tokio::test]
async fn the_owner_signs_out_everywhere_else_or_everywhere() {
    let mut fixture = Fixture::new().await;
    let mut sessions = Vec::new();
    for device in ["One", "Two", "Here"] {
        sessions.push(fixture.sign_in(EMAIL, device).await);
    }
    let stranger = fixture.sign_in(STRANGER, "Other").await;
    let here = sessions[2].access_token.clone();
    let all = |include_current| by(&here, pb::RevokeSessionsRequest { include_current });
    let ended = fixture.sessions.revoke_sessions(all(false)).await.unwrap().into_inner().ended;
    assert_eq!(ended, 2);
    assert!(!fixture.is_alive(&sessions[0]).await && !fixture.is_alive(&sessions[1]).await);
    assert!(fixture.is_alive(&sessions[2]).await);
    fixture.sessions.revoke_sessions(all(true)).await.unwrap();
    assert!(!fixture.is_alive(&sessions[2]).await);
    assert!(fixture.is_alive(&stranger).await);
}

#[tokio::test]
async fn whoever_has_a_copy_of_a_session_ends_it_and_the_owner_is_told() {
    let mut fixture = Fixture::new().await;
    let first = fixture.sign_in(EMAIL, "Phone").await;
    let second = fixture.auth.refresh(refresh(&first.refresh_token)).await.unwrap().into_inner();
    fixture.auth.refresh(refresh(&second.refresh_token)).await.unwrap();
    let reuse = fixture.auth.refresh(refresh(&first.refresh_token)).await.unwrap_err();
    assert_eq!(reason(&reuse), "REFRESH_TOKEN_REUSED");
    fixture.service.mails.wait(EMAIL, "was used from two places at once", 1).await;
}

#[tokio::test]
async fn a_thousand_refreshes_at_once_leave_one_family_that_lives() {
    let mut fixture = Fixture::new().await;
    let first = fixture.sign_in(EMAIL, "Phone").await;
    let refreshes = (0..1000).map(|_| {
        let (mut auth, first) = (fixture.auth.clone(), first.refresh_token.clone());
        async move { auth.refresh(refresh(&first)).await }
    });
    let mut successors = Vec::new();
    for outcome in join_all(refreshes).await {
        match outcome {
            Ok(answer) => successors.push(answer.into_inner()),
            // A machine that is busy turns some away, and nobody for another reason.
            Err(refusal) => assert_eq!(refusal.code(), Code::Unavailable, "{refusal}"),
        }
    }
    assert!(!successors.is_empty());
    assert_eq!(fixture.list(&successors[0].access_token).await.len(), 1);

    let living: Vec<u8> = sqlx::query_scalar(
        "SELECT token_hash FROM session JOIN account USING (user_id) WHERE email = $1",
    )
    .bind(EMAIL)
    .fetch_one(&fixture.service.pool)
    .await
    .unwrap();
    let lives = |answer: &pb::RefreshResponse| {
        OpaqueToken::presented(answer.refresh_token.clone()).hash().as_ref() == living
    };
    let (living, void): (Vec<_>, Vec<_>) = successors.into_iter().partition(lives);
    assert_eq!(living.len(), 1, "{} are void", void.len());
    let next = fixture.auth.refresh(refresh(&living[0].refresh_token)).await.unwrap();
    let Some(void) = void.first() else { return };
    let reuse = fixture.auth.refresh(refresh(&void.refresh_token)).await.unwrap_err();
    assert_eq!(reason(&reuse), "REFRESH_TOKEN_REUSED");
    let heir = next.into_inner().refresh_token;
    assert!(fixture.auth.refresh(refresh(&heir)).await.is_err(), "the family has ended");
}

#[tokio::test]
async fn credentials_are_checked_while_other_work_has_every_connection() {
    let mut fixture = Fixture::new().await;
    let session = fixture.sign_in(EMAIL, "Phone").await;
    let keys = &fixture.service.settings.keys;
    let session_id = keys.verify_access(&session.access_token).await.unwrap().sid.to_string();
    let pool = &fixture.service.pool;
    let mut held = Vec::new();
    // One is with whoever listens to notices.
    while pool.size() < pool.options().get_max_connections() || pool.num_idle() > 0 {
        held.push(pool.acquire().await.unwrap());
    }
    let mut peer = fixture.service.as_service(fixture.service.near());
    let answer = peer.check_session(pb::CheckSessionRequest { session_id }).await.unwrap();
    assert!(answer.into_inner().is_active);
}
