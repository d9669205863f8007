//! Routes come from the descriptors alone, and descriptors that make no sense are refused.

use std::path::Path;

use elenchus_cache::Cache;
use elenchus_gateway::{BadContract, Error, Gateway, Peers};
use elenchus_rpc::Shutdown;
use prost_reflect::DescriptorPool;

use crate::support::{Edge, Lab, everywhere, nobody, settings};

fn pool(methods: &str) -> DescriptorPool {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::temp_dir().join(format!("elenchus-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    let source = format!(
        r#"syntax = "proto3"; package try.v1;
        import "elenchus/rpc/v1/options.proto"; import "google/api/annotations.proto";
        service TryService {{ {methods} }}
        message Ask {{ string id = 1; repeated string many = 2; Ask inner = 3; int64 number = 4; }}
        message Answer {{ string text = 1; }}"#
    );
    std::fs::write(folder.join("try.proto"), source).unwrap();
    let mut compiler = protox::Compiler::new([folder.clone(), here.join("../proto")]).unwrap();
    compiler.include_imports(true).open_file("try.proto").unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
}

fn method(name: &str, http: &str) -> String {
    format!(
        "rpc {name}(Ask) returns (Answer) {{ option (elenchus.rpc.v1.access) = ACCESS_PUBLIC; \
         option (google.api.http) = {{ {http} }}; }}"
    )
}

fn build(methods: &str) -> Result<Gateway, Error> {
    let peers = Peers::default().with_service("try.v1.TryService", nobody());
    Gateway::of_descriptors(
        &pool(methods),
        settings(),
        peers,
        Cache::in_process(),
        &Shutdown::new(),
    )
}

#[test]
fn rules_that_make_no_sense_are_refused_by_name() {
    for http in [
        r#"get: "v1/x""#,
        r#"get: "/v1/{id"#,
        r#"get: "/v1/{nope}""#,
        r#"get: "/v1/{many}""#,
        r#"get: "/v1/{inner}""#,
        r#"get: "/v1/{inner.nope}""#,
        r#"get: "/v1/**/x""#,
        r#"post: "/v1/x" body: "nope""#,
        r#"get: "/v1/x" response_body: "nope""#,
        r#"body: "*""#,
        r#"custom: {kind: "B AD" path: "/v1/x"}"#,
        r#"get: "/v1/x" additional_bindings {get: "/v1/y" additional_bindings {get: "/v1/z"}}"#,
    ] {
        let http = if http.ends_with("{id") { format!("{http}\"") } else { http.to_owned() };
        let refusal = build(&method("Do", &http)).err();
        let is_named = matches!(&refusal, Some(Error::Contract(BadContract::BadRule { method, .. })) if method == "try.v1.TryService.Do");
        assert!(is_named, "{http}: {refusal:?}");
    }
}

#[test]
fn two_methods_cannot_answer_the_same_requests() {
    let methods =
        method("One", r#"get: "/v1/x/{id}""#) + &method("Two", r#"get: "/v1/x/{inner.id}""#);
    assert!(matches!(build(&methods), Err(Error::Contract(BadContract::Collision { .. }))));
    assert!(
        build(&(method("One", r#"get: "/v1/x/{id}""#) + &method("Two", r#"post: "/v1/x/{id}""#)))
            .is_ok()
    );
    assert!(matches!(build(&method("One", r#"get: "/health""#)), Err(Error::Taken("/health"))));
}

#[test]
fn a_method_that_nobody_may_call_is_refused() {
    let silent = r#"rpc Do(Ask) returns (Answer) { option (google.api.http) = {get: "/v1/x"}; }"#;
    assert!(matches!(build(silent), Err(Error::Contract(BadContract::NoAccess { .. }))));
}

#[test]
fn a_service_without_a_way_to_it_is_refused() {
    let shutdown = Shutdown::new();
    let refusal =
        Gateway::build(settings(), Peers::default(), Cache::in_process(), &shutdown).err();
    assert!(matches!(refusal, Some(Error::Contract(BadContract::NoPeer { .. }))));
}

#[tokio::test]
async fn the_prefix_is_a_setting() {
    let mut settings = settings();
    settings.api_prefix = "/rest".to_owned();
    let edge = Edge::of_lab(settings, &Lab::echo()).await;
    assert_eq!(edge.get("/rest/lab/ping").send().await.unwrap().status(), 200);
    assert_eq!(edge.get("/rest/health").send().await.unwrap().status(), 200);
    assert_eq!(edge.get("/api/v1/lab/ping").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn our_own_protos_make_an_api() {
    let edge = Edge::of_mesh(settings(), everywhere(&nobody())).await;
    let response = edge.get("/api/v1/conversations?limit=5").send().await.unwrap();
    let retry_after = response.headers()["retry-after"].clone();
    let (status, problem) = crate::support::problem(response).await;
    assert_eq!((status, retry_after.to_str().unwrap()), (503, "1"));
    assert!(!problem.to_string().contains("10.0.0.7"), "an address is of the inside");
    assert_eq!(
        edge.post("/elenchus.auth.v1.AuthService/CheckSession", "{}")
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
}
