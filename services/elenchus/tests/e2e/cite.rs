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

#[test]
fn the_table_says_where_and_why_in_80_columns() {
    let brief = "The licence is long.\n\nIt says “become compliant prior to 60 days after Your receipt of the notice”, \
        and Roe v. Wade, 410 U.S. 113 (1873), and 14 F.3d 15 (12th Cir. 1994) agree.\n";
    let output = check(brief, &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    for said in [
        "on line 3 of the brief",
        "in mozilla-public-license-2.0.pdf, page 4",
        "30 -> 60",
        "Roe v. Wade, 410 U.S. 113",
        "the volume did not report decisions of that year",
        "there is no such court, or the reporter does not report it",
        "3 need a look.",
    ] {
        assert!(table.contains(said), "{said}: {table}");
    }
    // Nothing but text, so that it can be piped.
    assert!(!table.contains('\u{1b}'));
}

#[test]
fn a_source_that_cannot_be_read_is_named_and_leaves_its_quotes_unchecked() {
    let folder = tempfile::tempdir().unwrap();
    let (brief, sources) = (folder.path().join("brief.txt"), folder.path().join("sources"));
    std::fs::create_dir(&sources).unwrap();
    std::fs::write(&brief, "It says “the tenant shall pay the rent monthly”.").unwrap();
    std::fs::write(sources.join("broken.pdf"), "%PDF-1.7 and nothing else").unwrap();
    let run = |sources: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elenchus"));
        command.args(["cite", "check"]).arg(&brief).arg("--sources").arg(sources).output().unwrap()
    };
    let output = run(&sources);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{table}");
    assert!(table.contains("not_checkable") && table.contains("a source has no text"), "{table}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken.pdf"));
    // One document may be named in place of a folder, and a folder that is missing is a wrong call.
    let lease = sources.join("lease.txt");
    std::fs::write(&lease, "The tenant shall pay the rent monthly.").unwrap();
    assert_eq!(run(&lease).status.code(), Some(0));
    let missing = run(&folder.path().join("none"));
    assert_eq!(missing.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("none"));
}
