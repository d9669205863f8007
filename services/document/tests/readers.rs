//! Damaged files of every format: each is read or refused for a reason, and what is read keeps its promises.
//! `make fuzz-readers` reads as many as one has time for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use elenchus_document::chunk::{Heading, chunks};
use elenchus_document::extract::{
    BlockKind, Extracted, Extractor, FailureCode, Limits, PAGE_BREAK, read_here,
};
use elenchus_testkit::program::workspace;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// A folder of files to begin with, in place of the examples.
const SEEDS: &str = "ELENCHUS_TEST_SEEDS";
/// Cases of a reader in this process, and of one in its jail, unless `PROPTEST_CASES` says how many.
const HERE: u32 = 200;
const JAILED: u32 = 20;
/// Longer ones say no more.
const LONGEST: usize = 200_000;

/// Pieces that mean something to a reader.
const TOKENS: &[&[u8]] = &[
    b"\\par ",
    b"{\\*",
    b"}",
    b"\\u-1?",
    b"\\bin9999 ",
    b"\\'ff",
    b"<table><tr><td>",
    b"</h1>",
    b"<!--",
    b"&#x110000;",
    b"<ol start=9223372036854775807><li>",
    b"\r\n\r\n--b\r\n",
    b"=?utf-8?q?=ff?=",
    b"\n> - [^1]: ",
    b"| a | b |\n|--|--|\n",
    b"\xff\xfe",
    b"\xef\xbf\xbf",
    b"\0",
    b"\x0c",
    b"endobj",
    b"/Kids [1 0 R]",
    b"/Length 999999999",
    b"stream\n",
    b"xref\n0 99999\n",
    b"%%EOF",
    b"<w:tbl>",
    b"<w:lvl w:ilvl=\"9\">",
    b"&lol;",
    b"\xef\xb7\x90",
    b"\xef\xb7\x9a",
];

/// What is done to a file, at a place and for a length of it.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Cut(Index, usize),
    Repeat(Index, usize),
    Insert(Index, &'static [u8]),
    End(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        2 => (place(), 1..400_usize).prop_map(|(at, length)| Damage::Cut(at, length)),
        2 => (place(), 1..400_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
        4 => (place(), prop::sample::select(TOKENS)).prop_map(|(at, token)| Damage::Insert(at, token)),
        1 => place().prop_map(Damage::End),
    ]
}

fn apply(file: &mut Vec<u8>, damage: &Damage) {
    if file.is_empty() {
        return;
    }
    let length = file.len();
    match damage {
        Damage::Flip(at, byte) => file[at.index(length)] = *byte,
        Damage::Cut(at, count) => {
            let at = at.index(length);
            file.drain(at..length.min(at + count));
        }
        Damage::Repeat(at, count) => {
            let at = at.index(length);
            let part = file[at..length.min(at + count)].to_vec();
            file.splice(at..at, part);
        }
        Damage::Insert(at, token) => {
            let at = at.index(length);
            file.splice(at..at, token.iter().copied());
        }
        Damage::End(at) => file.truncate(at.index(length)),
    }
}

/// Files of a format: those of the folder, else one that is made here.
fn seeds(extension: &str, made: &[u8]) -> Vec<Vec<u8>> {
    let examples = || workspace().join("examples");
    let folder = std::env::var_os(SEEDS).map_or_else(examples, PathBuf::from);
    let has_extension = |file: &PathBuf| file.extension().is_some_and(|found| found == extension);
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut seeds: Vec<Vec<u8>> =
        files.filter(has_extension).map(|file| std::fs::read(file).unwrap()).collect();
    seeds.retain(|seed| seed.len() <= LONGEST);
    seeds.push(made.to_vec());
    seeds
}

fn fuzz(extension: &str, made: &[u8], cases: u32, read: impl Fn(Vec<u8>)) {
    let is_told = std::env::var_os("PROPTEST_CASES").is_some();
    let config = Config { failure_persistence: None, ..Config::default() };
    let config = if is_told { config } else { Config { cases, ..config } };
    let seeds = seeds(extension, made);
    let file = (prop::sample::select(seeds), prop::collection::vec(damage(), 0..12));
    let outcome = TestRunner::new(config).run(&file, |(mut file, damages)| {
        damages.iter().for_each(|damage| apply(&mut file, damage));
        read(file);
        Ok(())
    });
    outcome.unwrap();
}

/// Reads in this process: the readers are ours, or keep to the memory that a file needs.
fn here(extension: &str, made: &[u8]) {
    fuzz(extension, made, HERE, |file| {
        if let Ok(read) = read_here(file, extension) {
            check(&read);
        }
    });
}

/// Reads in the jail, as the service does. A reader of others that panics or takes too much is refused
/// there for a reason; what must not be is that the jail itself, or we, fail.
fn jailed(extension: &str, made: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_elenchus-document")).to_owned();
    let pdftotext = Some(Path::new("/usr/bin/pdftotext")).filter(|program| program.is_file());
    let extractor = Extractor::new(program, Limits::default()).with_poppler(pdftotext);
    fuzz(extension, made, JAILED, |bytes| {
        let mut file: File = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        match runtime.block_on(extractor.extract(file, extension)).unwrap() {
            Ok(read) => check(&read),
            Err(failure) => {
                assert!(failure.message.ends_with('.'), "{failure:?}");
                assert!(failure.code != FailureCode::Lost, "{failure:?}");
                if matches!(failure.code, FailureCode::Crashed | FailureCode::TimedOut) {
                    eprintln!("{extension}: {:?} on {} bytes", failure.code, bytes.len());
                }
            }
        }
    });
}

fn check(read: &Extracted) {
    let mut headings = Vec::new();
    let mut start = 0;
    for page in &read.pages {
        let length = page.text.chars().count();
        assert!(!page.text.contains([PAGE_BREAK, '\0']), "it would end a page, or the row");
        for block in &page.blocks {
            let (from, to) = (block.start as usize, block.end as usize);
            assert!(from <= to && to <= length, "{block:?} stands outside of its page");
            if block.kind == BlockKind::Heading {
                headings
                    .push(Heading { start_char: start + from, level: block.level.unsigned_abs() });
            }
        }
        start += length + 1;
    }
    let text = read.text();
    let characters: Vec<char> = text.chars().collect();
    for chunk in chunks(&text, &headings) {
        let exact: String = characters[chunk.start_char..chunk.end_char].iter().collect();
        assert_eq!(exact, chunk.content, "a passage is the text at its place");
    }
}

#[test]
fn any_rich_text_is_read_or_refused() {
    here("rtf", b"{\\rtf1\\ansi{\\fonttbl{\\f0\\fcharset204 A;}}\\pard Rent \\u8211? due{\\footnote late}\\par\\trowd A\\cell B\\cell\\row}");
}

#[test]
fn any_web_page_is_read_or_refused() {
    here("html", b"<!doctype html><h1>Lease</h1><ol><li>Rent<li>Use</ol><table><tr><td>A<td>B</table><pre> x\n y</pre>");
}

#[test]
fn any_mail_is_read_or_refused() {
    here("eml", b"From: a@example.com\r\nSubject: =?utf-8?b?TGVhc2U=?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Rent\r\n--b--\r\n");
}

#[test]
fn any_markdown_is_read_or_refused() {
    here(
        "md",
        b"# Lease\n\n1. Rent[^1]\n2. Use\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[^1]: Due.\n",
    );
}

#[test]
fn any_plain_text_is_read_or_refused() {
    here(
        "txt",
        "ARTICLE I\n\n1.1 Rent\n\nThe tenant pays 500 € a month; § 5(b)(2) holds.\u{c}2.1 Use"
            .as_bytes(),
    );
}

#[test]
fn any_pdf_is_read_or_refused() {
    jailed("pdf", include_bytes!("files/restricted.pdf"));
}

#[test]
fn any_word_document_is_read_or_refused() {
    jailed("docx", include_bytes!("files/locked.docx"));
}

#[test]
fn any_old_word_document_is_read_or_refused() {
    jailed("doc", include_bytes!("files/locked.docx"));
}
