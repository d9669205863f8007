//! Files that are made to harm.

use tokio::time::{Duration, Instant};

use crate::docx::{archive, docx, docx_of, paragraph, run};
use crate::pdf::{Page, assemble, pdf};
use crate::service::Ground;

/// What an owner waits for an answer at most: the reader's own limit is 25 seconds.
const PATIENCE: Duration = Duration::from_secs(30);

struct File {
    name: &'static str,
    bytes: Vec<u8>,
    /// The failures that are right. Empty: it can be read.
    outcome: &'static [&'static str],
}

fn file(name: &'static str, bytes: impl Into<Vec<u8>>, outcome: &'static [&'static str]) -> File {
    File { name, bytes: bytes.into(), outcome }
}

fn page_tree(kids: &str, count: &str) -> Vec<u8> {
    assemble(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {count} >>").into_bytes(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 3 0 R >>".to_vec(),
    ])
}

/// Ten nodes of ten kids each, down to one page: ten thousand million pages in a kilobyte.
fn page_bomb() -> Vec<u8> {
    const DEPTH: usize = 10;
    let mut objects = vec![b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()];
    for level in 0..DEPTH {
        let kids = format!("{} 0 R ", level + 3).repeat(10);
        objects.push(format!("<< /Type /Pages /Kids [{kids}] /Count 10000000000 >>").into_bytes());
    }
    objects.push(b"<< /Type /Page /MediaBox [0 0 9 9] >>".to_vec());
    assemble(&objects)
}

/// A document with a definition before its text.
fn defined(definition: &str, entity: &str) -> Vec<u8> {
    let text = paragraph(&run(&format!("The tenant {entity} pays.")));
    let namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let xml = format!(
        r#"<?xml version="1.0"?><!DOCTYPE x [{definition}]><w:document xmlns:w="{namespace}"><w:body>{text}</w:body></w:document>"#
    );
    docx_of(&xml, &[])
}

fn laughs() -> Vec<u8> {
    let mut definition = r#"<!ENTITY l0 "lol">"#.to_owned();
    for level in 1..10 {
        let inner = format!("&l{};", level - 1).repeat(10);
        definition.push_str(&format!(r#"<!ENTITY l{level} "{inner}">"#));
    }
    defined(&definition, "&l9;")
}

fn cut_short(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() * 3 / 4);
    bytes
}

fn files() -> Vec<File> {
    const BOMB: &[&str] = &["LIMIT_EXCEEDED", "DAMAGED", "TIMED_OUT"];
    const BROKEN: &[&str] = &["DAMAGED"];
    let lease = || docx(&paragraph(&run("The tenant pays the rent.")));
    let zeros = "a".repeat(48 << 20);
    vec![
        file("bomb.docx", docx(&paragraph(&run(&zeros))), BOMB),
        file(
            "nested.docx",
            archive(&[("inner.zip", &archive(&[("word.zip", &lease())]))]),
            &["UNSUPPORTED_TYPE"],
        ),
        file(
            "outside.docx",
            defined(r#"<!ENTITY x SYSTEM "file:///etc/passwd">"#, "&x;"),
            &["", "DAMAGED"],
        ),
        file("laughs.docx", laughs(), &["", "DAMAGED", "LIMIT_EXCEEDED"]),
        file("deep.docx", docx(&"<w:tbl><w:tr><w:tc>".repeat(100_000)), BOMB),
        file(
            "climbing.docx",
            archive(&[("../../word/document.xml", b"<w:p/>")]),
            &["UNSUPPORTED_TYPE", "DAMAGED"],
        ),
        file("short.docx", cut_short(lease()), BROKEN),
        file(
            "loop.pdf",
            page_tree("2 0 R", "1"),
            &["DAMAGED", "NO_TEXT", "LIMIT_EXCEEDED", "TIMED_OUT"],
        ),
        file("count.pdf", page_tree("3 0 R", "2147483647"), BROKEN),
        file("pages.pdf", page_bomb(), &["DAMAGED", "NO_TEXT", "LIMIT_EXCEEDED", "TIMED_OUT"]),
        file("short.pdf", cut_short(pdf(&[Page::Text("The tenant pays.")])), BROKEN),
        file(
            "both.docx",
            [pdf(&[Page::Text("The tenant pays.")]), lease()].concat(),
            &["TYPE_MISMATCH"],
        ),
        file("deep.html", "<!doctype html>".to_owned() + &"<div><b>".repeat(500_000), &["NO_TEXT"]),
        file("deep.md", "> [*a ".repeat(2_000), &[""]),
        file("deep.rtf", "{\\rtf1 ".repeat(500_000), BROKEN),
        file("long.rtf", "{\\rtf1\\bin2147483647 rent}", BROKEN),
        file("deep.eml", multiparts(5_000), &["", "DAMAGED", "NO_TEXT", "LIMIT_EXCEEDED"]),
    ]
}

/// Parts within parts.
fn multiparts(depth: usize) -> String {
    let mut mail = "From: a@example.com\r\nMIME-Version: 1.0\r\n".to_owned();
    for level in 0..depth {
        mail.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"
        ));
    }
    mail
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_file_fails_for_a_reason_and_harms_nobody_else() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let mut wrong = Vec::new();
    for File { name, bytes, outcome } in files() {
        let began = Instant::now();
        let document = node.read(name, &bytes).await;
        let code = document.processing_error_code.as_str();
        let text: String =
            node.pages(&document.id).await.into_iter().map(|page| page.content).collect();
        let is_fair = outcome.contains(&code)
            && began.elapsed() < PATIENCE
            && (document.processing_status == "completed") == code.is_empty()
            && document.processing_error.ends_with('.') != code.is_empty()
            && !text.contains("root:")
            && text.len() < 4 << 20;
        if !is_fair {
            wrong.push(format!(
                "{name} after {:?}: {code:?}, {} bytes",
                began.elapsed(),
                text.len()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let document = node.read("lease.txt", b"The tenant pays the rent.").await;
    assert_eq!(document.processing_status, "completed", "{document:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_password_is_said_to_have_one_and_one_that_anybody_may_open_is_read() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let locked: [(&str, &[u8]); 3] = [
        ("aes.pdf", include_bytes!("../files/locked-aes.pdf")),
        ("rc4.pdf", include_bytes!("../files/locked-rc4.pdf")),
        ("lease.docx", include_bytes!("../files/locked.docx")),
    ];
    for (name, bytes) in locked {
        let document = node.read(name, bytes).await;
        assert_eq!(document.processing_error_code, "ENCRYPTED", "{document:?}");
        assert!(document.processing_error.contains("without the password"), "{document:?}");
    }
    let document = node.read("open.pdf", include_bytes!("../files/restricted.pdf")).await;
    assert_eq!(document.processing_status, "completed", "{document:?}");
    let text = node.pages(&document.id).await[0].content.clone();
    assert!(text.contains("Mozilla Public License"), "{text}");
}
