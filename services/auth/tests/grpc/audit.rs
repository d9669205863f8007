//! What happens to accounts and sessions is recorded, and its readers see what is theirs.

use std::time::Duration;

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::audit_service_client::AuditServiceClient;
use elenchus_rpc::page::NEXT_PAGE_TOKEN;
use tonic::{Code, Request};

use crate::service::{Client, EMAIL, PASSWORD, Service, by, from, login, refresh, registration};

fn page(limit: i32, page_token: &str) -> pb::ListMyAuditEventsRequest {
    pb::ListMyAuditEventsRequest { skip: 0, limit: Some(limit), page_token: page_token.to_owned() }
}

/// The record of the token's owner, newest first, once it has so many events.
async fn recorded(service: &Service, access_token: &str, count: usize) -> Vec<pb::AuditEvent> {
    let mut client = AuditServiceClient::new(service.near());
    loop {
        let answer = client.list_my_audit_events(by(access_token, page(200, ""))).await.unwrap();
        let events = answer.into_inner().events;
        if events.len() >= count {
            return events;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn with_agent<T>(mut request: Request<T>) -> Request<T> {
    request.metadata_mut().insert("user-agent", "curl/8.5".parse().unwrap());
    request.metadata_mut().insert("x-request-id", "request-1".parse().unwrap());
    request
}

#[tokio::test]
async fn a_user_sees_what_was_done_to_the_account_from_where_and_how_it_ended() {
    let service = Service::start().await;
    let mut client = Client::new(service.near());
    client.register(from("192.0.2.1", registration(EMAIL))).await.unwrap();
    client.login(from("203.0.113.9", login(EMAIL, "wrongpassword"))).await.unwrap_err();
    let sign_in = with_agent(from("192.0.2.1", login(EMAIL, PASSWORD)));
    let first = client.login(sign_in).await.unwrap().into_inner();
    let gone = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    client.logout(by(&gone.access_token, pb::LogoutRequest {})).await.unwrap();
    let stolen = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    let next = client.refresh(refresh(&stolen.refresh_token)).await.unwrap().into_inner();
    client.refresh(refresh(&next.refresh_token)).await.unwrap();
    client.refresh(from("203.0.113.9", refresh(&stolen.refresh_token))).await.unwrap_err();

    let mut events = recorded(&service, &first.access_token, 7).await;
    events.sort_by(|a, b| (&a.act, &a.outcome, &a.id).cmp(&(&b.act, &b.outcome, &b.id)));
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.act.as_str(), event.outcome.as_str(), event.actor_kind.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("account.register", "succeeded", "user"),
            ("session.end", "succeeded", "user"),
            ("session.open", "refused", "nobody"),
            ("session.open", "succeeded", "user"),
            ("session.open", "succeeded", "user"),
            ("session.open", "succeeded", "user"),
            ("session.refresh", "refused", "nobody"),
        ]
    );
    let me = first.user.unwrap().id;
    assert!(events.iter().all(|event| event.user_id == me && event.occurred_at.is_some()));
    let reason = |event: &pb::AuditEvent| format!("{:?}", event.details);
    assert!(reason(&events[2]).contains("WRONG_CREDENTIALS") && events[2].address == "203.0.113.9");
    let opened = &events[3];
    assert_eq!(
        (opened.address.as_str(), opened.user_agent.as_str(), opened.request_id.as_str()),
        ("192.0.2.1", "curl/8.5", "request-1")
    );
    assert!(reason(&events[6]).contains("REFRESH_TOKEN_REUSED"));
    assert_eq!(events[6].subject_id, events[5].subject_id);
}

#[tokio::test]
async fn nobody_sees_the_record_of_another_and_a_long_one_is_read_by_page() {
    let service = Service::start().await;
    let mut client = Client::new(service.near());
    client.register(registration(EMAIL)).await.unwrap();
    client.register(registration("bob@example.com")).await.unwrap();
    for _ in 0..4 {
        client.login(login(EMAIL, PASSWORD)).await.unwrap();
    }
    let bob = client.login(login("bob@example.com", PASSWORD)).await.unwrap().into_inner();
    assert_eq!(recorded(&service, &bob.access_token, 2).await.len(), 2);

    let ada = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    let all = recorded(&service, &ada.access_token, 6).await;
    let mut audit = AuditServiceClient::new(service.near());
    let (mut read, mut token) = (Vec::new(), String::new());
    loop {
        let request = by(&ada.access_token, page(4, &token));
        let answer = audit.list_my_audit_events(request).await.unwrap();
        let next =
            answer.metadata().get(NEXT_PAGE_TOKEN).map(|next| next.to_str().unwrap().to_owned());
        read.extend(answer.into_inner().events);
        let Some(next) = next else { break };
        token = next;
    }
    assert_eq!(read, all);
    let nobody = audit.list_my_audit_events(page(4, "")).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn guessing_does_not_fill_the_record_and_is_seen_in_it() {
    let service = Service::start().await;
    let mut client = Client::new(service.near());
    client.register(registration(EMAIL)).await.unwrap();
    for _ in 0..40 {
        client.login(login(EMAIL, "wrongpassword")).await.unwrap_err();
    }
    // The stop waits for what is being recorded.
    service.shutdown.finish(Duration::from_secs(30)).await;
    let refused: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_event WHERE outcome = 'refused'")
            .fetch_one(&service.pool)
            .await
            .unwrap();
    assert!((30..40).contains(&refused), "{refused}");
}

#[tokio::test]
async fn the_record_is_only_added_to() {
    let service = Service::start().await;
    let mut client = Client::new(service.near());
    client.register(from("192.0.2.1", registration(EMAIL))).await.unwrap();
    for change in [
        "UPDATE audit_event SET outcome = 'refused'",
        "UPDATE audit_event SET address = '192.0.2.2'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
    ] {
        let refusal = sqlx::query(change).execute(&service.pool).await.unwrap_err();
        assert!(refusal.to_string().contains("only added to"), "{change}: {refusal}");
    }
}
