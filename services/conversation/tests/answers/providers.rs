//! Answers from a provider that behaves badly, one mode after the other: the question stays, the
//! answer ends in a state that says what happened, and what was shown is what is stored.

use elenchus_llm::{Models, Settings};
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use elenchus_settings::Env;
use elenchus_testkit::provider::{Mode, Provider, WORDS};
use futures_util::{StreamExt, stream};

use crate::mesh::{Mesh, text};

/// Long enough for what is to come on any machine.
const PATIENT: &str = "3600";

/// Models that wait for as long as it takes.
pub(crate) fn models(provider: &Provider, model: &str) -> Models {
    hasty_models(provider, model, [PATIENT; 2])
}

/// Models that give up what never comes, and nothing else: whatever else is slow is the machine.
pub(crate) fn models_for(mode: &Mode, provider: &Provider, model: &str) -> Models {
    let patience = match mode {
        Mode::Hang | Mode::HangAfterHead => ["2", PATIENT],
        Mode::HangAfterWords => [PATIENT, "1"],
        _ => [PATIENT; 2],
    };
    hasty_models(provider, model, patience)
}

/// Models that wait so many seconds for the first word, and for each further one.
fn hasty_models(provider: &Provider, model: &str, [first, next]: [&str; 2]) -> Models {
    let env = Env::of_pairs([
        ("GOOGLE_API_KEY", "key".to_owned()),
        ("GOOGLE_BASE_URL", provider.google_url()),
        ("OPENAI_BASE_URL", provider.openai_url()),
        ("DEFAULT_AI_MODEL", model.to_owned()),
        ("MODEL_FIRST_TOKEN_TIMEOUT_SECONDS", first.to_owned()),
        ("MODEL_TOKEN_TIMEOUT_SECONDS", next.to_owned()),
        ("MODEL_TIMEOUT_SECONDS", PATIENT.to_owned()),
    ]);
    Models::from_settings(&Settings::from_env(&env).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mode_of_a_provider_ends_in_the_right_state() {
    let modes = [
        (Mode::Well, "complete", ""),
        (Mode::SlowChunks, "complete", ""),
        (Mode::WrongUsage, "complete", ""),
        (Mode::Recovers(1), "complete", ""),
        (Mode::Status(429, None), "failed", "MODEL_BUSY"),
        (Mode::Status(429, Some(7200)), "failed", "MODEL_BUSY"),
        (Mode::Status(500, None), "failed", "MODEL_UNAVAILABLE"),
        (Mode::Status(503, None), "failed", "MODEL_UNAVAILABLE"),
        (Mode::Status(401, None), "failed", "MODEL_REFUSED"),
        (Mode::Hang, "failed", "MODEL_TIMEOUT"),
        (Mode::HangAfterHead, "failed", "MODEL_TIMEOUT"),
        (Mode::HangAfterWords, "incomplete", "MODEL_TIMEOUT"),
        (Mode::CutAt(0), "failed", "MODEL_UNAVAILABLE"),
        (Mode::CutAt(250), "incomplete", "MODEL_UNAVAILABLE"),
        (Mode::NotJson, "failed", "MODEL_UNAVAILABLE"),
        (Mode::BrokenEvent, "failed", "MODEL_UNAVAILABLE"),
        (Mode::Blocked, "incomplete", "MODEL_BLOCKED"),
        (Mode::Silent, "failed", "MODEL_SILENT"),
        (Mode::OnlyThinks, "failed", "MODEL_SILENT"),
        (Mode::OnlyCalls, "failed", "MODEL_SILENT"),
        (Mode::CutOff, "incomplete", "ANSWER_CUT_OFF"),
        (Mode::HugeUsage, "complete", ""),
        (Mode::Endless, "incomplete", "ANSWER_TOO_LONG"),
    ];
    // Most of them wait for something to run out, so some wait at once; each has a database of its own.
    stream::iter(modes)
        .for_each_concurrent(6, |(mode, status, code)| ends_so(mode, status, code))
        .await;
}

async fn ends_so(mode: Mode, status: &str, code: &str) {
    let provider = Provider::start(mode.clone()).await;
    let mesh = Mesh::with_models(models_for(&mode, &provider, "gemini-1.5-flash")).await;
    let node = mesh.node().await;
    let reading = node.begin("", false).await;
    let conversation = reading.started().conversation_id.clone();
    let events = reading.rest().await;

    let told = match &events.last().unwrap().payload {
        Some(Payload::Error(error)) => error.code.clone(),
        Some(Payload::Completed(_)) => String::new(),
        other => panic!("{mode:?} ends with {other:?}"),
    };
    assert_eq!(told, code, "{mode:?}");
    assert_eq!(events[events.len() - 2].r#type, "usage", "{mode:?}");
    let messages = node.messages(&conversation).await;
    assert_eq!(messages[0].content, "What does the contract say?", "{mode:?}");
    assert_eq!(messages[1].status, status, "{mode:?}");
    assert_eq!(messages[1].content, text(&events), "{mode:?}");
    assert_eq!(messages.len(), 2, "{mode:?}");
    let Some(Payload::Usage(usage)) = &events[events.len() - 2].payload else { panic!("{mode:?}") };
    assert!((0..1_000_000).contains(&usage.total_tokens), "{mode:?}: {usage:?}");
    assert!(!format!("{events:?}").contains("secret of the inside"), "{mode:?}");
    if status == "complete" {
        assert_eq!(messages[1].content, WORDS.concat(), "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_closes_the_connection_to_the_provider() {
    let provider = Provider::start(Mode::HangAfterWords).await;
    let mesh = Mesh::with_models(models(&provider, "gpt-4o-mini")).await;
    let (here, there) = (mesh.node().await, mesh.node().await);
    let mut reading = here.ask("", false).await;
    reading.until_said(&WORDS.concat()).await;
    let stopped = there.stop(reading.generation_id()).await;
    assert_eq!((stopped.status.as_str(), stopped.content), ("stopped", WORDS.concat()));
    crate::mesh::until("the connection is closed", async || provider.open() == 0).await;
    assert!(stopped.completion_tokens > 0, "what was said is counted");
}
