//! The refresh token in a cookie, for pages that ask for it.

use serde_json::Value;

use crate::services::Fakes;

const COOKIE: &str = "__Host-elenchus-refresh";
const LOGIN: &str = r#"{"username": "a@example.com", "password": "testpassword"}"#;

/// The token of an answer's body, and its cookie.
async fn answer(request: reqwest::RequestBuilder) -> (String, Option<String>) {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let cookie = response.headers().get("set-cookie");
    let cookie = cookie.map(|value| value.to_str().unwrap().to_owned());
    let body: Value = response.json().await.unwrap();
    (body["refresh_token"].as_str().unwrap_or_default().to_owned(), cookie)
}

fn set(token: &str) -> Option<String> {
    Some(format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=2592000"))
}

#[tokio::test]
async fn who_does_not_ask_for_a_cookie_gets_the_token_and_no_cookie() {
    let edge = Fakes::default().edge().await;
    let login = edge.post("/api/v1/auth/login", LOGIN);
    assert_eq!(answer(login).await, ("first".to_owned(), None));
    let refresh = edge.post("/api/v1/auth/refresh", r#"{"refresh_token": "first"}"#);
    assert_eq!(answer(refresh).await, ("after-first".to_owned(), None));
}

#[tokio::test]
async fn who_asks_for_a_cookie_never_sees_the_token_again() {
    let edge = Fakes::default().edge().await;
    let login = edge.post("/api/v1/auth/login", LOGIN).header("x-refresh-token", "cookie");
    assert_eq!(answer(login).await, (String::new(), set("first")));
    for body in ["{}", ""] {
        let refresh = edge.post("/api/v1/auth/refresh", body);
        let refresh = refresh.header("cookie", format!("other=1; {COOKIE}=first"));
        assert_eq!(answer(refresh).await, (String::new(), set("after-first")), "{body:?}");
    }
    let logout = edge.post("/api/v1/auth/logout", "{}");
    let (_, cookie) = answer(logout).await;
    assert!(cookie.unwrap().ends_with("Max-Age=0"));
}

#[tokio::test]
async fn a_token_in_the_body_wins_and_two_cookies_are_none() {
    let edge = Fakes::default().edge().await;
    let refresh = edge
        .post("/api/v1/auth/refresh", r#"{"refresh_token": "body"}"#)
        .header("cookie", format!("{COOKIE}=first"));
    assert_eq!(answer(refresh).await, ("after-body".to_owned(), None));
    let refresh = edge
        .post("/api/v1/auth/refresh", "{}")
        .header("cookie", format!("{COOKIE}=first; {COOKIE}=second"));
    assert_eq!(answer(refresh).await, ("after-".to_owned(), None));
}
