//! What `elenchus doctor` says of an installation that is well, and of one that is not.

use std::path::Path;
use std::process::{Command, Output};

use elenchus_testkit::port::free_port;
use serde_json::Value;
use tempfile::TempDir;

use crate::mesh::model_dir;

fn doctor(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_elenchus"))
        .arg("doctor")
        .args(arguments)
        .current_dir(data)
        .env("ELENCHUS_DATA_DIR", data)
        .env("EMBEDDING_MODEL_DIR", model_dir())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn report(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The state of the only check with this name.
fn state<'a>(report: &'a Value, name: &str) -> &'a str {
    let checks = report["checks"].as_array().unwrap();
    let named: Vec<_> = checks.iter().filter(|check| check["name"] == name).collect();
    assert_eq!(named.len(), 1, "{name}: {report:#}");
    named[0]["state"].as_str().unwrap()
}

#[test]
fn a_new_installation_is_well_and_is_told_what_it_does_without() {
    let data = TempDir::new().unwrap();
    let output = doctor(data.path(), &["--json"], &[]);
    let report = report(&output);
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert_eq!(report["is_well"], true);
    for name in [
        "settings",
        "secret key",
        "signing key",
        "postgresql",
        "files",
        "jail",
        "scans",
        "embedding model",
    ] {
        assert_eq!(state(&report, name), "ok", "{name}: {report:#}");
    }
    for name in ["redis", "mail", "language model"] {
        assert_eq!(state(&report, name), "missing", "{name}: {report:#}");
    }
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(check["state"] == "ok", check["mend"] == "", "{check:#}");
    }
    let left: Vec<_> =
        std::fs::read_dir(data.path()).unwrap().map(|left| left.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "uploads"), "{left:?}");
}

#[test]
fn what_is_set_and_does_not_work_is_named_with_its_mend_and_without_its_secrets() {
    let data = TempDir::new().unwrap();
    let nobody = format!("127.0.0.1:{}", free_port());
    let (database, redis) =
        (format!("postgres://ada:hunter2@{nobody}/x"), format!("redis://:hunter2@{nobody}"));
    let auth = format!("http://{nobody}");
    let uploads = data.path().join("file");
    std::fs::write(&uploads, "not a folder").unwrap();
    let port = nobody.rsplit(':').next().unwrap();
    let variables = [
        ("DATABASE_URL", database.as_str()),
        ("REDIS_URL", &redis),
        ("AUTH_SERVICE_ADDR", &auth),
        ("SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015"),
        ("OPENAI_API_KEY", "sk-hunter2"),
        ("UPLOAD_DIR", uploads.to_str().unwrap()),
        ("PATH", "/nonexistent"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", port),
        ("EMAIL_FROM", "a@example.com"),
        ("RATE_LIMIT_BURST", "many"),
    ];
    let output = doctor(data.path(), &["--json"], &variables);
    let report = report(&output);
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    for name in ["settings", "postgresql", "redis", "files", "mail", "services"] {
        assert_eq!(state(&report, name), "failed", "{name}: {report:#}");
    }
    assert_eq!(state(&report, "scans"), "missing");
    assert_eq!(state(&report, "language model"), "ok");

    let output = doctor(data.path(), &[], &variables);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{table}");
    for mend in [
        "set RATE_LIMIT_BURST",
        "tesseract-ocr poppler-utils",
        "correct AUTH_SERVICE_ADDR",
        "unset REDIS_URL",
    ] {
        assert!(table.contains(mend), "{mend}: {table}");
    }
    for secret in ["hunter2", "9f86d081"] {
        assert!(!table.contains(secret) && !report.to_string().contains(secret), "{table}");
    }
}

#[test]
fn a_role_is_asked_for_what_it_needs_alone() {
    let data = TempDir::new().unwrap();
    let key = ("SECRET_KEY", "9f86d081884c7d659a2feaa0c55ad015");
    let database = ("ANALYTICS_DATABASE_URL", "mysql://db/x");
    let output = doctor(data.path(), &["analytics", "--json"], &[key, database]);
    let report = report(&output);
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    assert_eq!(state(&report, "postgresql"), "failed");
    let names: Vec<_> =
        report["checks"].as_array().unwrap().iter().map(|check| &check["name"]).collect();
    assert!(!names.iter().any(|name| *name == "jail" || *name == "mail"), "{report:#}");

    let output = doctor(data.path(), &["documents"], &[]);
    assert_eq!(output.status.code(), Some(64));
}
