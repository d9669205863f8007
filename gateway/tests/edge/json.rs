//! JSON in and out, judged by prost-reflect, which knows nothing of our transcoder.

use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::{Value, json};

use crate::support::{Edge, LAB, Lab, settings};

/// Every kind of field, in canonical proto3 JSON.
fn everything() -> Value {
    json!({
        "d": 0.1, "f": 1.5, "i32": -7, "i64": "-9223372036854775808", "u32": 4294967295u32,
        "u64": "18446744073709551615", "s32": -1, "s64": "-2", "f32": 3, "f64": "4", "sf32": -5, "sf64": "-6",
        "flag": true, "text": "naïve \"quoted\" \\ \n\t<b> \u{200b}", "blob": "AAEC/w==", "color": "COLOR_BLUE",
        "inner": {"text": "in", "number": "12"}, "numbers": [1, -2, 3], "colors": ["COLOR_RED", "COLOR_UNSPECIFIED"],
        "inners": [{"text": "a", "number": "0"}, {"text": "", "number": "1"}],
        "labels": {"a": "1", "b": "2"}, "by_number": {"-3": {"text": "x", "number": "0"}}, "by_flag": {"true": "yes"},
        "right": {"text": "chosen", "number": "0"}, "maybe": "", "time": "2026-01-31T12:00:00.500Z", "span": "-1.500s",
        "mask": "a.bC,d", "object": {"n": 1.25, "deep": {"list": [null, true, "x", {"y": 2}]}},
        "value": {"any": ["thing"]}, "list": [1, "two", [3]],
        "any": {"@type": "type.googleapis.com/lab.v1.Inner", "text": "boxed", "number": "5"},
        "wrapped_text": "w", "wrapped_number": "77", "wrapped_flag": false,
        "times": ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"], "nothing": null,
        "deeper": {"text": "one below"}, "veryOdd": "by its JSON name",
    })
}

async fn echoed(lab: &Lab, body: &Value) -> (DynamicMessage, Value) {
    let edge = Edge::of_lab(settings(), lab).await;
    let response = edge.post("/api/v1/lab/echo", &body.to_string()).send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    (lab.last("lab.v1.EchoRequest"), response.json().await.unwrap())
}

#[tokio::test]
async fn every_kind_of_field_goes_in_as_a_reflecting_parser_reads_it() {
    let body = json!({"all": everything(), "name": "n", "limit": 0});
    let (got, _) = echoed(&Lab::echo(), &body).await;
    let descriptor = LAB.get_message_by_name("lab.v1.EchoRequest").unwrap();
    let expected = DynamicMessage::deserialize(descriptor, body).unwrap();
    assert_eq!(canonical(&got), canonical(&expected));
}

#[tokio::test]
async fn every_kind_of_field_comes_out_as_a_reflecting_printer_shows_it() {
    let lab = Lab::echo();
    let (_, shown) = echoed(&lab, &json!({"all": everything(), "texts": ["a"]})).await;
    let descriptor = LAB.get_message_by_name("lab.v1.EchoResponse").unwrap();
    let message = DynamicMessage::decode(descriptor, lab.calls()[0].clone()).unwrap();
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    let expected = message.serialize_with_options(serde_json::value::Serializer, &options).unwrap();
    // prost-reflect shows absent fields that have presence as null; we leave them out.
    assert_eq!(without_absent(shown), without_absent(expected));
}

/// What is set, as prost-reflect shows it. Its own equality does not end on recursive messages.
fn canonical(message: &DynamicMessage) -> Value {
    serde_json::to_value(message).unwrap()
}

/// Without null members, and with numbers that are equal looking equal.
fn without_absent(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name, without_absent(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_absent).collect(),
        Value::Number(number) => json!(number.as_f64().unwrap()),
        other @ (Value::Null | Value::Bool(_) | Value::String(_)) => other,
    }
}

#[tokio::test]
async fn the_text_is_byte_for_byte_what_envoy_prints() {
    let lab = Lab::echo();
    let edge = Edge::of_lab(settings(), &lab).await;
    let body = r#"{"limit":5,"name":"<n>","all":{"time":"2026-01-31T12:00:00Z","maybe":"m","d":2.5,"inner":{},
        "numbers":[],"object":{"b":1,"a":0.1},"wrapped_number":"3","labels":{}}}"#;
    let text = edge.post("/api/v1/lab/echo", body).send().await.unwrap().text().await.unwrap();
    // Declared order, but what has no place of its own comes last, as it came on the wire.
    let expected = concat!(
        r#"{"all":{"d":2.5,"f":0,"i32":0,"i64":"0","u32":0,"u64":"0","s32":0,"s64":"0","f32":0,"f64":"0","#,
        r#""sf32":0,"sf64":"0","flag":false,"text":"","blob":"","color":"COLOR_UNSPECIFIED","#,
        r#""inner":{"text":"","number":"0"},"numbers":[],"colors":[],"inners":[],"labels":{},"by_number":{},"#,
        r#""by_flag":{},"object":{"b":1,"a":0.1},"times":[],"nothing":null,"odd_name_here":"","#,
        r#""time":"2026-01-31T12:00:00Z","maybe":"m","wrapped_number":"3"},"#,
        r#""name":"\u003cn\u003e","texts":[],"limit":5}"#,
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn both_spellings_of_names_and_of_numbers_are_taken() {
    let body = json!({"all": {
        "byNumber": {"1": {}}, "odd_name_here": "x", "i64": 5, "u32": "7", "d": "NaN", "f": "-Infinity", "i32": 1e2,
        "wrappedFlag": true, "color": 2, "blob": "_-8", "mask": "snake_case",
    }});
    let (got, shown) = echoed(&Lab::echo(), &body).await;
    let all = got.get_field_by_name("all").unwrap();
    let all = all.as_message().unwrap();
    assert_eq!(all.get_field_by_name("i32").unwrap().as_i32(), Some(100));
    assert_eq!(all.get_field_by_name("blob").unwrap().as_bytes().unwrap().as_ref(), [0xff, 0xef]);
    assert_eq!(shown["all"]["d"], "NaN");
    assert_eq!(shown["all"]["f"], "-Infinity");
    assert_eq!(shown["all"]["color"], "COLOR_BLUE");
    assert_eq!(shown["all"]["mask"], "snakeCase");
}

#[tokio::test]
async fn query_parameters_reach_into_messages() {
    let lab = Lab::echo();
    let edge = Edge::of_lab(settings(), &lab).await;
    let query = "all.text=a%20b+c&all.inner.number=9&texts=x&texts=y%26z&limit=3&all.color=COLOR_RED&all.colors=1\
                 &all.wrappedNumber=4&all.time=2026-01-31T12:00:00Z&all.span=2s&all.mask=aB&all.flag=true&all.blob=AAE\
                 &all.numbers=1&all.numbers=2&all.times=1970-01-01T00:00:00Z&all.left=l&name=";
    let response = edge.get(&format!("/api/v1/lab/echo?{query}")).send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    let got = lab.last("lab.v1.EchoRequest");
    let descriptor = LAB.get_message_by_name("lab.v1.EchoRequest").unwrap();
    let expected = json!({"name": "", "texts": ["x", "y&z"], "limit": 3, "all": {
        "text": "a b c", "inner": {"number": 9}, "color": "COLOR_RED", "colors": ["COLOR_RED"], "wrapped_number": 4,
        "time": "2026-01-31T12:00:00Z", "span": "2s", "mask": "aB", "flag": true, "blob": "AAE=", "numbers": [1, 2],
        "times": ["1970-01-01T00:00:00Z"], "left": "l",
    }});
    assert_eq!(
        canonical(&got),
        canonical(&DynamicMessage::deserialize(descriptor, expected).unwrap())
    );
}

#[tokio::test]
async fn bindings_of_every_form_reach_the_method() {
    let lab = Lab::echo();
    let edge = Edge::of_lab(settings(), &lab).await;
    let name = |lab: &Lab| {
        lab.last("lab.v1.EchoRequest")
            .get_field_by_name("name")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };

    edge.get("/api/v1/lab/things/a%2Fb/-5").send().await.unwrap().error_for_status().unwrap();
    let all = lab
        .last("lab.v1.EchoRequest")
        .get_field_by_name("all")
        .unwrap()
        .as_message()
        .unwrap()
        .clone();
    assert_eq!(all.get_field_by_name("text").unwrap().as_str(), Some("a/b"));
    assert_eq!(all.get_field_by_name("i32").unwrap().as_i32(), Some(-5));

    edge.get("/api/v1/lab/files/a/b%2Fc").send().await.unwrap().error_for_status().unwrap();
    assert_eq!(name(&lab), "a/b%2Fc");
    edge.post("/api/v1/lab/files/a/b:move", "").send().await.unwrap().error_for_status().unwrap();
    assert_eq!(name(&lab), "a/b");

    let put = edge
        .http
        .put(edge.url("/api/v1/lab/shelves/1/books/2/all?texts=t"))
        .body(r#"{"text":"in the body"}"#);
    let shown: Value = put.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    assert_eq!(shown["text"], "in the body", "response_body shows the field alone");
    assert_eq!(name(&lab), "shelves/1/books/2");

    let patch = edge.http.patch(edge.url("/api/v1/lab/n/texts")).body(r#"["one","two"]"#);
    let shown: Value =
        patch.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    assert_eq!(shown["texts"], json!(["one", "two"]));

    let purge = edge.http.request("PURGE".parse().unwrap(), edge.url("/api/v1/lab/echo?name=p"));
    purge.send().await.unwrap().error_for_status().unwrap();
    assert_eq!(name(&lab), "p");
}

#[tokio::test]
async fn a_body_cannot_name_another_resource_than_the_path() {
    let lab = Lab::echo();
    let edge = Edge::of_lab(settings(), &lab).await;
    edge.post("/api/v1/lab/files/mine:move", "").send().await.unwrap().error_for_status().unwrap();
    let refused = edge.post("/api/v1/lab/files/mine:move?name=yours", "").send().await.unwrap();
    assert_eq!(refused.status(), 422);
}

#[tokio::test]
async fn bytes_go_through_as_they_are() {
    let lab = Lab::echo();
    let edge = Edge::of_lab(settings(), &lab).await;
    let response = edge
        .http
        .post(edge.url("/api/v1/lab/raw"))
        .header("content-type", "image/png")
        .body(vec![0, 159, 146]);
    let response = response.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "image/png");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(response.bytes().await.unwrap().as_ref(), [0, 159, 146]);
}

#[tokio::test]
async fn messages_in_parts_and_oneofs_set_twice_are_shown_once() {
    let response = LAB.get_message_by_name("lab.v1.EchoResponse").unwrap();
    let part =
        |json: Value| DynamicMessage::deserialize(response.clone(), json).unwrap().encode_to_vec();
    let mut wire = part(json!({"all": {"left": "first", "inner": {"text": "a"}, "numbers": [1]}}));
    wire.extend(part(
        json!({"all": {"right": {"text": "last"}, "inner": {"number": 2}, "numbers": [2, 3]}}),
    ));
    let lab = Lab::answering(move |_| Ok(vec![wire.clone().into()]));
    let edge = Edge::of_lab(settings(), &lab).await;
    let shown: Value = edge.get("/api/v1/lab/echo").send().await.unwrap().json().await.unwrap();
    assert_eq!(shown["all"]["inner"], json!({"text": "a", "number": "2"}));
    assert_eq!(shown["all"]["numbers"], json!([1, 2, 3]));
    assert_eq!(shown["all"].get("left"), None);
    assert_eq!(shown["all"]["right"]["text"], "last");
}

#[tokio::test]
async fn an_answer_that_is_no_message_is_an_internal_error() {
    let lab = Lab::answering(|_| Ok(vec![vec![0xff; 3].into()]));
    let edge = Edge::of_lab(settings(), &lab).await;
    let (status, problem) =
        crate::support::problem(edge.get("/api/v1/lab/echo").send().await.unwrap()).await;
    assert_eq!(
        (status, problem["detail"].as_str().unwrap()),
        (500, "something went wrong on our side")
    );
}

#[tokio::test]
async fn whatever_depth_is_taken_a_service_can_read() {
    let fakes = crate::services::Fakes::default();
    let edge = fakes.edge().await;
    let (mut taken, mut refused) = (0, 0);
    for depth in 1..60 {
        for (open, close) in [("{\"x\":", "}"), ("[", "]")] {
            let metadata = format!("{{\"x\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            let body = format!(r#"{{"title":"t","metadata":{metadata}}}"#);
            let response = edge.post("/api/v1/conversations", &body).send().await.unwrap();
            match response.status().as_u16() {
                200 => {
                    taken += 1;
                    let shown: Value = response.json().await.unwrap();
                    assert_eq!(
                        shown["metadata"],
                        serde_json::from_str::<Value>(&metadata).unwrap()
                    );
                }
                status => {
                    refused += 1;
                    assert_eq!(status, 422, "{body}");
                }
            }
        }
    }
    assert!(taken > 40 && refused > 0, "{taken} taken, {refused} refused");
}
