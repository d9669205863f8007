//! Server streams as events, as lines and as bytes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use prost::Message;
use tokio_stream::StreamExt;

use crate::services::Fakes;
use crate::support::{Edge, problem, settings};

async fn ask(edge: &Edge, question: &str, accept: &str) -> reqwest::Response {
    let body = format!(r#"{{"content":"{question}"}}"#);
    edge.post("/api/v1/chat/stream", &body).header("accept", accept).send().await.unwrap()
}

#[tokio::test]
async fn events_have_names_and_numbers() {
    let edge = Fakes::default().edge().await;
    let response = ask(&edge, "hello", "*/*").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(
        response.text().await.unwrap(),
        concat!(
            "event: delta\nid: 1\ndata: {\"seq\":1,\"type\":\"delta\",\"delta\":{\"text\":\"line\\nbreak\"},\"generation_id\":\"generation\"}\n\n",
            "event: delta\nid: 2\ndata: {\"seq\":2,\"type\":\"delta\",\"delta\":{\"text\":\"two\"},\"generation_id\":\"generation\"}\n\n",
        )
    );
}

#[tokio::test]
async fn lines_are_json() {
    let edge = Fakes::default().edge().await;
    for accept in ["application/x-ndjson", "application/json"] {
        let response = ask(&edge, "hello", accept).await;
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        let text = response.text().await.unwrap();
        let seqs: Vec<i64> = text
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_i64().unwrap()
            })
            .collect();
        assert_eq!(seqs, [1, 2]);
    }
}

#[tokio::test]
async fn a_refusal_before_the_first_event_is_a_problem() {
    let edge = Fakes::default().edge().await;
    for question in ["refuse", "refuse late"] {
        assert_eq!(problem(ask(&edge, question, "text/event-stream").await).await.0, 404);
    }
}

#[tokio::test]
async fn an_error_after_it_is_the_last_event() {
    let edge = Fakes::default().edge().await;
    let events = ask(&edge, "break", "text/event-stream").await.text().await.unwrap();
    let (_, error) = events.split_once("event: error\ndata: ").unwrap();
    let error: serde_json::Value = serde_json::from_str(error.trim()).unwrap();
    assert_eq!(error["status"], 503);
    assert!(!error.to_string().contains("10.0.0.7"));
    let lines = ask(&edge, "break", "application/json").await.text().await.unwrap();
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["status"], 503);
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_call() {
    let fakes = Fakes::default();
    let edge = fakes.edge().await;
    let mut events = ask(&edge, "for ever", "*/*").await.bytes_stream();
    events.next().await.unwrap().unwrap();
    assert_eq!(fakes.abandoned.load(Ordering::SeqCst), 0);
    drop(events);
    let left = async {
        while fakes.abandoned.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), left)
        .await
        .expect("the call ends within a second");
}

#[tokio::test]
async fn a_silent_stream_shows_signs_of_life_until_its_deadline() {
    let mut settings = settings();
    settings.limits.heartbeat = Duration::from_millis(50);
    settings.limits.stream = Duration::from_millis(400);
    let edge = Edge::of_mesh(settings, Fakes::default().peers()).await;
    let text = ask(&edge, "silence", "*/*").await.text().await.unwrap();
    assert!(text.starts_with(":\n\n:\n\n"), "{text}");
    assert!(text.contains("event: error\ndata: ") && text.contains("\"status\":504"), "{text}");
}

#[tokio::test]
async fn a_stop_lets_streams_end_and_says_so() {
    let mut settings = settings();
    settings.limits.drain = Duration::from_millis(100);
    let edge = Edge::of_mesh(settings, Fakes::default().peers()).await;
    let response = ask(&edge, "for ever", "*/*").await;
    edge.shutdown.stop();
    let text = response.text().await.unwrap();
    assert!(text.contains("event: error\ndata: ") && text.contains("\"status\":503"), "{text}");
    edge.shutdown.finish(Duration::from_secs(1)).await;
    assert!(edge.get("/health").send().await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn files_stream_as_they_are_and_cannot_run() {
    let edge = Fakes::default().edge().await;
    let response = edge.get("/api/v1/documents/x/content").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/html");
    assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(response.text().await.unwrap(), "<b>bold</b>");
}

#[tokio::test]
async fn a_file_is_had_in_part_not_at_all_or_only_asked_about() {
    let edge = Fakes::default().edge().await;
    let ask = |name: &'static str, value: &'static str| {
        edge.get("/api/v1/documents/x/content").header(name, value).send()
    };
    let part = ask("range", "bytes=3-6").await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 3-6/11");
    assert_eq!(part.headers()["content-length"], "4");
    assert_eq!(part.text().await.unwrap(), "bold");

    let beyond = ask("range", "bytes=99-").await.unwrap();
    assert_eq!(beyond.status(), 416);
    assert_eq!(beyond.headers()["content-range"], "bytes */11");

    for tags in ["\"v1\"", "\"v0\", W/\"v1\"", "*"] {
        let known = ask("if-none-match", tags).await.unwrap();
        assert_eq!(known.status(), 304, "{tags}");
        assert_eq!(known.headers()["etag"], "\"v1\"");
        assert_eq!(known.text().await.unwrap(), "");
    }
    let changed = ask("if-none-match", "\"v0\"").await.unwrap();
    assert_eq!(
        (changed.status().as_u16(), changed.text().await.unwrap()),
        (200, "<b>bold</b>".to_owned())
    );

    let path = "/api/v1/documents/x/content";
    let head = edge.http.head(edge.url(path)).header("range", "bytes=3-6").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-length"], "11");
    assert_eq!(head.headers()["accept-ranges"], "bytes");
}

#[tokio::test]
async fn a_picture_of_a_page_is_kept_by_its_reader_alone_and_asked_about() {
    let edge = Fakes::default().edge().await;
    let path = "/api/v1/documents/x/pages/3/image?width=400";
    let picture = edge.get(path).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(picture.headers()["cache-control"], "private, no-cache");
    assert_eq!(picture.headers()["etag"], "\"3-400\"");
    assert_eq!(picture.text().await.unwrap(), "picture");

    let known = edge.get(path).header("if-none-match", "\"3-400\"").send().await.unwrap();
    assert_eq!(known.status(), 304);
    assert_eq!(known.headers()["cache-control"], "private, no-cache");
    assert_eq!(known.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_client_that_was_cut_off_goes_on_after_the_last_event() {
    let lab = crate::support::Lab::answering(|_| Ok(Vec::new()));
    let edge = Edge::of_mesh(settings(), crate::support::everywhere(&lab.transport())).await;
    let path = "/api/v1/workflows/executions/run/events";
    for (query, seen, expected) in [("", "7", 7), ("", "odd", 0), ("?after_seq=9", "7", 9)] {
        edge.get(&format!("{path}{query}")).header("last-event-id", seen).send().await.unwrap();
        let request = elenchus_proto::pb::workflow::v1::WatchExecutionRequest::decode(
            lab.calls().pop().unwrap(),
        )
        .unwrap();
        assert_eq!((request.execution_id.as_str(), request.after_seq), ("run", expected));
    }
}
