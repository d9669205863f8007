//! Sign-in with a provider, as a browser walks it.

use elenchus_proto::pb::auth::v1 as auth;
use elenchus_proto::pb::auth::v1::oidc_service_server::{OidcService, OidcServiceServer};
use elenchus_rpc::transport::local;
use reqwest::redirect::Policy;
use serde_json::Value;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::support::{Edge, everywhere, nobody, settings};

const COOKIE: &str = "__Host-elenchus-sign-in";

/// Tells in the answer what it was asked.
struct Provider;

#[tonic::async_trait]
impl OidcService for Provider {
    async fn begin_oidc_login(
        &self,
        _: Request<auth::BeginOidcLoginRequest>,
    ) -> Result<Response<auth::BeginOidcLoginResponse>, Status> {
        Ok(Response::new(auth::BeginOidcLoginResponse {
            authorization_url: "https://provider.example.com/authorize?state=s".to_owned(),
            browser_token: "kept".to_owned(),
        }))
    }

    async fn complete_oidc_login(
        &self,
        request: Request<auth::CompleteOidcLoginRequest>,
    ) -> Result<Response<auth::CompleteOidcLoginResponse>, Status> {
        let auth::CompleteOidcLoginRequest { code, state, browser_token, .. } =
            request.into_inner();
        Ok(Response::new(auth::CompleteOidcLoginResponse {
            access_token: format!("{code}/{state}/{browser_token}"),
            refresh_token: "first".to_owned(),
            ..Default::default()
        }))
    }
}

async fn edge() -> Edge {
    let routes = Routes::new(OidcServiceServer::new(Provider)).prepare();
    let peers = everywhere(&nobody()).with_service("elenchus.auth.v1.OidcService", local(routes));
    let mut edge = Edge::of_mesh(settings(), peers).await;
    edge.http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    edge
}

#[tokio::test]
async fn a_browser_is_sent_to_the_provider_with_a_cookie_that_only_we_get() {
    let edge = edge().await;
    let answer = edge.get("/api/v1/auth/google/login").send().await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "https://provider.example.com/authorize?state=s");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let cookie = format!("{COOKIE}=kept; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
    assert_eq!(answer.headers()["set-cookie"], cookie);
    assert_eq!(answer.text().await.unwrap(), "");
}

#[tokio::test]
async fn the_way_back_is_tied_to_the_cookie_whatever_the_link_says() {
    let edge = edge().await;
    let back = "/api/v1/auth/google/callback?code=c&state=s&browser_token=chosen-by-the-link";
    let token = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
        let is_ended = cookies.iter().any(|cookie| {
            let cookie = cookie.to_str().unwrap();
            cookie.starts_with(COOKIE) && cookie.ends_with("Max-Age=0")
        });
        assert!(is_ended, "{cookies:?}");
        let body: Value = answer.json().await.unwrap();
        (body["access_token"].as_str().unwrap().to_owned(), body["refresh_token"].clone())
    };
    let with_cookie = edge.get(back).header("cookie", format!("{COOKIE}=kept"));
    assert_eq!(token(with_cookie).await, ("c/s/kept".to_owned(), "first".into()));
    assert_eq!(token(edge.get(back)).await.0, "c/s/");
    let page = edge.get(back).header("x-refresh-token", "cookie");
    assert_eq!(token(page).await.1, "");
}
