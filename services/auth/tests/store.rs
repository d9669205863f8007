//! What the store promises, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use elenchus_auth::domain::{EmailAddress, Error, Origin, Profile, SessionId, User};
use elenchus_auth::opaque_token::{OpaqueToken, TokenHash};
use elenchus_auth::store::{
    EndReason, MIGRATOR, NewAccount, NewSession, Opened, Rotation, SessionLifetime, Store,
};
use elenchus_postgres::Failure;
use elenchus_sealed::Sealer;
use elenchus_testkit::postgres::{TestDatabase, database};
use secrecy::SecretString;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;

const DAY: Duration = Duration::from_secs(24 * 3600);
const LIFETIME: SessionLifetime = SessionLifetime { idle: DAY, absolute: DAY.saturating_mul(30) };
const PHC: &str = "a PHC string";

struct Fixture {
    _database: TestDatabase,
    pool: PgPool,
    store: Store,
}

impl Fixture {
    async fn new() -> Self {
        let (database, pool) = database("auth", &MIGRATOR).await;
        elenchus_outbox::migrate(&pool).await.unwrap();
        Self { _database: database, store: store(&pool), pool }
    }

    async fn user(&self) -> User {
        insert(&self.store, "ada@example.com").await.unwrap()
    }

    /// A session and its first token.
    async fn session(&self) -> (SessionId, TokenHash) {
        let (user, token) = (self.user().await, token());
        let new = NewSession {
            user_id: user.user_id,
            verified: PHC,
            fresh: None,
            token,
            challenge: self::token(),
            origin: &Origin::default(),
        };
        let opened = self.store.open_session(new).await.unwrap();
        let Some(Opened::Session(_, session)) = opened else { panic!("{opened:?}") };
        (session, token)
    }

    async fn is_alive(&self, session: SessionId) -> bool {
        self.store.authority(session).await.unwrap().is_some()
    }

    async fn rotate(&self, presented: TokenHash, successor: TokenHash) -> Result<Rotation, Error> {
        self.store.rotate(presented, successor, &Origin::default()).await
    }

    async fn count(&self, table: &'static str) -> i64 {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }

    /// As if so many days had passed for the sessions.
    async fn age(&self, column: &'static str, days: i32) {
        let query = sqlx::AssertSqlSafe(format!(
            "UPDATE session SET {column} = {column} - make_interval(days => $1)"
        ));
        sqlx::query(query).bind(days).execute(&self.pool).await.unwrap();
    }
}

fn store(pool: &PgPool) -> Store {
    let sealer = Sealer::new(&SecretString::from("9f86d081884c7d659a2feaa0c55ad015")).unwrap();
    Store::new(pool.clone(), LIFETIME, sealer)
}

async fn insert(store: &Store, email: &str) -> Result<User, Error> {
    let profile = Profile::parse("Ada", "", "").unwrap();
    let (email, token) = (EmailAddress::parse(email).unwrap(), OpaqueToken::generate().unwrap());
    let new = NewAccount {
        email: &email,
        password_hash: PHC,
        profile: &profile,
        verification: &token,
        is_superuser: false,
        actor: None,
    };
    store.insert_account(new, &Origin::default()).await
}

fn token() -> TokenHash {
    OpaqueToken::generate().unwrap().hash()
}

fn is_rotated(rotation: &Rotation) -> bool {
    matches!(rotation, Rotation::Rotated(..))
}

#[tokio::test]
async fn an_address_has_one_account_however_it_is_spelt_and_whoever_is_first() {
    let fixture = Fixture::new().await;
    let mut registrations = JoinSet::new();
    for spelling in ["ada@example.com", "Ada@Example.com", "ADA@EXAMPLE.COM", "ada@EXAMPLE.com"] {
        let store = fixture.store.clone();
        registrations.spawn(async move { insert(&store, spelling).await });
    }
    let outcomes = registrations.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(
        outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::EmailTaken))).count(),
        3
    );

    let made = outcomes.into_iter().find_map(Result::ok).unwrap();
    let spelling = EmailAddress::parse("aDa@example.com").unwrap();
    let found = fixture.store.find_account(&spelling).await.unwrap().unwrap();
    assert_eq!(found.user, made);
    assert_eq!(fixture.store.find_user(made.user_id).await.unwrap(), Some(made));
}

#[tokio::test]
async fn a_session_and_its_event_are_kept_together_or_not_at_all() {
    let fixture = Fixture::new().await;
    let (session, _) = fixture.session().await;
    assert!(fixture.is_alive(session).await);
    assert_eq!((fixture.count("session").await, fixture.count("outbox").await), (1, 1));

    // The account was found, and then its password was changed or it was closed.
    let ada = EmailAddress::parse("ada@example.com").unwrap();
    let user = fixture.store.find_account(&ada).await.unwrap().unwrap().user;
    assert!(user.last_login_at.is_some());
    let origin = Origin::default();
    let new = |verified| NewSession {
        user_id: user.user_id,
        verified,
        fresh: None,
        token: token(),
        challenge: token(),
        origin: &origin,
    };
    assert_eq!(fixture.store.open_session(new("an older hash")).await.unwrap(), None);
    assert!(fixture.store.set_active(user.user_id, false).await.unwrap());
    assert_eq!(fixture.store.open_session(new(PHC)).await.unwrap(), None);
    assert_eq!((fixture.count("session").await, fixture.count("outbox").await), (1, 1));
}

#[tokio::test]
async fn a_fresh_hash_replaces_the_outdated_one() {
    let fixture = Fixture::new().await;
    let user_id = fixture.user().await.user_id;
    let new = NewSession {
        user_id,
        verified: PHC,
        fresh: Some("fresh"),
        token: token(),
        challenge: token(),
        origin: &Origin::default(),
    };
    fixture.store.open_session(new).await.unwrap().unwrap();
    let ada = EmailAddress::parse("ada@example.com").unwrap();
    assert_eq!(fixture.store.find_account(&ada).await.unwrap().unwrap().password_hash, "fresh");
}

#[tokio::test]
async fn a_token_works_once_and_its_second_use_ends_the_session() {
    let fixture = Fixture::new().await;
    let (session, first) = fixture.session().await;
    let (second, third) = (token(), token());
    assert!(is_rotated(&fixture.rotate(first, second).await.unwrap()));
    assert!(is_rotated(&fixture.rotate(second, third).await.unwrap()));

    assert_eq!(fixture.rotate(first, token()).await.unwrap(), Rotation::Reused(session));
    assert!(!fixture.is_alive(session).await);
    assert_eq!(fixture.rotate(third, token()).await.unwrap(), Rotation::Refused);
    assert_eq!(fixture.rotate(token(), token()).await.unwrap(), Rotation::Refused);
}

#[tokio::test]
async fn a_lost_answer_may_be_asked_for_again_until_its_token_is_used() {
    let fixture = Fixture::new().await;
    let (session, first) = fixture.session().await;
    let (lost, again) = (token(), token());
    assert!(is_rotated(&fixture.rotate(first, lost).await.unwrap()));
    assert!(is_rotated(&fixture.rotate(first, again).await.unwrap()));
    assert!(fixture.is_alive(session).await);

    // The lost token is void: if it comes, it was not lost, and two parties share the session.
    assert_eq!(fixture.rotate(lost, token()).await.unwrap(), Rotation::Reused(session));
    assert_eq!(fixture.rotate(again, token()).await.unwrap(), Rotation::Refused);
}

#[tokio::test]
async fn a_thousand_refreshes_at_once_leave_one_token_that_works() {
    let fixture = Fixture::new().await;
    let (session, first) = fixture.session().await;
    let mut refreshes = JoinSet::new();
    for _ in 0..1000 {
        let store = fixture.store.clone();
        refreshes.spawn(async move {
            let successor = token();
            (successor, store.rotate(first, successor, &Origin::default()).await)
        });
    }
    let mut rotated = Vec::new();
    for (token, outcome) in refreshes.join_all().await {
        match outcome {
            Ok(outcome) => {
                assert!(is_rotated(&outcome), "{outcome:?}");
                rotated.push(token);
            }
            // A machine that is busy keeps some waiting for a connection for too long.
            Err(Error::Store(Failure::Unreachable(_))) => {}
            Err(error) => panic!("{error}"),
        }
    }

    let live: Vec<u8> = sqlx::query_scalar("SELECT token_hash FROM session")
        .fetch_one(&fixture.pool)
        .await
        .unwrap();
    let is_live = |token: &TokenHash| token.as_ref() == live;
    let (live, void): (Vec<_>, Vec<_>) = rotated.into_iter().partition(is_live);
    assert_eq!(live.len(), 1, "{} are void", void.len());
    assert!(is_rotated(&fixture.rotate(live[0], token()).await.unwrap()));
    let Some(void) = void.first() else { return };
    assert_eq!(fixture.rotate(*void, token()).await.unwrap(), Rotation::Reused(session));
}

#[tokio::test]
async fn an_idle_session_ends_and_a_refresh_keeps_it_up() {
    let fixture = Fixture::new().await;
    let (session, first) = fixture.session().await;
    sqlx::query("UPDATE session SET last_used_at = now() - interval '23 hours'")
        .execute(&fixture.pool)
        .await
        .unwrap();
    let second = token();
    assert!(is_rotated(&fixture.rotate(first, second).await.unwrap()));
    sqlx::query("UPDATE session SET last_used_at = last_used_at - interval '23 hours'")
        .execute(&fixture.pool)
        .await
        .unwrap();
    assert!(fixture.is_alive(session).await);

    fixture.age("last_used_at", 1).await;
    assert!(!fixture.is_alive(session).await);
    assert_eq!(fixture.rotate(second, token()).await.unwrap(), Rotation::Refused);
}

#[tokio::test]
async fn a_session_ends_after_its_time_and_is_forgotten_a_month_later() {
    let fixture = Fixture::new().await;
    let (session, first) = fixture.session().await;
    fixture.age("expires_at", 30).await;
    assert!(!fixture.is_alive(session).await);
    assert_eq!(fixture.rotate(first, token()).await.unwrap(), Rotation::Refused);

    fixture.age("expires_at", 29).await;
    assert_eq!(fixture.store.delete_old_sessions(10).await.unwrap(), 0);
    fixture.age("expires_at", 1).await;
    assert_eq!(fixture.store.delete_old_sessions(10).await.unwrap(), 1);
    assert_eq!((fixture.count("session").await, fixture.count("refresh_token").await), (0, 0));
}

#[tokio::test]
async fn a_closed_account_has_no_session_that_works() {
    let fixture = Fixture::new().await;
    let (session, first) = fixture.session().await;
    let ada = EmailAddress::parse("ada@example.com").unwrap();
    let user = fixture.store.find_account(&ada).await.unwrap().unwrap().user;
    fixture.store.set_active(user.user_id, false).await.unwrap();
    assert!(!fixture.is_alive(session).await);
    assert_eq!(fixture.rotate(first, token()).await.unwrap(), Rotation::Refused);
}

#[tokio::test]
async fn an_ended_session_keeps_its_first_reason() {
    let fixture = Fixture::new().await;
    let (session, first) = fixture.session().await;
    fixture.store.end_session(session, EndReason::Logout, &Origin::default()).await.unwrap();
    fixture.store.end_session(session, EndReason::TokenReuse, &Origin::default()).await.unwrap();
    assert_eq!(fixture.rotate(first, token()).await.unwrap(), Rotation::Refused);
    let reason: String = sqlx::query_scalar("SELECT ended_reason FROM session")
        .fetch_one(&fixture.pool)
        .await
        .unwrap();
    assert_eq!(reason, "logout");
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_from_a_mistake() {
    let nowhere = PgPoolOptions::new()
        .acquire_timeout(Duration::from_secs(1))
        .connect_lazy("postgres://nobody@127.0.0.1:1/nothing")
        .unwrap();
    let store = store(&nowhere);
    assert!(matches!(
        insert(&store, "ada@example.com").await,
        Err(Error::Store(Failure::Unreachable(_)))
    ));
    assert!(!store.is_reachable().await);
}
