//! What callers are promised: one script, in this process and over a socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod credentials;
mod forgeries;
mod guessing;
mod mailbox;
mod oidc;
mod rotation;
mod second_factor;
mod secrets;
mod service;
mod sessions;
mod smtp;
mod tls;
mod tokens;
mod users;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_rpc::Transport;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::service::{Client, EMAIL, PASSWORD, Service, by, login, refresh, registration};

#[tokio::test]
async fn the_script_holds_in_this_process() {
    let service = Service::start().await;
    script(&service, service.near()).await;
}

#[tokio::test]
async fn the_script_holds_over_a_socket() {
    let service = Service::start().await;
    let transport = service.far().await;
    script(&service, transport).await;
}

async fn script(service: &Service, transport: Transport) {
    let mut client = Client::new(transport.clone());
    registers_an_address_once(&mut client).await;
    names_the_field_that_is_wrong(&mut client).await;
    tells_nobody_which_addresses_exist(&mut client).await;
    signs_in_and_out(service, &mut client, transport).await;
    trades_a_refresh_token_once(&mut client).await;
    keeps_a_closed_account_out(service, &mut client).await;
}

async fn registers_an_address_once(client: &mut Client) {
    let user = client.register(registration(EMAIL)).await.unwrap().into_inner().user.unwrap();
    assert_eq!((user.email.as_str(), user.full_name.as_str()), (EMAIL, "Test User"));
    assert!(user.is_active && !user.is_superuser && user.last_login.is_none());

    let refusal = client.register(registration("TEST@example.com")).await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument);
    assert_eq!(reason(&refusal), "EMAIL_ALREADY_REGISTERED");
    // The edge answers 422 where there are violations, and this is a 400.
    assert!(refusal.get_error_details().bad_request().is_none());
}

async fn names_the_field_that_is_wrong(client: &mut Client) {
    let good = registration("other@example.com");
    let wrong = [
        ("email", pb::RegisterRequest { email: "nobody".into(), ..good.clone() }),
        ("password", pb::RegisterRequest { password: "short".into(), ..good.clone() }),
        ("password", pb::RegisterRequest { password: "x".repeat(1025), ..good.clone() }),
        ("full_name", pb::RegisterRequest { full_name: "Ada\0".into(), ..good.clone() }),
        ("organization", pb::RegisterRequest { organization: "x".repeat(201), ..good.clone() }),
        ("role", pb::RegisterRequest { role: "x".repeat(201), ..good }),
    ];
    for (field, request) in wrong {
        let refusal = client.register(request).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{field}");
        let details = refusal.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
}

async fn tells_nobody_which_addresses_exist(client: &mut Client) {
    let mut refusals = Vec::new();
    for (username, password) in [
        (EMAIL, "wrongpassword"),
        ("nonexistent@example.com", PASSWORD),
        ("\0", PASSWORD),
        ("", ""),
    ] {
        let refusal = client.login(login(username, password)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
        refusals.push((refusal.message().to_owned(), refusal.details().to_owned()));
    }
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]));
    assert_eq!(refusals[0].0, "incorrect email or password");
}

async fn signs_in_and_out(service: &Service, client: &mut Client, transport: Transport) {
    let nobody = client.get_me(pb::GetMeRequest {}).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);

    let pair = client.login(login(" Test@Example.com", PASSWORD)).await.unwrap().into_inner();
    assert_eq!((pair.token_type.as_str(), pair.expires_in), ("bearer", 1800));
    let user = pair.user.unwrap();
    assert!(user.last_login.is_some());
    let me = client.get_me(by(&pair.access_token, pb::GetMeRequest {})).await.unwrap().into_inner();
    assert_eq!(me.user, Some(user));

    let session = service.settings.keys.verify_access(&pair.access_token).await.unwrap().sid;
    let ask = || pb::CheckSessionRequest { session_id: session.to_string() };
    let mut peer = service.as_service(transport);
    let answer = peer.check_session(ask()).await.unwrap().into_inner();
    assert!(answer.is_active && !answer.is_superuser && answer.roles.is_empty());
    for request in [by(&pair.access_token, ask()), tonic::Request::new(ask())] {
        let refusal = client.check_session(request).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    }
    let bad = pb::CheckSessionRequest { session_id: "one".to_owned() };
    assert_eq!(peer.check_session(bad).await.unwrap_err().code(), Code::InvalidArgument);

    let parting = client.logout(by(&pair.access_token, pb::LogoutRequest {})).await.unwrap();
    assert_eq!(parting.into_inner().message, "Successfully logged out");
    assert!(!peer.check_session(ask()).await.unwrap().into_inner().is_active);
    let late = client.get_me(by(&pair.access_token, pb::GetMeRequest {})).await.unwrap_err();
    assert_eq!((late.code(), reason(&late)), (Code::Unauthenticated, "SESSION_ENDED".to_owned()));
    let late = client.refresh(refresh(&pair.refresh_token)).await.unwrap_err();
    assert_eq!(late.code(), Code::Unauthenticated);
}

async fn trades_a_refresh_token_once(client: &mut Client) {
    let first = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    for not_one in ["", "unknown", first.access_token.as_str()] {
        let refusal = client.refresh(refresh(not_one)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    }
    let second = client.refresh(refresh(&first.refresh_token)).await.unwrap().into_inner();
    assert_eq!((second.token_type.as_str(), second.expires_in), ("bearer", 1800));
    client.get_me(by(&second.access_token, pb::GetMeRequest {})).await.unwrap();
    let third = client.refresh(refresh(&second.refresh_token)).await.unwrap().into_inner();

    let reuse = client.refresh(refresh(&first.refresh_token)).await.unwrap_err();
    assert_eq!(
        (reuse.code(), reason(&reuse)),
        (Code::Unauthenticated, "REFRESH_TOKEN_REUSED".to_owned())
    );
    let heir = client.refresh(refresh(&third.refresh_token)).await.unwrap_err();
    assert_eq!(heir.code(), Code::Unauthenticated);
    let ended = client.get_me(by(&third.access_token, pb::GetMeRequest {})).await.unwrap_err();
    assert_eq!(ended.code(), Code::Unauthenticated);
}

async fn keeps_a_closed_account_out(service: &Service, client: &mut Client) {
    sqlx::query("UPDATE account SET is_active = false").execute(&service.pool).await.unwrap();
    let guess = client.login(login(EMAIL, "wrongpassword")).await.unwrap_err();
    assert_eq!(guess.code(), Code::Unauthenticated);
    let refusal = client.login(login(EMAIL, PASSWORD)).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal)),
        (Code::FailedPrecondition, "USER_INACTIVE".to_owned())
    );
}

#[tokio::test]
async fn what_a_user_may_do_is_what_is_stored_now_and_not_what_they_say_of_themselves() {
    let service = Service::start().await;
    let mut client = Client::new(service.near());
    let boastful = pb::RegisterRequest { role: "auditor".to_owned(), ..registration(EMAIL) };
    client.register(boastful).await.unwrap();
    let pair = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    let claims = service.settings.keys.verify_access(&pair.access_token).await.unwrap();
    let mut peer = service.as_service(service.near());
    let mut roles = async || {
        let ask = pb::CheckSessionRequest { session_id: claims.sid.to_string() };
        let answer = peer.check_session(ask).await.unwrap().into_inner();
        assert_eq!(answer.user_id, claims.sub.to_string());
        (answer.is_superuser, answer.roles)
    };
    assert_eq!(roles().await, (false, vec![]));
    for (change, expected) in [
        (
            "INSERT INTO account_role (user_id, role) SELECT user_id, 'auditor' FROM account",
            (false, vec!["auditor".to_owned()]),
        ),
        ("UPDATE account SET is_superuser = true", (true, vec!["auditor".to_owned()])),
        ("DELETE FROM account_role", (true, vec![])),
        ("UPDATE account SET is_superuser = false", (false, vec![])),
    ] {
        sqlx::query(change).execute(&service.pool).await.unwrap();
        assert_eq!(roles().await, expected, "{change}");
    }
}

#[tokio::test]
async fn of_those_who_want_one_address_at_once_one_gets_it() {
    let service = Service::start().await;
    let registrations = (0..8).map(|_| {
        let mut client = Client::new(service.near());
        async move { client.register(registration(EMAIL)).await }
    });
    let outcomes = futures_util::future::join_all(registrations).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refusal in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(reason(&refusal), "EMAIL_ALREADY_REGISTERED");
    }
}

pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}
