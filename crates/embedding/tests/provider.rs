//! Models of providers, well and badly behaved, over both protocols.

use std::num::NonZeroUsize;

use elenchus_embedding::{Embedder, Error, Settings};
use elenchus_settings::Env;
use elenchus_testkit::provider::{Mode, Provider};

const KEY: &str = "a-key-that-stays-here";
const BOTH: [&str; 2] = ["gemini-embedding-001", "text-embedding-3-small"];

fn embedder(provider: &Provider, model: &str, more: &[(&str, &str)]) -> Embedder {
    let (google, openai) = (provider.google_url(), provider.openai_url());
    let pairs = [
        ("EMBEDDING_MODEL", model),
        ("GOOGLE_API_KEY", KEY),
        ("GOOGLE_BASE_URL", &google),
        ("OPENAI_API_KEY", KEY),
        ("OPENAI_BASE_URL", &openai),
        ("EMBEDDING_QUERY_TIMEOUT_SECONDS", "30"),
    ];
    let env = Env::of_pairs(pairs.iter().chain(more).copied());
    Embedder::open(&Settings::from_env(&env).unwrap()).unwrap().unwrap()
}

fn similarity(a: &[f32], b: &[f32]) -> f32 {
    elenchus_embedding::similarity(a, b)
}

#[tokio::test]
async fn both_protocols_give_each_text_its_own_vector_of_length_one() {
    let provider = Provider::start(Mode::Well).await;
    for name in BOTH {
        let embedder = embedder(&provider, name, &[]);
        assert_eq!(embedder.model(), name);
        // More than one request holds.
        let texts: Vec<String> = (0..150).map(|n| format!("clause{n} of lease{}", n * 7)).collect();
        let vectors = embedder.embed_passages(texts.clone()).await.unwrap();
        assert_eq!(vectors.len(), texts.len());
        for (text, vector) in texts.iter().zip(&vectors).step_by(49) {
            let alone = embedder.embed_query(text.clone()).await.unwrap();
            assert!((similarity(vector, vector) - 1.0).abs() < 1e-5);
            assert!(similarity(vector, &alone) > 0.9999, "{name}: {text}");
        }
    }
    let calls = provider.calls();
    for call in &calls {
        assert!(
            call.contains(KEY) && !call.lines().next().unwrap().contains(KEY),
            "not in the URL"
        );
    }
    assert!(calls.iter().any(|call| call.contains("RETRIEVAL_QUERY")));
    assert!(calls.iter().any(|call| call.contains("RETRIEVAL_DOCUMENT")));
}

#[tokio::test]
async fn a_length_that_is_asked_for_is_part_of_the_models_name() {
    let provider = Provider::start(Mode::Well).await;
    for name in BOTH {
        let embedder = embedder(&provider, name, &[("EMBEDDING_DIMENSIONS", "32")]);
        assert_eq!(embedder.model(), format!("{name}@32"));
        assert_eq!(embedder.embed_query("rent".to_owned()).await.unwrap().len(), 32);
    }
}

#[tokio::test]
async fn a_passing_fault_is_asked_again_and_any_other_is_said_without_what_the_provider_said() {
    for name in BOTH {
        let provider = Provider::start(Mode::Recovers(2)).await;
        let embedder = embedder(&provider, name, &[]);
        embedder.embed_passages(vec!["rent".to_owned()]).await.unwrap();
        assert_eq!(provider.calls().len(), 3, "{name}");

        for mode in [
            Mode::Status(401, None),
            Mode::Status(429, Some(60)),
            Mode::Hang,
            Mode::HangAfterHead,
            Mode::CutAt(0),
            Mode::CutAt(120),
            Mode::NotJson,
            Mode::WrongUsage,
        ] {
            provider.behave(mode.clone());
            let is_silent = matches!(mode, Mode::Hang | Mode::HangAfterHead);
            let patience = if is_silent { "1" } else { "30" };
            let embedder = self::embedder(
                &provider,
                name,
                &[("EMBEDDING_QUERY_TIMEOUT_SECONDS", patience), ("EMBEDDING_DIMENSIONS", "64")],
            );
            let error = embedder.embed_query("rent".to_owned()).await.unwrap_err();
            assert!(matches!(error, Error::Provider { .. }), "{name} {mode:?}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
            if let Mode::Status(429, Some(seconds)) = mode {
                assert_eq!(error.retry_after().unwrap().as_secs(), seconds);
            }
        }
    }
}

#[test]
fn threads_are_bounded_by_a_setting() {
    let env = Env::of_pairs([("WORKER_THREADS", "3"), ("EMBEDDING_MODEL", "none")]);
    assert_eq!(Settings::from_env(&env).unwrap().threads, NonZeroUsize::new(3).unwrap());
}
