//! The promises of the asynchronous face: order, and questions that do not wait for passages.

mod model;

use std::num::NonZeroUsize;
use std::time::Instant;

use elenchus_embedding::{Embedder, Settings};
use model::{dot, settings};

fn passages(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!("Clause {n}. {}", "The parties agree as follows. ".repeat(40)))
        .collect()
}

#[tokio::test]
async fn passages_come_back_in_order() {
    let Some(settings) = settings() else { return };
    let embedder = Embedder::open(&settings).unwrap().unwrap();
    let texts: Vec<String> = ["rent", "murder", "patent", "divorce", "tax", "will"]
        .map(|subject| format!("A claim about {subject}."))
        .into();
    let vectors = embedder.embed_passages(texts.clone()).await.unwrap();
    assert_eq!(vectors.len(), texts.len());
    for (text, vector) in texts.into_iter().zip(vectors) {
        let alone = embedder.embed_query(text).await.unwrap();
        assert!(dot(&alone, &vector) > 0.9999);
    }
}

#[tokio::test]
async fn a_question_does_not_wait_for_a_flood_of_passages() {
    let Some(settings) = settings() else { return };
    let embedder = Embedder::open(&settings).unwrap().unwrap();
    let flood = embedder.embed_passages(passages(12));
    let question = async {
        let asked = Instant::now();
        embedder.embed_query("When is the rent due?".to_owned()).await.unwrap();
        (asked, Instant::now())
    };
    let finished = async {
        let vectors = flood.await.unwrap();
        (vectors.len(), Instant::now())
    };
    let ((flooded, flood_end), (_, answered)) = tokio::join!(finished, question);
    assert_eq!(flooded, 12);
    assert!(answered < flood_end, "the question waited for the passages");
}

#[tokio::test]
async fn no_passages_need_no_work() {
    let Some(settings) = settings() else { return };
    let embedder = Embedder::open(&settings).unwrap().unwrap();
    assert!(embedder.embed_passages(Vec::new()).await.unwrap().is_empty());
}

#[test]
fn without_a_folder_there_is_no_embedder() {
    let settings = Settings { folder: None, offer: None, threads: NonZeroUsize::MIN };
    assert!(Embedder::open(&settings).unwrap().is_none());
}
