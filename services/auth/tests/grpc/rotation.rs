//! Keys that auth alone has: kept sealed, published, and rotated without anybody being turned away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use elenchus_auth::{Settings, rotate_signing_key};
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_rpc::token::{Keys, RemoteKeys};
use elenchus_settings::Env;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::service::{Client, EMAIL, PASSWORD, Service, by, login, registration};

/// Longer than services wait until they ask for keys again.
const LEAD: Duration = Duration::from_millis(1500);

async fn start() -> Service {
    Service::with_changed(&[("ALGORITHM", "EdDSA")], |settings| settings.key_terms.lead = LEAD)
        .await
}

/// The keys of another service, which asks for what is published.
fn remote(service: &Service) -> Keys {
    service.settings.keys.clone().with_published(Arc::new(RemoteKeys::new(service.near())))
}

async fn published(service: &Service) -> Vec<String> {
    let answer = Client::new(service.near()).get_key_set(pb::GetKeySetRequest {}).await.unwrap();
    let set: Value = serde_json::from_slice(&answer.into_inner().key_set.unwrap().data).unwrap();
    let keys = set["keys"].as_array().unwrap();
    for key in keys {
        assert_eq!(
            (&key["kty"], &key["alg"], &key["use"]),
            (&"OKP".into(), &"EdDSA".into(), &"sig".into())
        );
        assert!(key.get("d").is_none(), "a private key is published");
    }
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The id of the key that signs now.
async fn signing(client: &mut Client) -> String {
    let token = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner().access_token;
    kid(&token)
}

fn kid(token: &str) -> String {
    use base64::Engine;
    let header = token.split('.').next().unwrap();
    let header = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn five_rotations_under_load_turn_nobody_away() {
    let service = start().await;
    let mut client = Client::new(service.near());
    client.register(registration(EMAIL)).await.unwrap();
    let first = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();

    let (is_over, checked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = (0..4).map(|_| {
        let (keys, transport) = (remote(&service), service.near());
        let (is_over, checked) = (Arc::clone(&is_over), Arc::clone(&checked));
        let mut refresh = first.refresh_token.clone();
        async move {
            let mut client = Client::new(transport);
            // Each of the loaders has a session of its own.
            let mut token = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
            std::mem::swap(&mut refresh, &mut token.refresh_token);
            while !is_over.load(Ordering::SeqCst) {
                keys.verify_access(&token.access_token).await.unwrap();
                client.get_me(by(&token.access_token, pb::GetMeRequest {})).await.unwrap();
                checked.fetch_add(1, Ordering::SeqCst);
                let next = pb::RefreshRequest { refresh_token: refresh.clone() };
                let next = client.refresh(next).await.unwrap().into_inner();
                refresh = next.refresh_token;
                token.access_token = next.access_token;
            }
        }
    });
    let mut load: JoinSet<()> = load.collect();

    let mut seen = vec![kid(&first.access_token)];
    for rotation in 1..=5 {
        rotate_signing_key(&service.settings, service.pool.clone()).await.unwrap();
        while published(&service).await.len() == rotation {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(
            &signing(&mut client).await,
            seen.last().unwrap(),
            "a key signs before it is known"
        );
        let before = checked.load(Ordering::SeqCst);
        while signing(&mut client).await == *seen.last().unwrap() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        seen.push(signing(&mut client).await);
        assert!(checked.load(Ordering::SeqCst) > before, "there was no load");
    }
    is_over.store(true, Ordering::SeqCst);
    while let Some(loader) = load.join_next().await {
        loader.unwrap();
    }

    // The first key signed nothing for a while, and what it signed is still good.
    remote(&service).verify_access(&first.access_token).await.unwrap();
    seen.sort();
    let mut published = published(&service).await;
    published.sort();
    assert_eq!(published, seen, "every key is published, once");
}

#[tokio::test]
async fn a_copy_of_the_database_signs_nothing_and_another_secret_gets_a_key_of_its_own() {
    let service = start().await;
    let mut client = Client::new(service.near());
    client.register(registration(EMAIL)).await.unwrap();
    let token = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner().access_token;

    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed_private_key FROM signing_key")
        .fetch_one(&service.pool)
        .await
        .unwrap();
    // The identifier of Ed25519, which is in every PKCS #8 document of such a key.
    assert!(!sealed.windows(5).any(|window| window == [0x06, 0x03, 0x2b, 0x65, 0x70]));

    let env = Env::of_pairs([
        ("SECRET_KEY", "6b51d431df5d7f141cbececcf79edf3d"),
        ("ALGORITHM", "EdDSA"),
        ("ELENCHUS_DATA_DIR", "/nowhere"),
    ]);
    let heir = service.replica(Settings::from_env(&env).unwrap()).await;
    let mut client = Client::new(heir.transport());
    let fresh = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner().access_token;
    assert_ne!(kid(&fresh), kid(&token));
    for token in [&token, &fresh] {
        client.get_me(by(token, pb::GetMeRequest {})).await.unwrap();
    }
}

#[tokio::test]
async fn replicas_that_start_at_once_make_one_key() {
    let service = start().await;
    let more = (0..4).map(|_| service.replica(service.settings.clone()));
    futures_util::future::join_all(more).await;
    assert_eq!(published(&service).await.len(), 1);
}
