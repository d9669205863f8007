//! What ends is forgotten by whoever remembers it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use elenchus_cache::Cache;
use elenchus_proto::pb::auth::v1::CheckSessionResponse;
use elenchus_rpc::session::{Credential, RemoteSessions, Sessions, ended};
use elenchus_rpc::{Shutdown, Transport};
use http::Response;
use http_body_util::Full;
use prost::Message;
use tonic::Status;
use tonic::body::Body;
use tower::util::BoxCloneSyncService;
use uuid::Uuid;

/// The auth service, played: every session is alive, as long as it answers at all.
fn auth(answers: &Arc<AtomicBool>) -> Transport {
    let answers = Arc::clone(answers);
    BoxCloneSyncService::new(tower::service_fn(move |_| {
        let is_there = answers.load(Ordering::SeqCst);
        async move { if is_there { Ok(alive()) } else { Err(Status::unavailable("gone")) } }
    }))
}

fn alive() -> Response<Body> {
    let user_id = Uuid::now_v7().to_string();
    let message = CheckSessionResponse { is_active: true, user_id, ..Default::default() };
    let message = message.encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "0")
        .body(Body::new(Full::from(frame)))
        .unwrap()
}

#[tokio::test]
async fn what_has_ended_is_not_taken_for_alive_while_auth_is_silent() {
    let (cache, shutdown) = (Cache::in_process(), Shutdown::new());
    let answers = Arc::new(AtomicBool::new(true));
    let sessions = Arc::new(RemoteSessions::new(auth(&answers)));
    ended::heed(&cache, Arc::clone(&sessions), &shutdown);
    let [kept, gone] = [(); 2].map(|()| Credential::Session(Uuid::now_v7()));
    for session in [kept, gone] {
        assert!(sessions.authority(session).await.unwrap().is_some());
    }

    answers.store(false, Ordering::SeqCst);
    ended::tell(&cache, gone).await;
    let began = Instant::now();
    while sessions.authority(gone).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10), "the ended session is still alive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(sessions.authority(kept).await.unwrap().is_some(), "others stay as they were");
    shutdown.finish(Duration::from_secs(5)).await;
}
