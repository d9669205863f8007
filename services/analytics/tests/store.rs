//! What the store promises, on a real PostgreSQL.

use chrono::{DateTime, Days, Utc};
use elenchus_analytics::domain::{Event, Kind, Limit, Period, Status};
use elenchus_analytics::store::{MIGRATOR, Store};
use elenchus_rpc::UserId;
use elenchus_testkit::postgres::database;
use uuid::Uuid;

fn event(user: UserId, kind: Kind, at: DateTime<Utc>) -> Event {
    Event {
        event_id: Uuid::now_v7(),
        user_id: user.0,
        occurred_at: at,
        kind,
        status: Status::Completed,
        subject_id: "subject".to_owned(),
        conversation_id: None,
        name: Some("contract_review".to_owned()),
        model: None,
        prompt_tokens: 0,
        completion_tokens: 0,
        cost_microusd: 0,
        duration_us: None,
        file_size: None,
    }
}

fn answer(user: UserId, at: DateTime<Utc>, tokens: i32, duration_us: i64) -> Event {
    Event {
        prompt_tokens: tokens,
        completion_tokens: 1,
        duration_us: Some(duration_us),
        ..event(user, Kind::AnswerEnded, at)
    }
}

fn this_week() -> Period {
    Period::of_last(7, Utc::now().date_naive()).unwrap()
}

#[tokio::test]
async fn an_event_counts_once_however_often_and_however_many_send_it() {
    let (_database, pool) = database("analytics", &MIGRATOR).await;
    let store = Store::new(pool);
    let user = UserId(Uuid::now_v7());
    let events: Vec<Event> =
        (0..50).map(|tokens| answer(user, Utc::now(), tokens, 1_000)).collect();

    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, events) = (store.clone(), events.clone());
        senders.spawn(async move { store.record(&events).await.unwrap() });
    }
    assert_eq!(senders.join_all().await.iter().sum::<i64>(), 50);

    let usage = store.usage(user, this_week()).await.unwrap();
    assert_eq!((usage.responses, usage.completion_tokens), (50, 50));
    assert_eq!(usage.prompt_tokens, (0..50).sum::<i64>());
    assert_eq!(usage.response_time_us, 50_000);

    store.refresh(user).await.unwrap();
    assert_eq!(store.usage(user, this_week()).await.unwrap(), usage, "the log gives the same sums");
}

#[tokio::test]
async fn a_period_is_whole_utc_days_and_nobody_elses() {
    let (_database, pool) = database("analytics", &MIGRATOR).await;
    let store = Store::new(pool);
    let (user, other) = (UserId(Uuid::now_v7()), UserId(Uuid::now_v7()));
    let midnight = Utc::now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let first = midnight - Days::new(6);
    let just_before = first - chrono::TimeDelta::microseconds(1);
    let asked = |user, at| event(user, Kind::QuestionAsked, at);
    store
        .record(&[asked(user, first), asked(user, just_before), asked(other, first)])
        .await
        .unwrap();
    assert_eq!(store.usage(user, this_week()).await.unwrap().total_queries, 1);
}

#[tokio::test]
async fn a_run_is_one_activity_with_what_became_of_it() {
    let (_database, pool) = database("analytics", &MIGRATOR).await;
    let store = Store::new(pool);
    let user = UserId(Uuid::now_v7());
    let now = Utc::now();
    let started = Event { status: Status::Running, ..event(user, Kind::WorkflowStarted, now) };
    let ended = Event {
        status: Status::Failed,
        duration_us: Some(2_000_000),
        ..event(user, Kind::WorkflowEnded, now + chrono::TimeDelta::seconds(2))
    };
    store.record(&[started, ended]).await.unwrap();
    let activities = store.activity(user, Limit::parse(50).unwrap()).await.unwrap();
    assert_eq!(activities.len(), 1);
    assert_eq!(
        (activities[0].status.as_str(), activities[0].duration_us),
        ("failed", Some(2_000_000))
    );
    let runs = store.runs(user, this_week()).await.unwrap();
    assert_eq!((runs.total, runs.completed, runs.failed), (1, 0, 1));
}
