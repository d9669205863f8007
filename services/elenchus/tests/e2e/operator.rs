//! What an operator does from the command line, beside a running mesh and without one.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use elenchus_testkit::postgres;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mesh::{Mesh, log};

const EMAIL: &str = "ada@example.com";

/// Runs the program to its end, with this on its standard input.
pub(crate) fn elenchus(data: &Path, arguments: &[&str], input: &str) -> Output {
    elenchus_with(data, &[], arguments, input)
}

/// The same, with more variables.
fn elenchus_with(
    data: &Path,
    variables: &[(&str, &str)],
    arguments: &[&str],
    input: &str,
) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_elenchus"))
        .args(arguments)
        .current_dir(data)
        .env("ELENCHUS_DATA_DIR", data)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(text).unwrap()
}

async fn log_in(mesh: &Mesh, password: &str) -> (StatusCode, Value) {
    let body = json!({"username": EMAIL, "password": password});
    let answer = mesh.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_makes_the_first_superuser_and_sets_a_password_while_the_mesh_runs() {
    let mesh = Mesh::embedded();
    let data = mesh.data.path();
    let weak = elenchus(data, &["user", "create", "--superuser", EMAIL], "password\n");
    assert_eq!(weak.status.code(), Some(64));
    assert!(said(&weak).contains("password: is among the first to be guessed"), "{}", said(&weak));

    let made = elenchus(data, &["user", "create", "--superuser", EMAIL], "correct horse battery\n");
    assert!(made.status.success(), "{}", said(&made));
    assert!(!said(&made).contains("correct horse"));
    let again = elenchus(data, &["user", "create", EMAIL, "--generate"], "");
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("already exists"), "{}", said(&again));

    let (_, session) = log_in(&mesh, "correct horse battery").await;
    let token = session["access_token"].as_str().unwrap();
    let audit = mesh.request(Method::GET, "/api/v1/audit").bearer_auth(token).send().await.unwrap();
    let audit: Value = audit.json().await.unwrap();
    let acts: Vec<&str> = audit
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["actor_kind"] == "operator")
        .filter_map(|event| event["act"].as_str())
        .collect();
    assert_eq!(acts, ["account.make_superuser", "account.register"], "{audit}");

    let reset = elenchus(data, &["user", "reset-password", EMAIL, "--generate"], "");
    assert!(reset.status.success(), "{}", said(&reset));
    let drawn = said(&reset).split("password: ").nth(1).unwrap().trim().to_owned();
    mesh.until_refused(token).await;
    assert_eq!(log_in(&mesh, "correct horse battery").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&mesh, &drawn).await.0, StatusCode::OK);
    assert!(!log(data).contains(EMAIL) && !log(data).contains(&drawn));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_works_on_an_installation_that_stands_still() {
    let data = TempDir::new().unwrap();
    let unknown = elenchus(data.path(), &["user", "reset-password", EMAIL], "correct horse\n");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(said(&unknown).contains("account not found"), "{}", said(&unknown));
    let made = elenchus(data.path(), &["user", "create", EMAIL], "correct horse battery\n");
    assert!(made.status.success(), "{}", said(&made));
    let rotated = elenchus(data.path(), &["key", "rotate"], "");
    assert!(said(&rotated).contains("set ALGORITHM to EdDSA"), "{}", said(&rotated));

    let mesh = Mesh::embedded_on(data);
    assert_eq!(log_in(&mesh, "correct horse battery").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_works_on_the_database_that_is_named() {
    let database = postgres::empty_database().await;
    let data = TempDir::new().unwrap();
    let named = ("DATABASE_URL", database.url());
    let keyless =
        elenchus_with(data.path(), &[named], &["user", "create", EMAIL], "correct horse battery\n");
    assert_eq!(keyless.status.code(), Some(64));
    assert!(said(&keyless).contains("SECRET_KEY"), "{}", said(&keyless));

    let variables = [named, ("SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015")];
    let run =
        |arguments: &[&str], input: &str| elenchus_with(data.path(), &variables, arguments, input);
    let made = run(&["user", "create", "--superuser", EMAIL], "correct horse battery\n");
    assert!(made.status.success(), "{}", said(&made));
    assert!(said(&run(&["user", "create", EMAIL, "--generate"], "")).contains("already exists"));
    let reset = run(&["user", "reset-password", EMAIL], "battery horse correct\n");
    assert!(reset.status.success(), "{}", said(&reset));
    assert!(!data.path().join("postgres").exists(), "a private PostgreSQL was made");

    let mesh = Mesh::embedded_with(data, &variables);
    assert_eq!(log_in(&mesh, "correct horse battery").await.0, StatusCode::UNAUTHORIZED);
    let (status, session) = log_in(&mesh, "battery horse correct").await;
    assert_eq!((status, &session["user"]["is_superuser"]), (StatusCode::OK, &json!(true)));
}
