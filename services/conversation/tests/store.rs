//! What the store promises, on a real PostgreSQL.

use std::time::Duration;

use elenchus_conversation::domain::{
    CitationReport, ConversationId, Error, MessageStatus, NewConversation, Place, Question,
    SessionId, Source, Text, Title, Usage,
};
use elenchus_conversation::generation::Failure;
use elenchus_conversation::store::{Abandoned, Asked, Ending, Handover, Kept, MIGRATOR, Store};
use elenchus_rpc::UserId;
use elenchus_rpc::caller::Grant;
use elenchus_rpc::page::Page;
use elenchus_testkit::caller::sealer;
use elenchus_testkit::postgres::{TestDatabase, database};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(60);

async fn store() -> (TestDatabase, Store) {
    let (database, pool) = database("conversation", &MIGRATOR).await;
    elenchus_outbox::migrate(&pool).await.unwrap();
    (database, Store::new(pool, sealer()))
}

fn someone() -> UserId {
    UserId(Uuid::now_v7())
}

fn question(place: Place) -> Question {
    Question {
        content: Text::parse("content", "Who pays?".to_owned()).unwrap(),
        place,
        sources: Vec::new(),
        document_ids: Vec::new(),
        trace_id: String::new(),
        is_detached: false,
        keyed: None,
    }
}

fn ending(content: &str) -> Ending {
    Ending {
        status: MessageStatus::Complete,
        content: content.to_owned(),
        citations: Vec::new(),
        report: CitationReport::default(),
        usage: Usage::default(),
        failure: None,
        last_seq: 1,
        duration: Duration::from_millis(5),
        scored_trace: None,
    }
}

async fn ask(store: &Store, owner: UserId, place: Place, lease: Duration) -> Asked {
    let handover = Handover::default();
    store.ask(owner, &question(place), "model", lease, &handover).await.unwrap().0
}

fn all<K: serde::de::DeserializeOwned>() -> Page<K> {
    Page::parse(0, None, 100, "").unwrap()
}

#[tokio::test]
async fn owners_see_only_their_own() {
    let (_database, store) = store().await;
    let (alice, bob) = (someone(), someone());
    let new = NewConversation {
        title: Title::parse("Lease").unwrap(),
        session_id: SessionId::parse("mine").unwrap(),
        metadata: Default::default(),
    };
    let lease = store.create(alice, &new).await.unwrap();
    assert_eq!(store.create(alice, &new).await.unwrap().id, lease.id, "the name finds it again");
    assert_ne!(store.create(bob, &new).await.unwrap().id, lease.id, "names are each user's own");
    let asked = ask(&store, alice, Place::In(lease.id), LEASE).await;

    assert_eq!(store.find(bob, lease.id).await.unwrap(), None);
    assert!(!store.delete(bob, lease.id).await.unwrap());
    assert!(matches!(
        store.list_messages(bob, lease.id, &all()).await,
        Err(Error::ConversationNotFound)
    ));
    assert!(matches!(store.message(bob, asked.answer_id).await, Err(Error::GenerationNotFound)));
    assert!(matches!(
        store.ask(bob, &question(Place::In(lease.id)), "model", LEASE, &Handover::default()).await,
        Err(Error::ConversationNotFound)
    ));
    assert!(store.delete(alice, lease.id).await.unwrap());
    assert!(matches!(store.message(alice, asked.answer_id).await, Err(Error::GenerationNotFound)));
}

#[tokio::test]
async fn questions_asked_at_once_stand_in_a_strict_order() {
    let (_database, store) = store().await;
    let owner = someone();
    let id = ask(&store, owner, Place::New(None), LEASE).await.conversation_id;
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        askers.spawn(async move { ask(&store, owner, Place::In(id), LEASE).await });
    }
    askers.join_all().await;
    let messages = store.list_messages(owner, id, &all()).await.unwrap();
    let places: Vec<i32> = messages.iter().map(|message| message.sequence).collect();
    assert_eq!(places, (1..=42).collect::<Vec<_>>());
    // A question and its answer are never torn apart.
    assert!(messages.chunks(2).all(|pair| pair[0].is_user && !pair[1].is_user));
}

#[tokio::test]
async fn an_answer_ends_once_whoever_ends_it() {
    let (_database, store) = store().await;
    let owner = someone();
    let asked = ask(&store, owner, Place::New(None), LEASE).await;
    let (ended, events) = store.end(&asked, "model", &ending("Rent.")).await.unwrap().unwrap();
    let again = store.end(&asked, "model", &ending("Rent.")).await.unwrap();
    assert_eq!(again, Some((ended, events)), "a commit whose acknowledgement was lost");
    assert_eq!(store.end(&asked, "model", &ending("Other.")).await.unwrap(), None);
    assert_eq!(store.keep(asked.answer_id, LEASE).await.unwrap(), Kept::Lost);
    assert_eq!(store.message(owner, asked.answer_id).await.unwrap().content, "Rent.");
}

#[tokio::test]
async fn an_answer_without_a_living_maker_is_ended_once_by_many_sweeps() {
    let (_database, store) = store().await;
    let owner = someone();
    let dead = ask(&store, owner, Place::New(None), Duration::ZERO).await;
    let alive = ask(&store, owner, Place::New(None), LEASE).await;
    let mut sweeps = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        sweeps.spawn(async move { store.take_abandoned(4, LEASE).await.unwrap() });
    }
    let taken = sweeps.join_all().await.concat();
    let [abandoned] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!((abandoned.asked.answer_id, abandoned.attempt), (dead.answer_id, 1));
    assert!(store.end_abandoned(abandoned, &broken(abandoned)).await.unwrap());
    assert!(!store.end_abandoned(abandoned, &broken(abandoned)).await.unwrap());
    let status = async |asked: Asked| store.message(owner, asked.answer_id).await.unwrap().status;
    assert_eq!(status(dead).await, MessageStatus::Failed);
    assert_eq!(status(alive).await, MessageStatus::Generating);
    // The maker was only slow, and comes back too late.
    assert_eq!(store.end(&dead, "model", &ending("Late.")).await.unwrap(), None);
}

#[tokio::test]
async fn a_maker_that_comes_back_in_time_keeps_its_answer() {
    let (_database, store) = store().await;
    let owner = someone();
    let slow = ask(&store, owner, Place::New(None), Duration::ZERO).await;
    let taken = store.take_abandoned(4, LEASE).await.unwrap().remove(0);
    assert_eq!(store.keep(slow.answer_id, LEASE).await.unwrap(), Kept::Ours);
    assert!(!store.end_abandoned(&taken, &broken(&taken)).await.unwrap(), "it lives");
    let (ended, _) = store.end(&slow, "model", &ending("Rent.")).await.unwrap().unwrap();
    assert_eq!(ended.content, "Rent.");
}

#[tokio::test]
async fn whoever_finds_an_answer_dies_too_and_is_counted() {
    let (_database, store) = store().await;
    let dead = ask(&store, someone(), Place::New(None), Duration::ZERO).await;
    for attempt in 1..=3 {
        let taken = store.take_abandoned(4, Duration::ZERO).await.unwrap().remove(0);
        assert_eq!((taken.asked.answer_id, taken.attempt), (dead.answer_id, attempt));
    }
}

#[tokio::test]
async fn what_an_answer_is_finished_with_is_sealed_and_goes_with_its_end() {
    let (database, store) = store().await;
    let owner = someone();
    let asked = Question {
        sources: Source::parse_all(vec!["The rent.".to_owned()]).unwrap(),
        ..question(Place::New(None))
    };
    let trace = "0af7651916cd43dd8448eb211c80319c".to_owned();
    let handover = Handover { leave: Grant::parse("a-token"), scored_trace: Some(trace.clone()) };
    store.ask(owner, &asked, "model", Duration::ZERO, &handover).await.unwrap();
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let rows = async || -> Vec<String> {
        let rows = sqlx::query_scalar("SELECT t::text FROM conversation.unfinished_answer t");
        rows.fetch_all(&pool).await.unwrap()
    };
    let [row] = &rows().await[..] else { panic!() };
    assert!(row.contains("The rent.") && !row.contains("a-token"), "{row}");
    assert!(!row.contains(&hex(b"a-token")), "it is not sealed: {row}");

    let taken = store.take_abandoned(4, LEASE).await.unwrap().remove(0);
    assert_eq!(taken.handover.leave.as_ref().unwrap().expose(), "a-token");
    assert_eq!((&taken.sources, &taken.handover.scored_trace), (&asked.sources, &Some(trace)));
    store.end_abandoned(&taken, &broken(&taken)).await.unwrap();
    assert!(rows().await.is_empty(), "nothing of it is kept");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The end of an answer whose maker has died.
fn broken(abandoned: &Abandoned) -> Ending {
    Ending {
        status: abandoned.shown.status(),
        last_seq: abandoned.shown.last_seq,
        failure: Some(Failure::INTERRUPTED),
        ..ending(&abandoned.shown.content)
    }
}

#[tokio::test]
async fn a_conversation_that_is_not_there_is_refused_before_anything_is_asked() {
    let (_database, store) = store().await;
    let place = Place::In(ConversationId(Uuid::now_v7()));
    assert!(matches!(store.context(someone(), &place).await, Err(Error::ConversationNotFound)));
}

#[tokio::test]
async fn a_document_attached_while_it_is_deleted_does_not_stay_attached() {
    let (_database, store) = store().await;
    let owner = someone();
    for number in 0..20 {
        let document = Uuid::now_v7();
        let new = NewConversation {
            title: Title::parse("Lease").unwrap(),
            session_id: SessionId::parse(&number.to_string()).unwrap(),
            metadata: Default::default(),
        };
        let conversation = store.create(owner, &new).await.unwrap();
        let (attached, forgotten) = tokio::join!(
            store.attach(owner, conversation.id, document),
            store.detach_everywhere(owner, document),
        );
        forgotten.unwrap();
        // Whichever came first, the document is in no conversation.
        assert!(matches!(attached, Ok(_) | Err(Error::DocumentNotFound)), "{attached:?}");
        let found = store.find(owner, conversation.id).await.unwrap().unwrap();
        assert!(found.document_ids.is_empty(), "{found:?}");
        let late = store.attach(owner, conversation.id, document).await;
        assert!(matches!(late, Err(Error::DocumentNotFound)), "{late:?}");
    }
}
