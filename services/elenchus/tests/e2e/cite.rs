//! `elenchus cite check`, as a person or a pipeline runs it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn check(brief: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("brief.md");
    std::fs::write(&file, brief).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    Command::new(env!("CARGO_BIN_EXE_elenchus"))
        .args(["cite", "check"])
        .arg(file)
        .arg("--sources")
        .arg(examples)
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_true_quote_of_a_pdf_exits_with_0_and_names_its_page() {
    let brief = "The licence says “become compliant prior to 30 days after Your receipt of the notice” [1].";
    let output = check(brief, &["--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert_eq!(report["items"][0]["status"], "verbatim");
    let place = &report["items"][0]["locations"][0];
    assert_eq!(place["document_id"], "mozilla-public-license-2.0.pdf");
    assert!(place["page"].as_u64() > Some(1));
}

#[test]
fn a_changed_quote_exits_with_1_and_shows_the_change() {
    let output =
        check("It says “become compliant prior to 60 days after Your receipt of the notice”.", &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{table}");
    assert!(table.contains("altered") && table.contains("30 -> 60"), "{table}");
}

#[test]
fn a_wrong_call_exits_with_64() {
    assert_eq!(check("“x”", &["--jsn"]).status.code(), Some(64));
    let missing = Command::new(env!("CARGO_BIN_EXE_elenchus"))
        .args(["cite", "check", "no-such-brief.txt"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-brief.txt"));
}
