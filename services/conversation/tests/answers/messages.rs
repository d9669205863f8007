//! Messages are searched, rated and answered once more, by their owner alone.

use std::sync::Arc;

use elenchus_llm::{Models, Role};
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use tonic::Code;

use crate::mesh::{Mesh, Node};
use crate::model::{Clerk, Employed, Quoter};

const SOURCE: &str = "The tenant pays the rent on the first day.";

async fn mesh(clerk: &Arc<Clerk>) -> Mesh {
    Mesh::with_models(Models::new(Arc::new(Employed(Arc::clone(clerk))), Vec::new())).await
}

/// A model that says of every question what the source says of the rent.
fn clerk() -> Arc<Clerk> {
    Clerk::noting("rent", "")
}

async fn asked(node: &Node, content: &str, conversation_id: &str, after: &str) -> pb::Message {
    let request = pb::ChatRequest {
        content: content.to_owned(),
        conversation_id: conversation_id.to_owned(),
        after_message_id: after.to_owned(),
        sources: vec![SOURCE.to_owned()],
        ..pb::ChatRequest::default()
    };
    let answer = node.client().chat(node.of_user(request)).await.unwrap().into_inner();
    answer.message.unwrap()
}

async fn regenerated(node: &Node, message_id: &str) -> pb::Message {
    let request = pb::RegenerateMessageRequest {
        message_id: message_id.to_owned(),
        sources: vec![SOURCE.to_owned()],
        ..pb::RegenerateMessageRequest::default()
    };
    let stream = node.of_messages().regenerate_message(node.of_user(request)).await.unwrap();
    let (mut stream, mut last) = (stream.into_inner(), None);
    while let Some(message) = stream.message().await.unwrap() {
        last = message.event;
    }
    match last.unwrap().payload {
        Some(Payload::Completed(completed)) => completed.message.unwrap(),
        other => panic!("the last event is {other:?}"),
    }
}

/// What the user had asked before, as the model was told with its last question.
fn history(clerk: &Clerk) -> Vec<String> {
    let told = clerk.told.lock().unwrap();
    let turns = &told.last().unwrap().history;
    turns.iter().filter(|turn| turn.role == Role::User).map(|turn| turn.text.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_has_several_answers_and_a_conversation_several_branches() {
    let clerk = clerk();
    let mesh = mesh(&clerk).await;
    let node = mesh.node().await;
    let first = asked(&node, "first", "", "").await;
    let id = first.conversation_id.clone();
    let second = asked(&node, "second", &id, "").await;
    assert_eq!(history(&clerk), ["first"]);

    let again = regenerated(&node, &second.id).await;
    assert_eq!((&again.parent_id, again.sequence), (&second.parent_id, 5));
    assert_ne!(again.id, second.id);
    assert_eq!(history(&clerk), ["first"], "the question itself is not its own history");
    asked(&node, "third", &id, "").await;
    assert_eq!(history(&clerk), ["first", "second"], "it goes on from the newer answer");

    let branch = asked(&node, "other", &id, &first.id).await;
    assert_eq!(history(&clerk), ["first"], "what was said on the other branch is not told");
    let messages = node.messages(&id).await;
    let places: Vec<i32> = messages.iter().map(|message| message.sequence).collect();
    assert_eq!(places, (1..=9).collect::<Vec<_>>(), "one strict order over all branches");
    let question = messages.iter().find(|message| message.id == branch.parent_id).unwrap();
    assert_eq!((question.content.as_str(), &question.parent_id), ("other", &first.id));
    assert_eq!(messages[0].parent_id, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_can_be_put_otherwise_also_the_first() {
    let clerk = clerk();
    let mesh = mesh(&clerk).await;
    let node = mesh.node().await;
    let first = asked(&node, "first", "", "").await;
    let id = first.conversation_id.clone();
    let second = asked(&node, "second", &id, "").await;
    let otherwise = |content: &str, earlier: &str| pb::ChatRequest {
        content: content.to_owned(),
        conversation_id: id.clone(),
        instead_of_message_id: earlier.to_owned(),
        ..pb::ChatRequest::default()
    };
    let put = async |request| node.client().chat(node.of_user(request)).await;
    let source = vec![SOURCE.to_owned()];
    for (content, earlier, told) in
        [("better", &first.parent_id, vec![]), ("closer", &second.parent_id, vec!["first"])]
    {
        let request = pb::ChatRequest { sources: source.clone(), ..otherwise(content, earlier) };
        let answer = put(request).await.unwrap().into_inner().message.unwrap();
        assert_eq!(history(&clerk), told, "{content}");
        let messages = node.messages(&id).await;
        let find = |id: &str| messages.iter().find(|message| message.id == id).unwrap().clone();
        assert_eq!(find(&answer.parent_id).parent_id, find(earlier).parent_id, "{content}");
        let next = asked(&node, "next", &id, &answer.id).await;
        assert_eq!(history(&clerk), [told.clone(), vec![content]].concat(), "goes on from it");
        assert_eq!(next.conversation_id, id);
    }
    let both =
        pb::ChatRequest { after_message_id: first.id.clone(), ..otherwise("x", &second.parent_id) };
    for (request, code) in [
        (both, Code::InvalidArgument),
        (otherwise("x", &first.id), Code::FailedPrecondition),
        (otherwise("x", &id), Code::NotFound),
    ] {
        assert_eq!(put(request).await.unwrap_err().code(), code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_ones_own_answers_can_be_answered_again_or_gone_on_from() {
    let mesh = mesh(&clerk()).await;
    let node = mesh.node().await;
    let answer = asked(&node, "first", "", "").await;
    let again = |message_id: &str| pb::RegenerateMessageRequest {
        message_id: message_id.to_owned(),
        ..pb::RegenerateMessageRequest::default()
    };
    let mut messages = node.of_messages();
    let stranger = node.of_stranger(again(&answer.id));
    assert_eq!(messages.regenerate_message(stranger).await.err().unwrap().code(), Code::NotFound);
    let question = node.of_user(again(&answer.parent_id));
    let refusal = messages.regenerate_message(question).await.err().unwrap();
    assert_eq!(refusal.code(), Code::FailedPrecondition);

    let elsewhere = asked(&node, "elsewhere", "", "").await;
    let request = pb::ChatRequest {
        content: "next".to_owned(),
        conversation_id: answer.conversation_id,
        after_message_id: elsewhere.id,
        ..pb::ChatRequest::default()
    };
    let refusal = node.client().chat(node.of_user(request)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound, "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_rated_and_the_last_word_counts() {
    let mesh = mesh(&clerk()).await;
    let node = mesh.node().await;
    let answer = asked(&node, "Who pays?", "", "").await;
    assert_eq!(answer.feedback, None);
    let rating = |message_id: &str, rating: &str, comment: &str| pb::RateMessageRequest {
        message_id: message_id.to_owned(),
        rating: rating.to_owned(),
        comment: comment.to_owned(),
    };
    let mut messages = node.of_messages();
    messages.rate_message(node.of_user(rating(&answer.id, "up", ""))).await.unwrap();
    let last = node.of_user(rating(&answer.id, "down", "It left out the deposit."));
    let said = messages.rate_message(last).await.unwrap().into_inner().feedback.unwrap();
    assert_eq!((said.rating.as_str(), said.comment.as_str()), ("down", "It left out the deposit."));
    let stored = node.messages(&answer.conversation_id).await.pop().unwrap();
    assert_eq!(stored.feedback, Some(said));

    for (request, code) in [
        (node.of_stranger(rating(&answer.id, "up", "")), Code::NotFound),
        (node.of_user(rating("0", "up", "")), Code::NotFound),
        (node.of_user(rating(&answer.parent_id, "up", "")), Code::FailedPrecondition),
        (node.of_user(rating(&answer.id, "meh", "")), Code::InvalidArgument),
        (node.of_user(rating(&answer.id, "up", &"x".repeat(2_001))), Code::InvalidArgument),
    ] {
        assert_eq!(messages.rate_message(request).await.unwrap_err().code(), code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_ones_own_messages_newest_first() {
    let mesh = mesh(&clerk()).await;
    let node = mesh.node().await;
    let lease = asked(&node, "Who is to pay for repairing the lift?", "", "").await;
    asked(&node, "Nothing of the kind.", "", "").await;
    let search = |q: &str| pb::SearchMessagesRequest { q: q.to_owned(), ..Default::default() };
    let mut messages = node.of_messages();

    let found = messages.search_messages(node.of_user(search("repairs"))).await.unwrap();
    let [hit] = found.get_ref().results.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (&hit.message_id, &hit.conversation_id, hit.is_user),
        (&lease.parent_id, &lease.conversation_id, true)
    );
    let words = &hit.highlights[0];
    let (from, to) = (words.start_char as usize, words.end_char as usize);
    assert_eq!(hit.snippet.chars().skip(from).take(to - from).collect::<String>(), "repairing");

    let page = pb::SearchMessagesRequest { limit: Some(1), is_user: Some(false), ..search("rent") };
    let first = messages.search_messages(node.of_user(page.clone())).await.unwrap();
    let page_token =
        first.metadata().get("x-next-page-token").unwrap().to_str().unwrap().to_owned();
    let next = pb::SearchMessagesRequest { page_token, ..page };
    let second = messages.search_messages(node.of_user(next)).await.unwrap().into_inner();
    let newest = &first.get_ref().results[0];
    assert_eq!(second.results[0].message_id, lease.id, "after {newest:?}");
    assert_ne!(newest.message_id, lease.id);

    let there = pb::SearchMessagesRequest {
        conversation_id: lease.conversation_id.clone(),
        ..search("rent -nothing")
    };
    let there = messages.search_messages(node.of_user(there)).await.unwrap().into_inner();
    assert_eq!(there.results.len(), 1);
    let strange = messages.search_messages(node.of_stranger(search("rent"))).await.unwrap();
    assert!(strange.into_inner().results.is_empty());
    for bad in [" ", "-rent", "lift or -rent"] {
        let refusal = messages.search_messages(node.of_user(search(bad))).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_message_of_a_megabyte_is_found_like_its_beginning() {
    // Phrases lie across every place at which an index might cut, and one at the very end.
    let filler = "The tenant shall pay. ";
    let mut answer = String::from("Herons nest here. ");
    for place in [19_000, 20_000, 100_000, 500_000] {
        let missing = place - 12 - answer.len();
        answer.push_str(&filler.repeat(missing / filler.len() + 1)[..missing]);
        answer.push_str(&format!(" crimson walrus{place} "));
    }
    answer.push_str(&filler.repeat((1_000_000 - answer.len()) / filler.len()));
    answer.push_str("The keeper feeds the gulls at dawn.");
    let quoter = Quoter { answer: answer.clone(), hangs: false };
    let mesh = Mesh::with_models(Models::new(Arc::new(quoter), Vec::new())).await;
    let node = mesh.node().await;
    let long = asked(&node, "Who feeds the birds?", "", "").await;
    assert_eq!(long.content, answer);

    let search = async |q: &str| {
        let request = pb::SearchMessagesRequest { q: q.to_owned(), ..Default::default() };
        let found = node.of_messages().search_messages(node.of_user(request)).await.unwrap();
        let results = found.into_inner().results;
        results.into_iter().filter(|found| found.message_id == long.id).collect::<Vec<_>>()
    };
    let whole = search("\"keeper feeds the gulls\"").await.remove(0);
    assert!(whole.snippet.ends_with("The keeper feeds the gulls at dawn."), "{}", whole.snippet);
    let marked = |highlight: &pb::Highlight| {
        let (from, to) = (highlight.start_char as usize, highlight.end_char as usize);
        whole.snippet.chars().skip(from).take(to - from).collect::<String>()
    };
    let marked: Vec<String> = whole.highlights.iter().map(marked).collect();
    assert_eq!(marked, ["keeper", "feeds", "gulls"]);
    for place in [19_000, 20_000, 100_000, 500_000] {
        assert_eq!(search(&format!("\"crimson walrus{place}\"")).await.len(), 1, "{place}");
    }
    let far_apart = search("herons gulls").await.remove(0);
    assert!(!far_apart.highlights.is_empty(), "{}", far_apart.snippet);
    assert_eq!(search("gulls or unicorns").await.len(), 1);
    for absent in
        ["\"herons gulls\"", "gulls -herons", "herons unicorns", "gulls -\"crimson walrus19000\""]
    {
        assert!(search(absent).await.is_empty(), "{absent}");
    }
}
