//! What an HTTP rule cannot say: the login form, uploads, health, documentation, CORS.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::services::Fakes;
use crate::support::{Edge, fields, problem, settings};

const LOGIN: &str = "/api/v1/auth/login";

async fn form(edge: &Edge, body: &str) -> reqwest::Response {
    let post =
        edge.http.post(edge.url(LOGIN)).header("content-type", "application/x-www-form-urlencoded");
    post.body(body.to_owned()).send().await.unwrap()
}

#[tokio::test]
async fn one_logs_in_by_form_or_by_json() {
    let fakes = Fakes::default();
    let edge = fakes.edge().await;
    let sent =
        form(&edge, "grant_type=password&username=a%40b.org&password=p%26+w&scope=&client_id=x")
            .await;
    assert_eq!(sent.json::<Value>().await.unwrap()["token_type"], "bearer");
    let body = json!({"username": "a@b.org", "password": "p& w"}).to_string();
    assert_eq!(edge.post(LOGIN, &body).send().await.unwrap().status(), 200);
    let logins = fakes.logins.lock().unwrap().clone();
    assert_eq!(logins[0], logins[1]);
    assert_eq!((logins[0].username.as_str(), logins[0].password.as_str()), ("a@b.org", "p& w"));
}

#[tokio::test]
async fn a_form_that_does_not_fit_names_the_field() {
    let edge = Fakes::default().edge().await;
    for (body, expected) in [
        ("", vec!["username", "password"]),
        ("username=a", vec!["password"]),
        ("username=a&password=b&grant_type=code", vec!["grant_type"]),
        ("username=a&username=b&password=c", vec!["username"]),
        ("username=%ff&password=c", vec!["body"]),
    ] {
        let (status, problem) = problem(form(&edge, body).await).await;
        assert_eq!((status, fields(&problem)), (422, expected), "{body}");
    }
    let elsewhere = edge
        .http
        .post(edge.url("/api/v1/auth/refresh"))
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(elsewhere.body("refresh_token=x").send().await.unwrap().status(), 415);
}

const BOUNDARY: &str = "----boundary";

fn part(name: &str, filename: Option<&str>, data: &[u8]) -> Vec<u8> {
    let filename = filename.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n"
    );
    [head.as_bytes(), data, b"\r\n"].concat()
}

async fn upload(edge: &Edge, parts: &[Vec<u8>]) -> reqwest::Response {
    let body = [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat();
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    edge.http
        .post(edge.url("/api/v1/documents"))
        .header("content-type", content_type)
        .body(body)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_file_goes_through_with_what_is_said_of_it() {
    let fakes = Fakes::default();
    let edge = fakes.edge().await;
    let data = vec![7; 2_500_000];
    let parts = [
        part("document_category", None, b"contract"),
        part("keywords", None, b"lease, rent"),
        part("keywords", None, br#"["a, b"]"#),
        part("file", Some("lease.pdf"), &data),
    ];
    let response = upload(&edge, &parts).await;
    assert_eq!(response.status(), 202);
    let document: Value = response.json().await.unwrap();
    assert_eq!(
        (&document["filename"], &document["file_size"]),
        (&json!("lease.pdf"), &json!(2_500_000))
    );
    let (metadata, size) = fakes.uploads.lock().unwrap()[0].clone();
    assert_eq!((metadata.document_category.as_str(), size), ("contract", 2_500_000));
    assert_eq!(metadata.keywords, ["lease", "rent", "a, b"]);
}

#[tokio::test]
async fn uploads_that_do_not_fit_store_nothing() {
    let fakes = Fakes::default();
    let edge = fakes.edge().await;
    let file = || part("file", Some("a.txt"), b"text");
    for (parts, expected) in [
        (vec![], "file"),
        (vec![part("jurisdiction", None, b"DE")], "file"),
        (vec![part("file", None, b"text")], "file"),
        (vec![file(), part("jurisdiction", None, b"DE")], "jurisdiction"),
        (vec![file(), file()], "file"),
        (vec![part("nope", None, b"x"), file()], "nope"),
        (
            vec![part("jurisdiction", None, b"DE"), part("jurisdiction", None, b"FR"), file()],
            "jurisdiction",
        ),
        (vec![part("jurisdiction", None, &[0xff]), file()], "jurisdiction"),
        (vec![part("jurisdiction", None, &[b'x'; 70_000]), file()], "jurisdiction"),
        (vec![part("keywords", None, b"[1]"), file()], "keywords"),
    ] {
        let (status, problem) = problem(upload(&edge, &parts).await).await;
        assert_eq!((status, fields(&problem)), (422, vec![expected]));
    }
    assert_eq!(edge.post("/api/v1/documents", "{}").send().await.unwrap().status(), 415);
    assert!(fakes.uploads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_of_the_service_ends_the_upload_early() {
    let fakes = Fakes::default();
    let edge = fakes.edge().await;
    let data = vec![0; 20 << 20];
    assert_eq!(
        problem(upload(&edge, &[part("file", Some("refused.exe"), &data)]).await).await.0,
        415
    );
    assert_eq!(problem(upload(&edge, &[part("file", Some("big.pdf"), &data)]).await).await.0, 413);
    assert!(fakes.received.load(Ordering::SeqCst) < 5 << 20);
}

async fn open_upload(edge: &Edge) -> TcpStream {
    let mut socket = TcpStream::connect(edge.address).await.unwrap();
    let head = format!(
        "POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut file = part("file", Some("a.txt"), &[b'x'; 100_000]);
    file.truncate(file.len() - 2);
    socket.write_all(&file).await.unwrap();
    socket
}

async fn bytes_arrive_early_and_a_cut_file_is_not_stored(fakes: &Fakes, edge: Edge) {
    let socket = open_upload(&edge).await;
    let arrives = async {
        // multer keeps back what may be the beginning of a boundary.
        while fakes.received.load(Ordering::SeqCst) < 90_000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), arrives).await.expect("the file streams");
    drop(socket);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(fakes.uploads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_near_service_gets_bytes_as_they_come() {
    let fakes = Fakes::default();
    bytes_arrive_early_and_a_cut_file_is_not_stored(&fakes, fakes.edge().await).await;
}

#[tokio::test]
async fn a_far_service_gets_bytes_as_they_come() {
    let fakes = Fakes::default();
    bytes_arrive_early_and_a_cut_file_is_not_stored(&fakes, fakes.far_edge().await).await;
}

#[tokio::test]
async fn a_far_service_takes_and_refuses_files_as_a_near_one() {
    let fakes = Fakes::default();
    let edge = fakes.far_edge().await;
    let data = vec![0; 20 << 20];
    let good = part("file", Some("a.pdf"), &data[..2 << 20]);
    assert_eq!(upload(&edge, &[good]).await.status(), 202);
    assert_eq!(problem(upload(&edge, &[part("file", Some("big.pdf"), &data)]).await).await.0, 413);
}

#[tokio::test]
async fn an_upload_that_stalls_is_cut_off() {
    let fakes = Fakes::default();
    let mut settings = settings();
    settings.limits.body_idle = Duration::from_millis(200);
    let edge = Edge::of_mesh(settings, fakes.peers()).await;
    let mut socket = open_upload(&edge).await;
    let mut answer = String::new();
    let read = socket.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(5), read).await.expect("it is answered").unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(fakes.uploads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn health_tells_which_dependency_is_down() {
    let edge = Fakes::default().edge().await;
    for path in ["/health", "/api/v1/health", "/health/live"] {
        let health: Value = edge.get(path).send().await.unwrap().json().await.unwrap();
        assert_eq!(health, json!({"status": "ok", "service": "Elenchus Legal AI"}));
    }
    let ready = edge.get("/health/ready").send().await.unwrap();
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["dependencies"]["document"], "serving");
    assert_eq!(ready["dependencies"]["workflow"], "unreachable");
}

#[tokio::test]
async fn the_documentation_needs_nothing_from_elsewhere() {
    let edge = Fakes::default().edge().await;
    let info: Value = edge.get("/").send().await.unwrap().json().await.unwrap();
    assert_eq!((&info["name"], &info["docs"]), (&json!("Elenchus Legal AI"), &json!("/docs")));
    let page = edge.get("/docs").send().await.unwrap();
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let page = page.text().await.unwrap();
    let files = page.split('"').filter(|text| text.starts_with("/docs/"));
    for file in files {
        assert_eq!(edge.get(file).send().await.unwrap().status(), 200, "{file}");
    }
    assert!(!page.contains("http://") && !page.contains("https://"));
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call_and_others_may_not() {
    let edge = Fakes::default().edge().await;
    let preflight = |origin: &'static str| {
        edge.http
            .request("OPTIONS".parse().unwrap(), edge.url("/api/v1/chat/stream"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, content-type")
            .send()
    };
    let allowed = preflight("http://localhost:3000").await.unwrap();
    assert_eq!(allowed.status(), 204);
    assert_eq!(allowed.headers()["access-control-allow-origin"], "http://localhost:3000");
    assert_eq!(allowed.headers()["access-control-allow-credentials"], "true");
    assert!(
        allowed.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .contains("authorization")
    );
    for origin in ["http://evil.example", "null", "http://localhost:3000.evil.example"] {
        let refused = preflight(origin).await.unwrap();
        assert_eq!(refused.status(), 403);
        assert!(!refused.headers().contains_key("access-control-allow-origin"));
    }
    let refused =
        edge.get("/nothing").header("origin", "http://localhost:3000").send().await.unwrap();
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        "http://localhost:3000",
        "errors can be read too"
    );
    assert!(
        refused.headers()["access-control-expose-headers"]
            .to_str()
            .unwrap()
            .contains("x-request-id")
    );
    assert_eq!(refused.headers()["vary"], "origin");
}
