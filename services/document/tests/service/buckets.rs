//! Files in buckets. Google's storage is spoken to by its XML interface, which is that of S3, so that one
//! server stands in for both.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use elenchus_testkit::program::Program;
use sqlx::{Connection, PgConnection};
use tonic::Code;
use tonic_types::StatusExt;

use crate::pdf::{Page, pdf};
use crate::service::{Ground, Node, eventually};

/// A part of a multipart upload has 5 MiB at least.
const SEVERAL_PARTS: usize = 12 << 20;

const PATIENCE: Duration = Duration::from_secs(20);
/// What a silent store takes at most, several tries included, with room for a busy machine.
const BOUND: Duration = Duration::from_secs(120);

struct Store {
    _server: Program,
    address: String,
}

impl Store {
    async fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/object_store.py");
        let server = Program::python(&script, &[]);
        let address = server.first_line.clone();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let made = client.put(format!("{address}/briefs")).send().await.unwrap();
        assert!(made.status().is_success());
        Self { _server: server, address }
    }

    async fn listing(&self) -> String {
        let listing = reqwest::get(format!("{}/briefs?list-type=2", self.address)).await.unwrap();
        listing.text().await.unwrap()
    }
}

async fn on_s3(ground: &Ground, address: &str) -> Node {
    ground
        .node_with(&[
            ("S3_BUCKET_NAME", "briefs"),
            ("AWS_ENDPOINT_URL_S3", address),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ])
        .await
}

async fn on_google(ground: &Ground, address: &str) -> Node {
    let credentials = ground.folder.path().join("service-account.json");
    let account = format!(
        r#"{{"gcs_base_url": "{address}", "disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": ""}}"#
    );
    std::fs::write(&credentials, account).unwrap();
    let path = credentials.to_str().unwrap();
    ground.node_with(&[("GCS_BUCKET_NAME", "briefs"), ("GCS_CREDENTIALS_PATH", path)]).await
}

/// In, read, out in part, and gone.
async fn goes_round(store: &Store, node: &Node) {
    let text = pdf(&[Page::Text("The tenant pays the rent on the first day of each month.")]);
    let small = node.read("lease.pdf", &text).await;
    assert_eq!(small.processing_status, "completed", "{small:?}");
    let large: Vec<u8> = (0..SEVERAL_PARTS).map(|at| (at % 251) as u8).collect();
    let large_id = node.upload("large.txt", &large).await.unwrap().id;

    assert_eq!(node.download(&large_id, None).await.unwrap(), large);
    let part = node.download(&large_id, Some("bytes=6000000-6000099")).await.unwrap();
    assert_eq!(part, large[6_000_000..6_000_100]);

    node.delete(&small.id).await.unwrap();
    node.delete(&large_id).await.unwrap();
    eventually("the bucket is empty", async || !store.listing().await.contains("<Key>")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_s3_keeps_files_as_a_folder_does() {
    let (ground, store) = (Ground::new().await, Store::start().await);
    goes_round(&store, &on_s3(&ground, &store.address).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_google_keeps_files_as_a_folder_does() {
    let (ground, store) = (Ground::new().await, Store::start().await);
    goes_round(&store, &on_google(&ground, &store.address).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_reached_is_said_and_loses_nothing() {
    let (mut ground, store) = (Ground::new().await, Store::start().await);
    // A try that counted would be the last.
    ground.attempts = 1;
    let nobody = "http://127.0.0.1:1";
    let node = on_s3(&ground, nobody).await;
    let refused = node.upload("lease.txt", b"The tenant pays the rent.").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(node.list().await.is_empty(), "what was not kept is no document");
    drop(node);

    // A file that was read before, so that only its bytes are needed anew.
    let node = on_s3(&ground, &store.address).await;
    let empty = node.read("empty.txt", b"").await;
    assert_eq!(empty.processing_error_code, "EMPTY");
    drop(node);
    let node = on_s3(&ground, nobody).await;
    node.retry(&empty.id).await.unwrap();
    eventually("its reading was begun", async || {
        node.get(&empty.id).await.processing_status == "processing"
    })
    .await;
    // As long as the reading takes to find out too.
    let unread = node.download(&empty.id, None).await.unwrap_err();
    assert_eq!(unread.code(), Code::Unavailable);
    assert_eq!(node.get(&empty.id).await.processing_status, "processing", "it waits");
    // Killed before, its one try would be used up.
    eventually("its reading is put off", async || is_put_off(&ground, &empty.id).await).await;
    drop(node);
    let node = on_s3(&ground, &store.address).await;
    assert_eq!(node.settled(&empty.id).await.processing_error_code, "EMPTY", "it was read");
}

/// A store that takes connections and says nothing, as one behind a broken load balancer.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_is_said_to_be_away_and_nothing_is_lost() {
    let ground = Ground::new().await;
    // Whoever connects waits in its queue.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let node = on_s3(&ground, &address).await;
    let upload = node.upload("lease.txt", b"The tenant pays the rent.");
    let refused = tokio::time::timeout(BOUND, upload).await.expect("it is bounded").unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let retry = refused.get_error_details().retry_info().cloned();
    assert!(retry.is_some_and(|retry| retry.retry_delay.is_some()), "{refused:?}");
    assert!(node.list().await.is_empty(), "what was not kept is no document");
}

async fn is_put_off(ground: &Ground, document_id: &str) -> bool {
    let mut connection = PgConnection::connect(ground.database.url()).await.unwrap();
    sqlx::query_scalar(
        "SELECT leased_by IS NULL AND due_at > now() FROM document.document WHERE document_id = $1::uuid",
    )
    .bind(document_id)
    .fetch_one(&mut connection)
    .await
    .unwrap()
}
