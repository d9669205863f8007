//! What a document is made of: numbered clauses, headings, tables and notes.

use elenchus_proto::json;
use elenchus_proto::pb::document::v1 as pb;
use serde_json::{Value, json};

use crate::docx::{docx_with, run};
use crate::service::Ground;

/// Articles in Roman numbers, sections in digits, clauses in letters, as lawyers' templates have them.
const LISTS: &str = r#"<w:abstractNum w:abstractNumId="1">
    <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:pStyle w:val="Article"/><w:lvlText w:val="ARTICLE %1"/></w:lvl>
    <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:isLgl/><w:pStyle w:val="Section"/><w:lvlText w:val="%1.%2"/></w:lvl>
    <w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%3)"/></w:lvl>
</w:abstractNum><w:num w:numId="4"><w:abstractNumId w:val="1"/></w:num>"#;
const STYLES: &str = r#"
    <w:style w:type="paragraph" w:styleId="Article"><w:name w:val="Article"/><w:pPr><w:numPr><w:numId w:val="4"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
    <w:style w:type="paragraph" w:styleId="Section"><w:name w:val="Section"/><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="4"/></w:numPr><w:outlineLvl w:val="1"/></w:pPr></w:style>"#;

fn styled(style: &str, text: &str) -> String {
    format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{}</w:p>"#, run(text))
}

fn clause(runs: &str) -> String {
    format!(
        r#"<w:p><w:pPr><w:numPr><w:ilvl w:val="2"/><w:numId w:val="4"/></w:numPr></w:pPr>{runs}</w:p>"#
    )
}

fn lease() -> Vec<u8> {
    let filler = "The parties agree that this is so for as long as the lease runs. ".repeat(12);
    let body = [
        styled("Article", "Rent"),
        styled("Section", "Amount"),
        clause(&run("The tenant pays 500 a month.")),
        clause(
            r#"<w:del w:id="1" w:author="A"><w:r><w:delText>It rises.</w:delText></w:r></w:del>"#,
        ),
        clause(&format!(
            r#"{}<w:r><w:footnoteReference w:id="2"/></w:r>{}"#,
            run("It never rises"),
            run(".")
        )),
        format!("<w:p>{}</w:p>", run(&filler)),
        styled("Section", "Deposit"),
        clause(&run("Two months of rent.")),
        format!("<w:p>{}</w:p>", run(&filler)),
        styled("Article", "Use"),
        styled("Section", "Purpose"),
        format!(
            "<w:tbl><w:tr><w:tc><w:p>{}</w:p></w:tc><w:tc><w:p>{}</w:p></w:tc></w:tr></w:tbl>",
            run("Rooms"),
            run("4")
        ),
    ];
    let note =
        format!(r#"<w:footnote w:id="2"><w:p>{}</w:p></w:footnote>"#, run("Not even by law."));
    docx_with(&body.concat(), &[("numbering", LISTS), ("styles", STYLES), ("footnotes", &note)])
}

fn slice(text: &str, block: &pb::Block) -> String {
    let (start, end) = (block.start_char as usize, block.end_char as usize);
    text.chars().skip(start).take(end - start).collect()
}

#[tokio::test]
async fn clauses_have_the_numbers_that_word_shows() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let document = node.read("lease.docx", &lease()).await;
    let text = node.pages(&document.id).await[0].content.clone();
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.is_empty() && !line.contains("agree")).collect();
    let expected =
        ["ARTICLE I Rent", "1.1 Amount", "(a) The tenant pays 500 a month.", "(b) It never rises."];
    assert_eq!(lines[..4], expected);
    let expected = [
        "1.2 Deposit",
        "(a) Two months of rent.",
        "ARTICLE II Use",
        "2.1 Purpose",
        "Rooms\t4",
        "1 Not even by law.",
    ];
    assert_eq!(lines[4..], expected);
}

#[tokio::test]
async fn headings_tables_and_notes_are_shown_where_they_stand() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let document = node.read("lease.docx", &lease()).await;
    let page = &node.pages(&document.id).await[0];
    let blocks: Vec<_> = page
        .blocks
        .iter()
        .map(|block| (block.kind.as_str(), block.level, slice(&page.content, block)))
        .collect();
    let block = |kind, level, text: &str| (kind, level, text.to_owned());
    assert_eq!(
        blocks,
        [
            block("heading", 1, "ARTICLE I Rent"),
            block("heading", 2, "1.1 Amount"),
            block("footnote_reference", 1, ""),
            block("heading", 2, "1.2 Deposit"),
            block("heading", 1, "ARTICLE II Use"),
            block("heading", 2, "2.1 Purpose"),
            block("table", 0, "Rooms\t4"),
            block("footnote", 1, "1 Not even by law."),
        ]
    );

    let page = b"<!doctype html><h1>Lease</h1><h3></h3><p>Rent<table><tr><td>A<td>B</table>";
    let document = node.read("lease.html", page).await;
    let page = &node.pages(&document.id).await[0];
    assert_eq!(page.content, "Lease\n\nRent\n\nA\tB");
    let blocks: Vec<_> = page
        .blocks
        .iter()
        .map(|block| (block.kind.as_str(), slice(&page.content, block)))
        .collect();
    assert_eq!(blocks, [("heading", "Lease".to_owned()), ("table", "A\tB".to_owned())]);
}

#[tokio::test]
async fn passages_follow_the_clauses_and_name_the_section_that_they_stand_in() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let document = node.read("lease.docx", &lease()).await;
    let text = node.pages(&document.id).await[0].content.clone();
    let chunks = node.chunks(&document.id).await;
    let deposit = chunks.iter().find(|chunk| chunk.content.starts_with("1.2 Deposit")).unwrap();
    let metadata = Value::Object(json::from_struct(deposit.metadata.clone().unwrap()));
    assert_eq!(metadata["section"], json!(["ARTICLE I Rent", "1.2 Deposit"]));
    assert_eq!(metadata["heading"], "1.2 Deposit");
    let line = text.lines().position(|line| line == "1.2 Deposit").unwrap() + 1;
    assert_eq!(metadata["line"], json!(line));
}
