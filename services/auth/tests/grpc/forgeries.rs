//! Each token that is forged, altered, stale, misdirected or replayed, and what it gets: nothing.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_rpc::token::{Algorithm, OpaqueKind, OpaqueToken, SigningKey};
use serde_json::{Value, json};
use tonic::{Code, Request};
use uuid::Uuid;

use crate::service::{Client, EMAIL, PASSWORD, SECRET_KEY, Service, by, login, registration};

const HEADER: &str = r#"{"typ":"at+jwt","alg":"HS256"}"#;

fn forge(header: &str, claims: &str, algorithm: hmac::Algorithm, key: &[u8]) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = hmac::sign(&hmac::Key::new(algorithm, key), message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature))
}

fn signed(header: &str, claims: &Value) -> String {
    forge(header, &claims.to_string(), hmac::HMAC_SHA256, SECRET_KEY.as_bytes())
}

fn claims_of(token: &str) -> Value {
    let claims = BASE64.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

/// Tokens whose header is wrong, though the signature is right where there can be one.
fn wrong_headers(claims: &Value) -> Vec<(String, String)> {
    let mut table = Vec::new();
    for header in [
        r#"{"alg":"HS256"}"#,
        r#"{"typ":"JWT","alg":"HS256"}"#,
        r#"{"typ":"AT+JWT","alg":"HS256"}"#,
        r#"{"typ":"rt+jwt","alg":"HS256"}"#,
        r#"{"typ":"elenchus-service+jwt","alg":"HS256"}"#,
        r#"{"typ":"at+jwt"}"#,
        r#"{"typ":"at+jwt","alg":"none"}"#,
        r#"{"typ":"at+jwt","alg":"HS384"}"#,
        r#"{"typ":"at+jwt","alg":"RS256"}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA"}"#,
        r#"{"typ":"at+jwt","alg":"hs256"}"#,
        r#"{"typ":"at+jwt","alg":"none","alg":"HS256"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","crit":["exp"]}"#,
        r#"{"typ":"at+jwt","alg":"HS256","crit":[]}"#,
        r#"{"typ":"at+jwt","alg":"HS256","b64":false,"crit":["b64"]}"#,
        "[]",
        "",
    ] {
        table.push((format!("header {header}"), signed(header, claims)));
    }
    for (name, algorithm) in [("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)] {
        let header = format!(r#"{{"typ":"at+jwt","alg":"{name}"}}"#);
        let token = forge(&header, &claims.to_string(), algorithm, SECRET_KEY.as_bytes());
        table.push((format!("{name}, well signed"), token));
    }
    for name in ["none", "None", "NONE", "nOnE"] {
        let header = BASE64.encode(format!(r#"{{"typ":"at+jwt","alg":"{name}"}}"#));
        table.push((
            format!("alg {name}"),
            format!("{header}.{}.", BASE64.encode(claims.to_string())),
        ));
    }
    table
}

/// Tokens that are well signed and say what they must not.
fn wrong_claims(claims: &Value) -> Vec<(String, String)> {
    let now = claims["iat"].as_u64().unwrap();
    let mut wrong: Vec<(&str, Vec<Value>)> = vec![
        (
            "iss",
            vec![json!("Elenchus"), json!("https://example.org"), json!(["elenchus"]), json!("")],
        ),
        ("aud", vec![json!("auth"), json!(["elenchus"]), json!(["auth", "elenchus"]), json!("")]),
        ("sub", vec![json!(Uuid::now_v7()), json!("one"), json!(1), json!("")]),
        ("sid", vec![json!(Uuid::now_v7()), json!("one"), json!(1), json!("")]),
        ("jti", vec![json!("one"), json!(1), json!("")]),
        ("iat", vec![json!("1"), json!(-1), json!(now + 3600), json!(1.5)]),
        ("nbf", vec![json!("1"), json!(-1), json!(now + 60), json!(now + 3600)]),
        (
            "exp",
            vec![json!("1"), json!(-1), json!(0), json!(now - 6), json!(now - 3600), json!(1e300)],
        ),
    ];
    let mut table = Vec::new();
    for (name, values) in &mut wrong {
        let mut lacking = claims.clone();
        lacking.as_object_mut().unwrap().remove(*name);
        table.push((format!("without {name}"), signed(HEADER, &lacking)));
        values.extend([Value::Null, json!({}), json!(true)]);
        for value in values {
            let what = format!("{name} = {value}");
            table.push((what, signed(HEADER, &with(claims, name, value.clone()))));
        }
        // Said twice, the right one first and the right one last.
        let twice =
            claims.to_string().replacen('{', &format!(r#"{{"{name}":{},"#, claims[*name]), 1);
        let token = forge(HEADER, &twice, hmac::HMAC_SHA256, SECRET_KEY.as_bytes());
        table.push((format!("{name} twice"), token));
    }
    table.push(("claims that are a list".to_owned(), signed(HEADER, &json!([]))));
    table
}

/// Spellings of a good token that nobody made.
fn alterations(good: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("no JWT") };
    let stranger = with(&claims_of(good), "sub", json!(Uuid::now_v7()));
    let last = if signature.ends_with('A') { "B" } else { "A" };
    let altered = [
        ("no token", String::new()),
        ("two parts", format!("{header}.{claims}")),
        ("no signature", format!("{header}.{claims}.")),
        ("four parts", format!("{good}.")),
        ("other claims", format!("{header}.{}.{signature}", BASE64.encode(stranger.to_string()))),
        ("padded header", format!("{header}=.{claims}.{signature}")),
        ("padded signature", format!("{header}.{claims}.{signature}=")),
        ("cut", good[..good.len() - 1].to_owned()),
        ("longer", format!("{good}A")),
        ("another last letter", format!("{}{last}", &good[..good.len() - 1])),
        ("huge", "A".repeat(5000)),
    ];
    altered.into_iter().map(|(what, token)| (what.to_owned(), token)).collect()
}

async fn refuses(client: &mut Client, table: Vec<(String, String)>) {
    for (what, token) in table {
        let refusal = client.get_me(by(&token, pb::GetMeRequest {})).await;
        let refusal = refusal.err().unwrap_or_else(|| panic!("{what} was let in"));
        assert_eq!(refusal.code(), Code::Unauthenticated, "{what}: {refusal}");
    }
}

async fn is_let_in(client: &mut Client, token: &str) -> bool {
    client.get_me(by(token, pb::GetMeRequest {})).await.is_ok()
}

#[tokio::test]
async fn nothing_but_a_token_as_it_was_made_opens_anything() {
    let service = Service::start().await;
    let mut client = Client::new(service.far().await);
    client.register(registration(EMAIL)).await.unwrap();
    let pair = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    let claims = claims_of(&pair.access_token);
    let good = pair.access_token;
    assert!(is_let_in(&mut client, &signed(HEADER, &claims)).await, "the forger is no good");

    refuses(&mut client, wrong_headers(&claims)).await;
    refuses(&mut client, wrong_claims(&claims)).await;
    refuses(&mut client, alterations(&good)).await;
    let keys = &service.settings.keys;
    let others = b"6b51d431df5d7f141cbececcf79edf3d";
    let misdirected = [
        ("another's key", forge(HEADER, &claims.to_string(), hmac::HMAC_SHA256, others)),
        ("no key", forge(HEADER, &claims.to_string(), hmac::HMAC_SHA256, b"")),
        ("a refresh token", pair.refresh_token),
        ("a service token", keys.issue_service("workflow", "auth").unwrap()),
        (
            "an API token that was never made",
            OpaqueToken::draw(OpaqueKind::Api).expose().to_owned(),
        ),
        ("a grant that was never given", OpaqueToken::draw(OpaqueKind::Grant).expose().to_owned()),
    ];
    let misdirected = misdirected.map(|(what, token)| (what.to_owned(), token)).to_vec();
    refuses(&mut client, misdirected).await;
    for scheme in ["", "Basic ", "Token ", "Bearer", "Bearer Bearer "] {
        let mut request = Request::new(pb::GetMeRequest {});
        request.metadata_mut().insert("authorization", format!("{scheme}{good}").parse().unwrap());
        assert_eq!(
            client.get_me(request).await.unwrap_err().code(),
            Code::Unauthenticated,
            "{scheme}"
        );
    }

    assert!(is_let_in(&mut client, &good).await, "a good token was refused in between");
    client.logout(by(&good, pb::LogoutRequest {})).await.unwrap();
    refuses(&mut client, vec![("a token that was logged out".to_owned(), good)]).await;
}

#[tokio::test]
async fn a_public_key_makes_no_token_and_a_key_of_ones_own_neither() {
    let service = Service::with(&[("ALGORITHM", "EdDSA")]).await;
    let mut client = Client::new(service.far().await);
    client.register(registration(EMAIL)).await.unwrap();
    let good = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner().access_token;
    let (claims, key) = (claims_of(&good).to_string(), published(&mut client).await);
    let (kid, x) = (key["kid"].as_str().unwrap(), key["x"].as_str().unwrap());
    let raw = BASE64.decode(x).unwrap();
    let spki = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0], &raw[..]].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        BASE64_STANDARD.encode(&spki)
    );

    let mut table = Vec::new();
    let jwk = key.to_string();
    for secret in
        [&raw[..], x.as_bytes(), &spki, pem.as_bytes(), jwk.as_bytes(), SECRET_KEY.as_bytes()]
    {
        for alg in ["HS256", "EdDSA"] {
            let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{kid}"}}"#);
            let token = forge(&header, &claims, hmac::HMAC_SHA256, secret);
            table.push((format!("{alg} with a public key"), token));
        }
    }
    // Signed with a key of one's own: under its name, which is unknown, and with ours in the header.
    let document = SigningKey::draw(Algorithm::EdDsa).unwrap();
    let own = SigningKey::from_pkcs8(Algorithm::EdDsa, &document).unwrap();
    let said = claims_of(&good);
    let id = |name: &str| Uuid::try_parse(said[name].as_str().unwrap()).unwrap();
    let lifetime = std::time::Duration::from_secs(60);
    let forged = own.issue_access(id("sub"), id("sid"), lifetime).unwrap();
    let rest = forged.split_once('.').unwrap().1.to_owned();
    for header in [
        format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}"#),
        r#"{"typ":"at+jwt","alg":"EdDSA"}"#.to_owned(),
        format!(
            r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{}","jwk":{}}}"#,
            own.kid(),
            json!(own.public())
        ),
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"../../dev/null"}"#.to_owned(),
    ] {
        table.push((header.clone(), format!("{}.{rest}", BASE64.encode(header))));
    }
    table.push(("a key of one's own".to_owned(), forged));
    table.extend(alterations(&good));
    refuses(&mut client, table).await;
    assert!(is_let_in(&mut client, &good).await);
}

async fn published(client: &mut Client) -> Value {
    let answer = client.get_key_set(pb::GetKeySetRequest {}).await.unwrap().into_inner();
    let set: Value = serde_json::from_slice(&answer.key_set.unwrap().data).unwrap();
    set["keys"][0].clone()
}
