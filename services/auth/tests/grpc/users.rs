//! Accounts looked after: one's own, and by superusers everybody's.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use elenchus_cache::Cache;
use elenchus_proto::json;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::audit_service_client::AuditServiceClient;
use elenchus_proto::pb::auth::v1::personal_data_service_client::PersonalDataServiceClient;
use elenchus_proto::pb::auth::v1::token_service_client::TokenServiceClient;
use elenchus_proto::pb::auth::v1::user_service_client::UserServiceClient;
use elenchus_rpc::Transport;
use elenchus_rpc::page::NEXT_PAGE_TOKEN;
use elenchus_rpc::session::Credential;
use elenchus_rpc::session::ended::{self, Memory};
use elenchus_rpc::token::OpaqueToken;
use elenchus_settings::Env;
use serde_json::{Value, json};
use tonic::Code;

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, by, from, login, refresh, registration};

const BOSS: &str = "boss@example.com";

type Users = UserServiceClient<Transport>;

/// Signs somebody up and in.
async fn sign_in(service: &Service, email: &str) -> pb::LoginResponse {
    let mut client = Client::new(service.near());
    client.register(registration(email)).await.unwrap();
    client.login(login(email, PASSWORD)).await.unwrap().into_inner()
}

/// A superuser, as the operator's command line makes one.
async fn superuser(service: &Service, email: &str) -> pb::LoginResponse {
    let mut client = Client::new(service.near());
    client.register(registration(email)).await.unwrap();
    sqlx::query("UPDATE account SET is_superuser = true WHERE email = $1")
        .bind(email)
        .execute(&service.pool)
        .await
        .unwrap();
    client.login(login(email, PASSWORD)).await.unwrap().into_inner()
}

fn id(pair: &pb::LoginResponse) -> String {
    pair.user.as_ref().unwrap().id.clone()
}

fn change(user_id: &str) -> pb::UpdateUserRequest {
    pb::UpdateUserRequest { user_id: user_id.to_owned(), ..Default::default() }
}

fn active(user_id: &str, is_active: bool) -> pb::UpdateUserRequest {
    pb::UpdateUserRequest { is_active: Some(is_active), ..change(user_id) }
}

fn in_charge(user_id: &str, is_superuser: bool) -> pb::UpdateUserRequest {
    pb::UpdateUserRequest { is_superuser: Some(is_superuser), ..change(user_id) }
}

#[tokio::test]
async fn a_user_changes_what_is_named_of_the_profile_and_nothing_else() {
    let service = Service::start().await;
    let me = sign_in(&service, EMAIL).await;
    let mut users = Users::new(service.near());
    let change = pb::UpdateMyAccountRequest {
        full_name: Some(" Ada Lovelace ".to_owned()),
        role: Some(String::new()),
        ..Default::default()
    };
    let changed = users.update_my_account(by(&me.access_token, change)).await.unwrap();
    let changed = changed.into_inner().user.unwrap();
    let profile =
        (changed.full_name.as_str(), changed.organization.as_str(), changed.role.as_str());
    assert_eq!(profile, ("Ada Lovelace", "Test Corp", ""));
    let read =
        users.get_my_account(by(&me.access_token, pb::GetMyAccountRequest {})).await.unwrap();
    assert_eq!(read.into_inner().user, Some(changed));

    let long =
        pb::UpdateMyAccountRequest { organization: Some("x".repeat(201)), ..Default::default() };
    let refusal = users.update_my_account(by(&me.access_token, long)).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::InvalidArgument, "INVALID_FIELD")
    );
}

#[tokio::test]
async fn preferences_are_replaced_whole_and_bounded() {
    let service = Service::start().await;
    let me = sign_in(&service, EMAIL).await;
    let mut users = Users::new(service.near());
    let set = |value: Value| {
        by(&me.access_token, pb::SetMyPreferencesRequest { preferences: json::to_struct(value) })
    };
    let get = || by(&me.access_token, pb::GetMyPreferencesRequest {});
    let read =
        |object: Option<prost_types::Struct>| Value::Object(json::from_struct(object.unwrap()));
    let first = users.get_my_preferences(get()).await.unwrap().into_inner();
    assert_eq!(read(first.preferences), json!({}));

    users.set_my_preferences(set(json!({"theme": "dark", "size": 12}))).await.unwrap();
    let second = json!({"columns": ["a", null, {"b": 1.5}]});
    let answer = users.set_my_preferences(set(second.clone())).await.unwrap().into_inner();
    assert_eq!(read(answer.preferences), second);
    for wrong in [json!({"a": "x".repeat(20_000)}), json!({"a": "\0"})] {
        let refusal = users.set_my_preferences(set(wrong)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
    }
    let kept = users.get_my_preferences(get()).await.unwrap().into_inner();
    assert_eq!(read(kept.preferences), second);
}

#[tokio::test]
async fn superusers_find_accounts_by_what_is_known_of_them() {
    let service = Service::start().await;
    let boss = superuser(&service, BOSS).await;
    let mut users = Users::new(service.near());
    let mut ids = vec![id(&boss)];
    for email in ["ada@example.com", "Bob@Example.com", "carl_%@example.com"] {
        ids.insert(0, id(&sign_in(&service, email).await));
    }
    let roles = pb::SetUserRolesRequest { user_id: ids[2].clone(), roles: vec!["auditor".into()] };
    users.set_user_roles(by(&boss.access_token, roles)).await.unwrap();
    users.update_user(by(&boss.access_token, active(&ids[1], false))).await.unwrap();

    let mut list = async |request: pb::ListUsersRequest| -> Vec<String> {
        let answer = users.list_users(by(&boss.access_token, request)).await.unwrap().into_inner();
        answer.users.into_iter().map(|user| user.id).collect()
    };
    let all = pb::ListUsersRequest::default;
    assert_eq!(list(all()).await, ids);
    for (request, expected) in [
        (pb::ListUsersRequest { q: " bob@EXAMPLE".into(), ..all() }, &ids[1..2]),
        (pb::ListUsersRequest { q: "test user".into(), ..all() }, &ids[..]),
        // What LIKE would take for a pattern is text.
        (pb::ListUsersRequest { q: "_%".into(), ..all() }, &ids[0..1]),
        (pb::ListUsersRequest { q: "nobody".into(), ..all() }, &[]),
        (pb::ListUsersRequest { is_active: Some(false), ..all() }, &ids[1..2]),
        (pb::ListUsersRequest { is_superuser: Some(true), ..all() }, &ids[3..]),
        (pb::ListUsersRequest { has_role: "auditor".into(), ..all() }, &ids[2..3]),
        (pb::ListUsersRequest { skip: 1, limit: Some(2), ..all() }, &ids[1..3]),
    ] {
        assert_eq!(list(request.clone()).await, expected, "{request:?}");
    }

    let page = pb::ListUsersRequest { limit: Some(3), ..all() };
    let first = users.list_users(by(&boss.access_token, page.clone())).await.unwrap();
    let token = first.metadata().get(NEXT_PAGE_TOKEN).unwrap().to_str().unwrap().to_owned();
    let rest = pb::ListUsersRequest { page_token: token, ..page };
    let rest = users.list_users(by(&boss.access_token, rest)).await.unwrap();
    assert!(rest.metadata().get(NEXT_PAGE_TOKEN).is_none());
    assert_eq!(rest.into_inner().users[0].id, ids[3]);
}

#[tokio::test]
async fn who_is_no_superuser_neither_sees_nor_changes_another() {
    let service = Service::start().await;
    let boss = superuser(&service, BOSS).await;
    let me = sign_in(&service, EMAIL).await;
    let (mut users, mut audit) =
        (Users::new(service.near()), AuditServiceClient::new(service.near()));
    let (token, other) = (me.access_token.as_str(), id(&boss));
    let roles = pb::SetUserRolesRequest { user_id: id(&me), roles: vec!["auditor".into()] };
    let get = pb::GetUserRequest { user_id: other.clone() };
    for refusal in [
        users.list_users(by(token, pb::ListUsersRequest::default())).await.unwrap_err(),
        users.get_user(by(token, get.clone())).await.unwrap_err(),
        users.update_user(by(token, active(&other, false))).await.unwrap_err(),
        users.update_user(by(token, in_charge(&id(&me), true))).await.unwrap_err(),
        users.set_user_roles(by(token, roles)).await.unwrap_err(),
        audit
            .list_audit_events(by(token, pb::ListAuditEventsRequest::default()))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refusal.code(), Code::PermissionDenied);
    }
    assert_eq!(users.get_user(get).await.unwrap_err().code(), Code::Unauthenticated);

    for nobody in ["01890000-0000-7000-8000-000000000000", "7", ""] {
        let get = pb::GetUserRequest { user_id: nobody.to_owned() };
        let refusal = users.get_user(by(&boss.access_token, get)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        let refusal = users.update_user(by(&boss.access_token, active(nobody, false))).await;
        assert_eq!(refusal.unwrap_err().code(), Code::NotFound);
    }
}

#[tokio::test]
async fn a_deactivated_account_is_out_at_once_and_its_old_sessions_stay_ended() {
    let service = Service::start().await;
    let boss = superuser(&service, BOSS).await;
    let me = sign_in(&service, EMAIL).await;
    let mut client = Client::new(service.near());
    let mut users = Users::new(service.near());
    let mut peer = service.as_service(service.near());
    let session = service.settings.keys.verify_access(&me.access_token).await.unwrap().sid;
    let ask = || pb::CheckSessionRequest { session_id: session.to_string() };
    assert!(peer.check_session(ask()).await.unwrap().into_inner().is_active);

    users.update_user(by(&boss.access_token, active(&id(&me), false))).await.unwrap();
    assert!(!peer.check_session(ask()).await.unwrap().into_inner().is_active);
    let refusal = client.refresh(refresh(&me.refresh_token)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::Unauthenticated);
    let refusal = client.login(login(EMAIL, PASSWORD)).await.unwrap_err();
    assert_eq!(reason(&refusal), "USER_INACTIVE");

    users.update_user(by(&boss.access_token, active(&id(&me), true))).await.unwrap();
    assert!(!peer.check_session(ask()).await.unwrap().into_inner().is_active);
    client.login(login(EMAIL, PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn somebody_is_always_in_charge() {
    let service = Service::start().await;
    let boss = superuser(&service, BOSS).await;
    let mut users = Users::new(service.near());
    let token = boss.access_token.as_str();
    for (request, expected) in [
        (active(&id(&boss), false), "OWN_ACCOUNT"),
        (in_charge(&id(&boss), false), "LAST_SUPERUSER"),
    ] {
        let refusal = users.update_user(by(token, request)).await.unwrap_err();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::FailedPrecondition, expected)
        );
    }

    // Two who put each other out of charge at once.
    let other = superuser(&service, "other@example.com").await;
    let (mut theirs, mut mine) = (users.clone(), users.clone());
    let outcomes = tokio::join!(
        mine.update_user(by(token, in_charge(&id(&other), false))),
        theirs.update_user(by(&other.access_token, in_charge(&id(&boss), false))),
    );
    let outcomes = [outcomes.0, outcomes.1];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM account WHERE is_superuser")
        .fetch_one(&service.pool)
        .await
        .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn an_auditor_reads_the_whole_record_and_administers_nothing() {
    let service = Service::start().await;
    let boss = superuser(&service, BOSS).await;
    let me = sign_in(&service, EMAIL).await;
    let (mut users, mut audit) =
        (Users::new(service.near()), AuditServiceClient::new(service.near()));
    let mut read = async || {
        let all = by(&me.access_token, pb::ListAuditEventsRequest::default());
        audit.list_audit_events(all).await.map(|answer| answer.into_inner().events)
    };
    let refusal = read().await.unwrap_err();
    assert_eq!((refusal.code(), &*reason(&refusal)), (Code::PermissionDenied, "ROLE_REQUIRED"));

    let roles = |roles: &[&str]| pb::SetUserRolesRequest {
        user_id: id(&me),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    };
    users.set_user_roles(by(&boss.access_token, roles(&["auditor"]))).await.unwrap();
    let events = read().await.unwrap();
    assert!(events.iter().any(|event| event.user_id == id(&boss)), "{events:?}");
    assert_eq!(events[0].act, "account.set_roles");
    let list = by(&me.access_token, pb::ListUsersRequest::default());
    assert_eq!(users.list_users(list).await.unwrap_err().code(), Code::PermissionDenied);
    let more = by(&me.access_token, in_charge(&id(&me), true));
    assert_eq!(users.update_user(more).await.unwrap_err().code(), Code::PermissionDenied);

    users.set_user_roles(by(&boss.access_token, roles(&[]))).await.unwrap();
    assert_eq!(read().await.unwrap_err().code(), Code::PermissionDenied);
}

/// Writes down what it is told of.
#[derive(Default)]
struct Told(Mutex<HashSet<Credential>>);

#[async_trait]
impl Memory for Told {
    async fn forget(&self, credential: Credential) {
        self.0.lock().unwrap().insert(credential);
    }

    fn doubt(&self) {}
}

impl Told {
    /// Waits until it was told of all of these since it was last asked.
    async fn until(&self, what: &str, credentials: &[Credential]) {
        let patience = Instant::now() + Duration::from_secs(20);
        while !credentials.iter().all(|one| self.0.lock().unwrap().contains(one)) {
            assert!(Instant::now() < patience, "nobody was told: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.0.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn every_process_is_told_whose_credentials_open_something_else() {
    let Some(redis) = elenchus_testkit::redis::url() else { return };
    let service = Service::with(&[("REDIS_URL", &redis)]).await;
    let cache = Cache::from_env(&Env::of_pairs([("REDIS_URL", redis)])).unwrap();
    let told = Arc::new(Told::default());
    ended::heed(&cache, Arc::clone(&told), &service.shutdown);
    let marker = Credential::Session(uuid::Uuid::now_v7());
    let patience = Instant::now() + Duration::from_secs(20);
    while !told.0.lock().unwrap().contains(&marker) {
        assert!(Instant::now() < patience, "nothing is heard");
        ended::tell(&cache, marker).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let boss = superuser(&service, BOSS).await;
    let mut users = Users::new(service.near());
    let roles = |of: &str| pb::SetUserRolesRequest {
        user_id: of.to_owned(),
        roles: vec!["auditor".to_owned()],
    };
    let [mine, theirs] = [EMAIL, "closed@example.com"].map(|email| Held::by(&service, email));
    let (mine, theirs) = (mine.await, theirs.await);
    users.set_user_roles(by(&boss.access_token, roles(&mine.user_id))).await.unwrap();
    told.until("other roles", &mine.credentials).await;
    for (what, change) in [
        ("in charge", in_charge(&mine.user_id, true)),
        ("deactivated", active(&mine.user_id, false)),
    ] {
        users.update_user(by(&boss.access_token, change)).await.unwrap();
        told.until(what, &mine.credentials).await;
    }
    let close = by(&boss.access_token, pb::DeleteUserRequest { user_id: theirs.user_id.clone() });
    PersonalDataServiceClient::new(service.near()).delete_user(close).await.unwrap();
    told.until("closed", &theirs.credentials).await;
}

/// Somebody's session and API token.
struct Held {
    user_id: String,
    credentials: [Credential; 2],
}

impl Held {
    async fn by(service: &Service, email: &str) -> Self {
        let pair = sign_in(service, email).await;
        let session = service.settings.keys.verify_access(&pair.access_token).await.unwrap().sid;
        let new = pb::CreateTokenRequest {
            name: "CI".to_owned(),
            scopes: vec!["documents.read".to_owned()],
            expires_in_days: None,
        };
        let mut tokens = TokenServiceClient::new(service.near());
        let made = tokens.create_token(by(&pair.access_token, new)).await.unwrap().into_inner();
        let token = OpaqueToken::parse(&made.token).unwrap();
        let credentials = [Credential::Session(session), Credential::Token(token.hash())];
        Self { user_id: id(&pair), credentials }
    }
}

#[tokio::test]
async fn superusers_read_the_whole_record_and_the_owner_does_not_learn_where_they_sit() {
    let service = Service::start().await;
    let boss = superuser(&service, BOSS).await;
    let me = sign_in(&service, EMAIL).await;
    let (mut users, mut audit) =
        (Users::new(service.near()), AuditServiceClient::new(service.near()));
    let mut update = from("192.0.2.77", in_charge(&id(&me), true));
    let token = format!("Bearer {}", boss.access_token);
    update.metadata_mut().insert("authorization", token.parse().unwrap());
    users.update_user(update).await.unwrap();

    let mut list = async |request: pb::ListAuditEventsRequest| {
        audit
            .list_audit_events(by(&boss.access_token, request))
            .await
            .map(|it| it.into_inner().events)
    };
    let all = pb::ListAuditEventsRequest::default;
    let made = list(pb::ListAuditEventsRequest { actor_id: id(&boss), user_id: id(&me), ..all() })
        .await
        .unwrap();
    assert_eq!(made.len(), 1);
    let made = &made[0];
    assert_eq!(
        (made.act.as_str(), made.address.as_str()),
        ("account.make_superuser", "192.0.2.77")
    );
    assert_eq!(list(all()).await.unwrap().len(), 5);
    let opened = pb::ListAuditEventsRequest { act: "session.open".into(), ..all() };
    assert_eq!(list(opened).await.unwrap().len(), 2);
    let refused = pb::ListAuditEventsRequest { outcome: "refused".into(), ..all() };
    assert_eq!(list(refused).await.unwrap().len(), 0);
    let since = pb::ListAuditEventsRequest { since: made.occurred_at, ..all() };
    assert_eq!(list(since).await.unwrap(), std::slice::from_ref(made));
    let until = pb::ListAuditEventsRequest { until: made.occurred_at, ..all() };
    assert_eq!(list(until).await.unwrap().len(), 4);
    let wrong = pb::ListAuditEventsRequest { user_id: "7".into(), ..all() };
    assert_eq!(list(wrong).await.unwrap_err().code(), Code::InvalidArgument);

    let mine = audit
        .list_my_audit_events(by(&me.access_token, pb::ListMyAuditEventsRequest::default()))
        .await
        .unwrap()
        .into_inner()
        .events;
    assert_eq!((mine[0].id.as_str(), mine[0].address.as_str()), (made.id.as_str(), ""));
    assert_eq!(mine[0].actor_id, id(&boss));
}
