//! The least that axum can do: one route that answers with a small JSON document, on a free port.
//! `make bench` measures it beside the gateway, to show what a request costs before there is any work.

use axum::Json;
use axum::routing::get;
use axum::serve::ListenerExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("ready at http://{}", listener.local_addr()?);
    // Without it every answer waits for the reader's acknowledgement.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, axum::Router::new().route("/", get(account))).await
}

/// As large as the answer of `/api/v1/auth/me`.
async fn account() -> Json<Value> {
    Json(json!({
        "id": "019aa000-0000-7000-8000-000000000000",
        "email": "ada@example.com",
        "full_name": "Ada Lovelace",
        "organization": "Analytical & Co",
        "role": "counsel",
        "is_active": true,
        "is_superuser": false,
        "created_at": "2026-11-24T06:00:00.000000Z",
    }))
}
