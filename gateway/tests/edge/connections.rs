//! Raw connections: slow ones, odd ones, too many of them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Edge, Lab, settings};

async fn quick() -> Edge {
    let mut settings = settings();
    settings.limits.header = Duration::from_millis(300);
    settings.limits.body_idle = Duration::from_millis(300);
    settings.limits.keep_alive = Duration::from_millis(600);
    Edge::of_lab(settings, &Lab::echo()).await
}

/// What comes back until the gateway hangs up, which it must.
async fn exchange(edge: &Edge, sent: &[u8]) -> String {
    let mut socket = TcpStream::connect(edge.address).await.unwrap();
    socket.write_all(sent).await.unwrap();
    read(socket).await
}

async fn read(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is a way to hang up, too.
    let _ = timeout(Duration::from_secs(10), socket.read_to_end(&mut answer))
        .await
        .expect("the gateway hangs up");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn clients_that_dawdle_are_cut_off() {
    let edge = quick().await;
    for (what, sent) in [
        ("nothing at all", &b""[..]),
        ("half a request line", b"GET /hea"),
        ("half a head", b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b"),
        ("half a preface", b"PRI * HTTP/2.0\r\n"),
        ("a preface and then nothing", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ] {
        let began = std::time::Instant::now();
        exchange(&edge, sent).await;
        assert!(began.elapsed() < Duration::from_secs(8), "{what}");
    }
    let half = exchange(
        &edge,
        b"POST /api/v1/lab/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
    )
    .await;
    assert!(half.starts_with("HTTP/1.1 408 "), "{half}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_answer() {
    let edge = quick().await;
    let answer = exchange(&edge, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn requests_that_could_smuggle_are_refused() {
    let edge = quick().await;
    let huge = format!("GET /health HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "a".repeat(70_000));
    let many = format!("GET /health HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(150));
    for (sent, status) in [
        ("GET /health HTTP/1.1\r\n\r\n", "400"),
        ("GET /health HTTP/1.0\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost:\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n", "400"),
        (
            "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            "400",
        ),
        ("GET /he\0alth HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("nonsense\r\n\r\n", "400"),
        (huge.as_str(), "431"),
        (many.as_str(), "431"),
    ] {
        let answer = exchange(&edge, sent.as_bytes()).await;
        let shown: String = sent.chars().take(50).collect();
        assert!(answer.split(' ').nth(1) == Some(status), "{shown:?}: {answer}");
    }
}

#[tokio::test]
async fn connections_are_capped_by_address() {
    let mut settings = settings();
    settings.connections.per_address = 3;
    let edge = Edge::of_lab(settings, &Lab::echo()).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut socket = TcpStream::connect(edge.address).await.unwrap();
        socket.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        held.push(socket);
    }
    let refused = read(TcpStream::connect(edge.address).await.unwrap()).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    held.clear();
    let free = async {
        while edge.get("/health").send().await.map_or(true, |response| response.status() != 200) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), free).await.expect("places become free");
}
