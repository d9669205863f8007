//! A library whose reading is killed with kill -9, again and again: the real program, on real files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::mesh::{Mesh, User};

/// How often it is killed, for those who have the time.
const CRASHES: &str = "ELENCHUS_TEST_CRASHES";
/// A folder of files to read in place of the examples.
const LIBRARY: &str = "ELENCHUS_TEST_LIBRARY";
/// For each file, long after the leases of what was killed have ended.
const PATIENCE: Duration = Duration::from_secs(600);

fn files() -> Vec<PathBuf> {
    let examples = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let folder = std::env::var_os(LIBRARY).map_or_else(examples, PathBuf::from);
    let is_read = |file: &PathBuf| {
        let extension = file.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("pdf" | "docx" | "doc" | "txt" | "rtf"))
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(is_read)
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_killed_while_it_is_read_ends_complete_and_has_each_passage_once() {
    let crashes = std::env::var_os(CRASHES);
    let crashes: u64 = crashes.map_or(1, |count| count.to_str().unwrap().parse().unwrap());
    let mut mesh = Mesh::embedded();
    let mut ids = Vec::new();
    {
        let user = mesh.user("ada@example.com").await;
        for file in files() {
            let name = file.file_name().unwrap().to_str().unwrap();
            let document = user.upload_bytes(name, std::fs::read(&file).unwrap()).await;
            ids.push(document["id"].as_str().unwrap().to_owned());
        }
    }
    assert!(!ids.is_empty());
    for crash in 0..crashes {
        // Each at another moment of the work; whichever it is, the outcome is the same.
        tokio::time::sleep(Duration::from_millis(200 + crash * 337 % 5000)).await;
        mesh.kill_and_restart();
    }
    let user = mesh.login("ada@example.com").await;
    for id in &ids {
        let document = until_read(&user, id).await;
        assert_eq!(document["processing_status"], "completed", "{document}");
        let chunks = all(&user, &format!("/api/v1/documents/{id}/chunks")).await;
        assert_eq!(document["chunk_count"], chunks.len(), "{document}");
        let pages = all(&user, &format!("/api/v1/documents/{id}/pages")).await;
        let pages: Vec<&str> = pages.iter().map(|page| page["content"].as_str().unwrap()).collect();
        let text: Vec<char> = pages.join("\u{c}").chars().collect();
        for (chunk, index) in chunks.iter().zip(0..) {
            assert_eq!(chunk["chunk_index"], index, "{document}");
            let place = |name: &str| usize::try_from(chunk[name].as_u64().unwrap()).unwrap();
            let exact: String = text[place("start_char")..place("end_char")].iter().collect();
            assert_eq!(chunk["content"], exact, "{document}");
        }
    }
}

/// What a killed process held comes back once its lease has ended, which many kills put off.
async fn until_read(user: &User<'_>, id: &str) -> Value {
    let path = format!("/api/v1/documents/{id}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let document = user.get(&path).await;
        if matches!(document["processing_status"].as_str(), Some("completed" | "failed")) {
            return document;
        }
        assert!(Instant::now() < deadline, "it is not read: {document}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Every item of a list.
async fn all(user: &User<'_>, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    loop {
        let next = user.get(&format!("{path}?limit=200&skip={}", items.len())).await;
        let next = next.as_array().unwrap().clone();
        if next.is_empty() {
            return items;
        }
        items.extend(next);
    }
}
