//! A conversation from its beginning to its end, as its owner sees it, and as nobody else does.

use elenchus_proto::pb::conversation::v1 as pb;
use tonic::{Code, Request, Status};

use crate::mesh::{Mesh, Node};

async fn create(node: &Node, title: &str, session_id: &str) -> pb::Conversation {
    let request = pb::CreateConversationRequest {
        title: title.to_owned(),
        session_id: session_id.to_owned(),
        ..pb::CreateConversationRequest::default()
    };
    let made = node.client().create_conversation(node.of_user(request)).await.unwrap();
    made.into_inner().conversation.unwrap()
}

async fn update(
    node: &Node,
    request: Request<pb::UpdateConversationRequest>,
) -> Result<pb::Conversation, Status> {
    let changed = node.client().update_conversation(request).await?;
    Ok(changed.into_inner().conversation.unwrap())
}

/// The titles that are listed.
async fn listed(node: &Node, include_archived: bool) -> Vec<String> {
    let request = pb::ListConversationsRequest { include_archived, ..Default::default() };
    let found = node.client().list_conversations(node.of_user(request)).await.unwrap();
    found.into_inner().conversations.into_iter().map(|found| found.title).collect()
}

fn change(id: &str) -> pb::UpdateConversationRequest {
    pb::UpdateConversationRequest { conversation_id: id.to_owned(), ..Default::default() }
}

fn delete(id: &str) -> pb::DeleteConversationRequest {
    pb::DeleteConversationRequest { conversation_id: id.to_owned() }
}

fn get(id: &str) -> pb::GetConversationRequest {
    pb::GetConversationRequest { conversation_id: id.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_named_renamed_archived_and_deleted() {
    let mesh = Mesh::with_words(1).await;
    let node = mesh.node().await;
    let lease = create(&node, "Lease", "mine").await;
    assert_eq!(create(&node, "Other", "mine").await, lease, "its own name finds it again");
    create(&node, "Will", "").await;

    let renamed =
        pb::UpdateConversationRequest { title: Some("Lease of 1923".into()), ..change(&lease.id) };
    assert_eq!(update(&node, node.of_user(renamed)).await.unwrap().title, "Lease of 1923");
    assert_eq!(listed(&node, false).await, ["Lease of 1923", "Will"], "the last changed first");
    let archive = pb::UpdateConversationRequest { is_archived: Some(true), ..change(&lease.id) };
    assert!(update(&node, node.of_user(archive)).await.unwrap().is_archived);
    assert_eq!(listed(&node, false).await, ["Will"]);
    assert_eq!(listed(&node, true).await, ["Lease of 1923", "Will"]);

    mesh.talker.let_say(1);
    let named = pb::StreamChatRequest {
        content: "Who pays?".to_owned(),
        session_id: "mine".to_owned(),
        sources: vec!["The tenant.".to_owned()],
        ..pb::StreamChatRequest::default()
    };
    let reading = node.put(named).await;
    assert_eq!(reading.started().conversation_id, lease.id, "a question by its own name");
    reading.rest().await;

    node.client().delete_conversation(node.of_user(delete(&lease.id))).await.unwrap();
    let gone = node.client().get_conversation(node.of_user(get(&lease.id))).await.unwrap_err();
    assert_eq!((gone.code(), listed(&node, true).await), (Code::NotFound, vec!["Will".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_finds_no_conversation_whatever_is_tried() {
    let mesh = Mesh::with_words(1).await;
    let node = mesh.node().await;
    let lease = create(&node, "Lease", "").await;
    let client = || node.client();
    let chat = pb::ChatRequest {
        content: "Who pays?".to_owned(),
        conversation_id: lease.id.clone(),
        ..pb::ChatRequest::default()
    };
    let list = pb::ListMessagesRequest { conversation_id: lease.id.clone(), ..Default::default() };
    let refusals = [
        client().get_conversation(node.of_stranger(get(&lease.id))).await.map(drop),
        client().update_conversation(node.of_stranger(change(&lease.id))).await.map(drop),
        client().delete_conversation(node.of_stranger(delete(&lease.id))).await.map(drop),
        client().list_messages(node.of_stranger(list)).await.map(drop),
        client().chat(node.of_stranger(chat)).await.map(drop),
    ];
    for refusal in refusals {
        assert_eq!(refusal.unwrap_err().code(), Code::NotFound);
    }
    assert_eq!(listed(&node, true).await, ["Lease"]);
    assert_eq!(mesh.talker.said.load(std::sync::atomic::Ordering::SeqCst), 0);
}
