//! How often one client may call.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::services::Fakes;
use crate::support::{Edge, Lab, problem, settings};

fn token(subject: &str) -> String {
    let claims = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"{subject}"}}"#));
    format!("Bearer e30.{claims}.x")
}

#[tokio::test]
async fn each_user_has_an_allowance_and_each_address_one() {
    let mut settings = settings();
    settings.rate.per_minute = 60;
    settings.rate.burst = 3;
    let edge = Edge::of_lab(settings, &Lab::echo()).await;
    let call = |user: Option<&str>| {
        let request = edge.get("/api/v1/lab/ping");
        user.map(|user| request.try_clone().unwrap().header("authorization", token(user)))
            .unwrap_or(request)
            .send()
    };
    for left in ["2", "1", "0"] {
        assert_eq!(call(None).await.unwrap().headers()["ratelimit-remaining"], left);
    }
    let refused = call(None).await.unwrap();
    assert_eq!(refused.headers()["ratelimit-limit"], "60");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(problem(refused).await.0, 429);
    assert_eq!(call(Some("alice")).await.unwrap().headers()["ratelimit-remaining"], "2");
    assert_eq!(call(Some("bob")).await.unwrap().headers()["ratelimit-remaining"], "2");
    for free in ["/health", "/docs", "/openapi.json", "/"] {
        assert_eq!(edge.get(free).send().await.unwrap().status(), 200, "{free}");
    }
}

#[tokio::test]
async fn made_up_tokens_open_no_allowance() {
    let mut settings = settings();
    settings.rate.per_minute = 60;
    settings.rate.burst = 5;
    let edge = Edge::of_mesh(settings, Fakes::default().peers()).await;
    let mut let_through = 0;
    for user in 0..50 {
        let call = edge.get("/api/v1/auth/me").header("authorization", token(&user.to_string()));
        let_through += usize::from(call.send().await.unwrap().status() == 401);
    }
    assert!(let_through <= 10, "{let_through} of 50");
}
