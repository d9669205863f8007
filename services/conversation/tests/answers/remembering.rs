//! Long conversations: a model is told what its budget of tokens holds, the newest word for word.

use std::sync::{Arc, Mutex};

use elenchus_llm::{Extractive, Models, Prompt, count_tokens};
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;

use crate::mesh::{Mesh, Node, until};
use crate::model::{Hired, Scribe};

/// The least that can be set.
const BUDGET: usize = 500;
const SOURCE: &str = "The tenant shall pay the rent on the first day of each month.";

fn long(words: &str) -> String {
    format!("{words} {}", "and what does the lease say about the rent of the mill ".repeat(8))
}

async fn ask(node: &Node, content: &str, conversation: &str, after: &str) -> Vec<pb::ChatEvent> {
    let question = pb::StreamChatRequest {
        content: content.to_owned(),
        conversation_id: conversation.to_owned(),
        after_message_id: after.to_owned(),
        sources: vec![SOURCE.to_owned()],
        ..pb::StreamChatRequest::default()
    };
    node.put(question).await.rest().await
}

async fn summary(node: &Node, conversation: &str) -> String {
    let request = pb::GetConversationRequest { conversation_id: conversation.to_owned() };
    let answer = node.client().get_conversation(node.of_user(request)).await.unwrap();
    answer.into_inner().conversation.unwrap().context_summary
}

fn history(events: &[pb::ChatEvent]) -> pb::History {
    let history = |event: &pb::ChatEvent| match &event.payload {
        Some(Payload::Retrieval(retrieval)) => retrieval.history,
        _ => None,
    };
    events.iter().find_map(history).unwrap()
}

fn tokens(prompt: &Prompt) -> usize {
    let texts = prompt.history.iter().map(|turn| &turn.text).chain([&prompt.summary]);
    texts.map(|text| count_tokens("gpt-4o", text).tokens).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_is_told_in_tokens_and_its_beginning_summed_up() {
    let scribe = Arc::new(Scribe { answer: long("It says"), told: Mutex::default() });
    let models = Models::new(Arc::new(Hired(Arc::clone(&scribe))), Vec::new());
    let mesh = Mesh::with_models(models.remembering(BUDGET)).await;
    let node = mesh.node().await;
    let first = ask(&node, &long("question 1"), "", "").await;
    let started = first[0].clone();
    let Some(Payload::Started(started)) = started.payload else { panic!("{started:?}") };
    let id = started.conversation_id;
    assert_eq!(history(&first), pb::History::default());
    let second = history(&ask(&node, "short", &id, "").await);
    assert_eq!((second.messages, second.is_summarised), (2, false));
    for number in 3..=8 {
        ask(&node, &long(&format!("question {number}")), &id, "").await;
    }
    until("the conversation is summed up", async || !summary(&node, &id).await.is_empty()).await;

    let last = history(&ask(&node, "And now?", &id, "").await);
    let told = scribe.questions();
    for prompt in &told {
        assert!(tokens(prompt) <= BUDGET, "{} tokens: {prompt:?}", tokens(prompt));
    }
    let prompt = told.last().unwrap();
    assert!(prompt.summary.starts_with("Summed up: "), "{prompt:?}");
    assert_eq!(prompt.history.last().unwrap().text, long("It says"), "word for word");
    assert!(prompt.history.iter().all(|turn| !turn.text.starts_with("question 1")), "{prompt:?}");
    let messages = i32::try_from(prompt.history.len()).unwrap();
    assert_eq!((last.messages, last.is_summarised), (messages, true));
    if !last.is_estimated {
        assert_eq!(usize::try_from(last.tokens).unwrap(), tokens(prompt));
    }

    ask(&node, "branch", &id, &started.message_id).await;
    let branch = scribe.questions().pop().unwrap();
    assert_eq!(branch.summary, "", "the other branch is not told of");
    assert_eq!(branch.history.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_language_model_the_beginning_is_quoted() {
    let models = Models::new(Arc::new(Extractive), Vec::new()).remembering(200);
    let mesh = Mesh::with_models(models).await;
    let node = mesh.node().await;
    let mut id = String::new();
    for _ in 1..=6 {
        let events = ask(&node, "When does the tenant pay the rent?", &id, "").await;
        let Some(Payload::Started(started)) = &events[0].payload else { panic!("{events:?}") };
        id.clone_from(&started.conversation_id);
    }
    until("the conversation is summed up", async || !summary(&node, &id).await.is_empty()).await;
    let summary = summary(&node, &id).await;
    assert!(summary.contains("User: When does the tenant pay the rent?"), "{summary}");
    assert!(summary.contains("Assistant: “The tenant shall pay the rent"), "{summary}");
    assert!(summary.chars().count() <= 200, "{summary}");
}
