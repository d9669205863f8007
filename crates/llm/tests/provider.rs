//! Providers, well and badly behaved, over both protocols.

use std::time::Duration;

use elenchus_llm::{ModelError, ModelEvent, Models, Passage, Prompt, Settings, Trouble, Usage};
use elenchus_settings::Env;
use elenchus_testkit::provider::{Mode, Provider, WORDS};
use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

const KEY: &str = "a-key-that-stays-here";

/// Long enough for what is to come on any machine.
const PATIENT: &str = "3600";

/// The settings with which both protocols reach the stand-in.
fn env(provider: &Provider, model: &str) -> Env {
    Env::of_pairs([
        ("GOOGLE_API_KEY", KEY.to_owned()),
        ("OPENAI_API_KEY", KEY.to_owned()),
        ("GOOGLE_BASE_URL", provider.google_url()),
        ("OPENAI_BASE_URL", provider.openai_url()),
        ("DEFAULT_AI_MODEL", model.to_owned()),
        ("MODEL_FIRST_TOKEN_TIMEOUT_SECONDS", PATIENT.to_owned()),
        ("MODEL_TOKEN_TIMEOUT_SECONDS", PATIENT.to_owned()),
        ("MODEL_TIMEOUT_SECONDS", PATIENT.to_owned()),
    ])
}

fn models(env: &Env) -> Models {
    Models::from_settings(&Settings::from_env(env).unwrap()).unwrap()
}

/// What was heard of an answer.
#[derive(Default)]
struct Heard {
    text: String,
    usage: Option<Usage>,
    by: Option<String>,
    trouble: Option<Trouble>,
}

async fn ask(models: &Models) -> Heard {
    let prompt = Prompt {
        question: "Who pays?".to_owned(),
        passages: vec![Passage { text: "The tenant pays.".to_owned(), ..Passage::default() }],
        ..Prompt::default()
    };
    let mut heard = Heard::default();
    let mut events = models.find("").unwrap().answer(prompt);
    while let Some(event) = events.next().await {
        match event {
            Ok(ModelEvent::Delta(text)) => heard.text.push_str(&text),
            Ok(ModelEvent::Usage(usage)) => heard.usage = Some(usage),
            Ok(ModelEvent::AnsweredBy(name)) => heard.by = Some(name),
            Ok(ModelEvent::Citation(_)) => {}
            Err(ModelError { trouble, .. }) => heard.trouble = Some(trouble),
        }
    }
    heard
}

const BOTH: [&str; 2] = ["gemini-1.5-flash", "gpt-4o-mini"];

#[tokio::test]
async fn both_protocols_say_the_words_and_the_counts() {
    let provider = Provider::start(Mode::Well).await;
    for name in BOTH {
        for mode in [Mode::Well, Mode::SlowChunks] {
            provider.behave(mode);
            let heard = ask(&models(&env(&provider, name))).await;
            assert_eq!((heard.text, heard.trouble), (WORDS.concat(), None), "{name}");
            let counts = Usage {
                prompt_tokens: 120,
                completion_tokens: 9,
                cached_tokens: 100,
                reasoning_tokens: 4,
                is_estimated: false,
            };
            assert_eq!(heard.usage, Some(counts), "{name}");
        }
    }
    let call = provider.calls().pop().unwrap();
    assert!(call.contains(KEY) && !call.lines().next().unwrap().contains(KEY), "not in the URL");
    assert!(call.contains("<<source 1 ") && call.contains("Question: Who pays?"), "{call}");
}

#[tokio::test]
async fn every_fault_ends_in_its_own_trouble_and_in_time() {
    let modes = [
        (Mode::Status(429, None), Trouble::RateLimited { retry_after: None }, ""),
        (
            Mode::Status(429, Some(7200)),
            Trouble::RateLimited { retry_after: Some(Duration::from_secs(7200)) },
            "",
        ),
        (Mode::Status(500, None), Trouble::Failed, ""),
        (Mode::Status(503, None), Trouble::Failed, ""),
        (Mode::Status(401, None), Trouble::Refused, ""),
        (Mode::Hang, Trouble::TimedOut, ""),
        (Mode::HangAfterHead, Trouble::TimedOut, ""),
        (Mode::HangAfterWords, Trouble::TimedOut, "The tenant pays the rent."),
        (Mode::CutAt(0), Trouble::BrokenOff, ""),
        (Mode::CutAt(250), Trouble::BrokenOff, "*"),
        (Mode::NotJson, Trouble::BrokenOff, ""),
        (Mode::BrokenEvent, Trouble::Malformed, ""),
        (Mode::Blocked, Trouble::Blocked, "The tenant pays the rent."),
        (Mode::Silent, Trouble::Silent, ""),
        (Mode::OnlyThinks, Trouble::Silent, ""),
        (Mode::OnlyCalls, Trouble::Silent, ""),
        (Mode::CutOff, Trouble::CutOff, "The tenant pays the rent."),
    ];
    // Some wait for something to run out, so all wait at once.
    let faults = BOTH.iter().flat_map(|name| modes.iter().map(move |mode| (*name, mode)));
    join_all(faults.map(|(name, (mode, trouble, said))| ends_so(name, mode, *trouble, said))).await;
}

async fn ends_so(name: &str, mode: &Mode, trouble: Trouble, said: &str) {
    let provider = Provider::start(mode.clone()).await;
    // Only what never comes is given up: whatever else is slow is the machine.
    let limited = match mode {
        Mode::Hang | Mode::HangAfterHead => ["MODEL_FIRST_TOKEN_TIMEOUT_SECONDS", "2"],
        Mode::HangAfterWords => ["MODEL_TOKEN_TIMEOUT_SECONDS", "1"],
        _ => ["MODEL_TOKEN_TIMEOUT_SECONDS", PATIENT],
    };
    let models = models(&env(&provider, name).with(limited[0], limited[1]));
    let heard = timeout(Duration::from_secs(120), ask(&models)).await.expect("it ends");
    assert_eq!(heard.trouble, Some(trouble), "{name} {mode:?}");
    let is_said = match said {
        "*" => WORDS.concat().starts_with(&heard.text),
        said => heard.text == said,
    };
    assert!(is_said, "{name} {mode:?}: {}", heard.text);
    assert!(provider.calls().len() <= 3, "{name} {mode:?}");
}

#[tokio::test]
async fn counts_that_cannot_be_are_no_counts() {
    for (name, mode) in BOTH.iter().flat_map(|name| {
        [Mode::WrongUsage, Mode::HugeUsage].into_iter().map(move |mode| (*name, mode))
    }) {
        let provider = Provider::start(mode).await;
        let heard = ask(&models(&env(&provider, name))).await;
        assert_eq!((heard.text, heard.usage, heard.trouble), (WORDS.concat(), None, None));
    }
}

#[tokio::test]
async fn a_passing_fault_is_tried_again_and_nothing_is_said_twice() {
    let provider = Provider::start(Mode::Recovers(2)).await;
    let heard = ask(&models(&env(&provider, BOTH[1]))).await;
    assert_eq!((heard.text, heard.trouble, provider.calls().len()), (WORDS.concat(), None, 3));

    // Once a word was said there is no second try.
    let provider = Provider::start(Mode::CutAt(150)).await;
    let heard = ask(&models(&env(&provider, BOTH[1]))).await;
    assert_eq!((heard.trouble, provider.calls().len()), (Some(Trouble::BrokenOff), 1));
}

#[tokio::test]
async fn a_dead_provider_is_left_alone_and_another_model_answers() {
    let provider = Provider::start(Mode::Status(503, None)).await;
    let env = env(&provider, BOTH[1]).with("MODEL_FALLBACKS", r#"["extractive"]"#);
    let models = models(&env);
    for _ in 0..20 {
        let heard = ask(&models).await;
        assert_eq!((heard.by.as_deref(), heard.trouble), (Some("extractive"), None));
        assert!(heard.text.contains("The tenant pays."));
    }
    let calls = provider.calls().len();
    assert!(calls < 20, "{calls} calls went to a dead provider");
}

#[tokio::test]
async fn whoever_stops_listening_closes_the_connection() {
    let provider = Provider::start(Mode::HangAfterWords).await;
    let models = models(&env(&provider, BOTH[0]));
    let mut events = models.find("").unwrap().answer(Prompt::default());
    events.next().await.unwrap().unwrap();
    assert_eq!(provider.open(), 1);
    drop(events);
    // It would hang for an hour.
    let left = Instant::now();
    while provider.open() > 0 {
        assert!(left.elapsed() < Duration::from_secs(60), "the connection stays open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_provider_is_asked_again_no_sooner_than_it_says() {
    let provider = Provider::start(Mode::Throttles(1)).await;
    let asked = Instant::now();
    let heard = ask(&models(&env(&provider, BOTH[0]))).await;
    assert_eq!((heard.text, heard.trouble, provider.calls().len()), (WORDS.concat(), None, 2));
    assert!(asked.elapsed() >= Duration::from_secs(1), "after {:?}", asked.elapsed());
}

#[tokio::test]
async fn an_answer_that_goes_on_for_ever_ends_with_its_time() {
    // A word every ten milliseconds, for hours.
    let mode = Mode::Clock(1_000_000, Duration::from_millis(10));
    for name in BOTH {
        let provider = Provider::start(mode.clone()).await;
        let env = env(&provider, name).with("MODEL_TIMEOUT_SECONDS", "1");
        let heard = timeout(Duration::from_secs(120), ask(&models(&env))).await.expect("it ends");
        assert_eq!(heard.trouble, Some(Trouble::TimedOut), "{name}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_cannot_be_reached() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let provider = Provider::start(Mode::Well).await;
    for name in BOTH {
        let env = env(&provider, name);
        let env = env.with("OPENAI_BASE_URL", url.as_str()).with("GOOGLE_BASE_URL", url.as_str());
        assert_eq!(ask(&models(&env)).await.trouble, Some(Trouble::Unreachable), "{name}");
    }
}

#[tokio::test]
async fn models_are_asked_in_their_order_until_one_answers() {
    let provider = Provider::start(Mode::Status(503, None)).await;
    let env = env(&provider, "gpt-a").with("MODEL_FALLBACKS", r#"["gpt-b", "extractive"]"#);
    let heard = ask(&models(&env)).await;
    assert_eq!((heard.by.as_deref(), heard.trouble), (Some("extractive"), None));
    let asked = |call: &String| ["gpt-a", "gpt-b"].into_iter().find(|name| call.contains(name));
    let mut order: Vec<_> = provider.calls().iter().map(asked).collect();
    order.dedup();
    assert_eq!(order, [Some("gpt-a"), Some("gpt-b")]);
}

#[tokio::test]
async fn no_more_questions_are_asked_at_once_than_are_allowed() {
    let provider = Provider::start(Mode::HangAfterWords).await;
    let models = models(&env(&provider, BOTH[0]).with("MODEL_CONCURRENCY", "1"));
    let mut first = models.find("").unwrap().answer(Prompt::default());
    first.next().await.unwrap().unwrap();
    assert_eq!(ask(&models).await.trouble, Some(Trouble::Overloaded));
    assert_eq!(provider.calls().len(), 1, "it was not even asked");
    drop(first);
    provider.behave(Mode::Well);
    assert_eq!(ask(&models).await.text, WORDS.concat(), "whoever leaves makes room");
}
