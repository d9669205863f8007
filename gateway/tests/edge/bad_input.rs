//! What does not fit is refused with the right status, naming the field, and reaches no service.

use serde_json::{Value, json};

use crate::support::{Edge, Lab, fields, problem, settings};

#[tokio::test]
async fn bodies_that_do_not_fit_name_the_field() {
    let lab = Lab::echo();
    let edge = Edge::of_lab(settings(), &lab).await;
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let deep_struct = format!(r#"{{"all":{{"object":{{"x":{}}}}}}}"#, nested(60));
    let deep_message = format!(
        r#"{{"all":{}{}}}"#,
        r#"{"deeper":"#.repeat(95),
        format_args!("{{}}{}", "}".repeat(95))
    );
    let huge_nesting = format!(r#"{{"all":{{"value":{}}}}}"#, nested(200_000));
    for (body, field) in [
        ("{", "body"),
        ("", "-"),
        ("null", "body"),
        ("[]", "body"),
        ("\"x\"", "body"),
        ("{} {}", "body"),
        ("{'name':1}", "body"),
        ("{\"name\":\"\u{0}\"}", "body"),
        (r#"{"nome":"x"}"#, "nome"),
        (r#"{"all":{"inner":{"txt":1}}}"#, "all.inner.txt"),
        (r#"{"name":5}"#, "name"),
        (r#"{"name":{}}"#, "name"),
        (r#"{"name":"a","name":"b"}"#, "name"),
        (r#"{"texts":"a"}"#, "texts"),
        (r#"{"texts":["a",null]}"#, "texts[1]"),
        (r#"{"texts":["a",7]}"#, "texts[1]"),
        (r#"{"limit":2147483648}"#, "limit"),
        (r#"{"limit":1.5}"#, "limit"),
        (r#"{"limit":"1x"}"#, "limit"),
        (r#"{"limit":"+1"}"#, "limit"),
        (r#"{"limit":true}"#, "limit"),
        (r#"{"limit":1e400}"#, "body"),
        (r#"{"all":{"u32":-1}}"#, "all.u32"),
        (r#"{"all":{"i64":"9223372036854775808"}}"#, "all.i64"),
        (r#"{"all":{"u64":-1}}"#, "all.u64"),
        (r#"{"all":{"f":1e39}}"#, "all.f"),
        (r#"{"all":{"d":"inf"}}"#, "all.d"),
        (r#"{"all":{"flag":"true"}}"#, "all.flag"),
        (r#"{"all":{"flag":0}}"#, "all.flag"),
        (r#"{"all":{"blob":"!"}}"#, "all.blob"),
        (r#"{"all":{"color":"RED"}}"#, "all.color"),
        (r#"{"all":{"color":1.5}}"#, "all.color"),
        (r#"{"all":{"inner":[]}}"#, "all.inner"),
        (r#"{"all":{"inners":[{"number":"x"}]}}"#, "all.inners[0].number"),
        (r#"{"all":{"labels":{"k":1}}}"#, "all.labels.k"),
        (r#"{"all":{"by_number":{"x":{}}}}"#, "all.by_number.x"),
        (r#"{"all":{"by_flag":{"maybe":""}}}"#, "all.by_flag.maybe"),
        (r#"{"all":{"left":"a","right":{}}}"#, "all.right"),
        (r#"{"all":{"time":"yesterday"}}"#, "all.time"),
        (r#"{"all":{"time":12}}"#, "all.time"),
        (r#"{"all":{"span":"1"}}"#, "all.span"),
        (r#"{"all":{"mask":"a b"}}"#, "all.mask"),
        (r#"{"all":{"object":[]}}"#, "all.object"),
        (r#"{"all":{"list":{}}}"#, "all.list"),
        (r#"{"all":{"wrapped_number":{}}}"#, "all.wrapped_number"),
        (r#"{"all":{"any":{"text":""}}}"#, "all.any"),
        (r#"{"all":{"any":{"@type":"x/No.Such"}}}"#, "all.any"),
        (r#"{"all":{"any":{"@type":"x/lab.v1.Inner","nope":1}}}"#, "all.any.nope"),
        (deep_struct.as_str(), "all.object.x"),
        (deep_message.as_str(), "all.deeper"),
        (huge_nesting.as_str(), "all.value"),
    ] {
        let sent = edge.post("/api/v1/lab/echo", body).send().await.unwrap();
        if field == "-" {
            assert_eq!(sent.status(), 200, "no body is an empty one");
            continue;
        }
        let (status, problem) = problem(sent).await;
        let shown: String = body.chars().take(60).collect();
        assert_eq!(status, 422, "{shown}");
        let named = fields(&problem);
        assert!(
            named.len() == 1
                && (named[0] == field
                    || named[0].starts_with(&format!("{field}["))
                    || (named[0].starts_with(field) && body.len() > 300)
                    || (body.len() > 300 && named[0] == "body")),
            "{shown}: {named:?}"
        );
    }
    assert_eq!(lab.calls().len(), 1);
}

#[tokio::test]
async fn malformed_json_is_placed_by_line_and_column() {
    let edge = Edge::of_lab(settings(), &Lab::echo()).await;
    let (_, problem) =
        problem(edge.post("/api/v1/lab/echo", "{\n  \"name\": oops\n}").send().await.unwrap())
            .await;
    assert_eq!(problem["errors"][0]["message"], "is not valid JSON, at line 2 column 11");
}

#[tokio::test]
async fn queries_and_paths_that_do_not_fit_name_the_field() {
    let lab = Lab::echo();
    let edge = Edge::of_lab(settings(), &lab).await;
    for (path, expected) in [
        ("/api/v1/lab/echo?nome=x", json!(["nome"])),
        ("/api/v1/lab/echo?limit=x&all.u32=-1", json!(["limit", "all.u32"])),
        ("/api/v1/lab/echo?limit=", json!(["limit"])),
        ("/api/v1/lab/echo?limit=1&limit=2", json!(["limit"])),
        ("/api/v1/lab/echo?name=a&name=b", json!(["name"])),
        ("/api/v1/lab/echo?all=x", json!(["all"])),
        ("/api/v1/lab/echo?all.inners.text=x", json!(["all.inners.text"])),
        ("/api/v1/lab/echo?all.labels=x", json!(["all.labels"])),
        ("/api/v1/lab/echo?all.object=x", json!(["all.object"])),
        ("/api/v1/lab/echo?all.color=GREEN", json!(["all.color"])),
        ("/api/v1/lab/echo?all.flag=yes", json!(["all.flag"])),
        ("/api/v1/lab/echo?all.time=now", json!(["all.time"])),
        ("/api/v1/lab/echo?all.left=a&all.right.text=b", json!([])),
        ("/api/v1/lab/echo?name=%ff", json!(["query"])),
        ("/api/v1/lab/echo?name.x=1", json!(["name.x"])),
        ("/api/v1/lab/echo?.=1", json!(["."])),
        ("/api/v1/lab/things/a/x", json!(["all.i32"])),
        ("/api/v1/lab/things/%ff/1", json!(["all.text"])),
        ("/api/v1/lab/things/a/1?all.i32=2", json!(["all.i32"])),
    ] {
        let sent = edge.get(path).send().await.unwrap();
        if expected == json!([]) {
            assert_eq!(sent.status(), 200, "{path}: the last member of a oneof counts");
            continue;
        }
        let (status, problem) = problem(sent).await;
        assert_eq!((status, json!(fields(&problem))), (422, expected), "{path}");
    }
    let posted = edge.post("/api/v1/lab/echo?name=x", "{}").send().await.unwrap();
    let (status, problem) = problem(posted).await;
    assert_eq!((status, fields(&problem)), (422, vec!["name"]), "all fields are in the body");
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_are_told_apart() {
    let lab = Lab::echo();
    let edge = Edge::of_lab(settings(), &lab).await;
    for path in [
        "/nothing",
        "/api/v1/lab/echo/",
        "/api/v1//lab/echo",
        "/api/v1/lab/hidden",
        "/docs/secret",
        "/api/v2/lab/echo",
    ] {
        assert_eq!(problem(edge.get(path).send().await.unwrap()).await.0, 404, "{path}");
    }
    let delete = edge.http.delete(edge.url("/api/v1/lab/echo")).send().await.unwrap();
    assert_eq!(delete.headers()["allow"], "GET, POST, PURGE, HEAD");
    assert_eq!(problem(delete).await.0, 405);
    let delete = edge.http.delete(edge.url("/health")).send().await.unwrap();
    assert_eq!(delete.headers()["allow"], "GET, HEAD");
    assert_eq!(problem(delete).await.0, 405);
    let options = edge
        .http
        .request("OPTIONS".parse().unwrap(), edge.url("/api/v1/lab/ping"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (options.status().as_u16(), &options.headers()["allow"]),
        (204, &"GET, OPTIONS".parse().unwrap())
    );
    assert!(lab.calls().is_empty());
}

#[tokio::test]
async fn bodies_of_another_kind_or_size_are_refused() {
    let mut settings = settings();
    settings.limits.body_bytes = 1000;
    let edge = Edge::of_lab(settings, &Lab::echo()).await;
    let with_type = |content_type: &'static str| {
        let post =
            edge.http.post(edge.url("/api/v1/lab/echo")).header("content-type", content_type);
        async move { post.body("{}").send().await.unwrap().status().as_u16() }
    };
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json; charset=latin1",
    ] {
        assert_eq!(with_type(content_type).await, 415, "{content_type}");
    }
    for content_type in
        ["application/json", "Application/JSON; charset=\"UTF-8\"", "application/merge-patch+json"]
    {
        assert_eq!(with_type(content_type).await, 200, "{content_type}");
    }
    let gzip = edge
        .post("/api/v1/lab/echo", "{}")
        .header("content-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(gzip.status(), 415);
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(2000));
    assert_eq!(problem(edge.post("/api/v1/lab/echo", &huge).send().await.unwrap()).await.0, 413);
    let chunked = reqwest::Body::wrap_stream(tokio_stream::iter(
        (0..3).map(|_| Ok::<_, std::io::Error>(vec![b' '; 700])),
    ));
    let chunked = edge.http.post(edge.url("/api/v1/lab/echo")).body(chunked).send().await.unwrap();
    assert_eq!(problem(chunked).await.0, 413);
}

#[tokio::test]
async fn head_asks_as_get_without_the_body() {
    let edge = Edge::of_lab(settings(), &Lab::echo()).await;
    let get = edge.get("/api/v1/lab/ping").send().await.unwrap();
    let head = edge.http.head(edge.url("/api/v1/lab/ping")).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-length"], get.headers()["content-length"]);
    assert_eq!(get.json::<Value>().await.unwrap(), json!({}));
}
