//! What of a file is text.

use crate::docx::{docx, docx_with, paragraph, run};
use crate::service::{Ground, Node};

async fn text(node: &Node, name: &str, bytes: &[u8]) -> String {
    let document = node.read(name, bytes).await;
    assert_eq!(document.processing_status, "completed", "{document:?}");
    assert_eq!(document.file_type, name.rsplit('.').next().unwrap());
    let pages = node.pages(&document.id).await;
    assert_eq!(pages.len(), 1, "{name} has no pages, and is one text");
    pages[0].content.clone()
}

#[tokio::test]
async fn web_pages_mails_markdown_and_rich_text_are_read() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let page = b"<!DOCTYPE html><title>t</title><script>var a = 'no'</script><h1>Lease</h1><p>Rent is due.";
    assert_eq!(text(&node, "lease.html", page).await, "Lease\n\nRent is due.");
    let mail = b"From: Ada <ada@example.com>\nTo: Bob <bob@example.com>\nSubject: Lease\n\
                 Date: Mon, 2 Mar 2026 10:00:00 +0100\nMessage-ID: <1@example.com>\n\nRent is due.\n";
    let expected = "From: Ada <ada@example.com>\nTo: Bob <bob@example.com>\n\
                    Date: Mon, 2 Mar 2026 10:00:00 +0100\nSubject: Lease\n\nRent is due.";
    assert_eq!(text(&node, "lease.eml", mail).await, expected);
    assert_eq!(
        text(&node, "lease.md", b"# Lease\n\nRent is **due**.\n").await,
        "Lease\n\nRent is due."
    );
    assert_eq!(text(&node, "lease.rtf", b"{\\rtf1 Rent is \\b due\\b0 .}").await, "Rent is due.");

    for (name, bytes) in
        [("a.txt", &page[..]), ("b.txt", mail), ("c.eml", b"Rent is due."), ("d.html", b"Rent.")]
    {
        let copy = [bytes, b" "].concat();
        let refused = node.read(name, &copy).await;
        assert_eq!(refused.processing_error_code, "TYPE_MISMATCH", "{refused:?}");
    }
}

#[tokio::test]
async fn deleted_text_is_no_text_and_inserted_text_is() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let body = [
        paragraph(&format!(
            r#"{}<w:del w:id="1" w:author="A"><w:r><w:delText>thirty</w:delText></w:r></w:del><w:ins w:id="2" w:author="A">{}</w:ins>{}"#,
            run("The tenant pays within "),
            run("sixty"),
            run(" days."),
        )),
        paragraph(&format!(
            r#"<w:moveFrom w:id="3" w:author="A">{}</w:moveFrom><w:moveTo w:id="4" w:author="A">{}</w:moveTo>"#,
            run("Gone."),
            run("Moved here."),
        )),
        format!(
            "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>",
            paragraph(&run("Rent")),
            paragraph(&run("500"))
        ),
        paragraph(&format!(
            r#"{}<w:r><w:footnoteReference w:id="2"/></w:r>"#,
            run("See the note.")
        )),
    ];
    let note =
        format!(r#"<w:footnote w:id="2">{}</w:footnote>"#, paragraph(&run("Of the first year.")));
    let text =
        text(&node, "contract.docx", &docx_with(&body.concat(), &[("footnotes", &note)])).await;
    assert!(text.contains("within sixty days.\nMoved here."), "{text}");
    assert!(text.contains("Rent\t500"), "{text}");
    assert!(text.ends_with("Of the first year."), "{text}");
    assert!(!text.contains("thirty") && !text.contains("Gone"), "{text}");
}

#[tokio::test]
async fn every_script_of_the_world_keeps_its_letters_and_places() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    // From the Universal Declaration of Human Rights, article 1.
    let texts = [
        ("ar", "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق."),
        ("he", "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם."),
        ("zh", "人人生而自由，在尊严和权利上一律平等。"),
        (
            "ja",
            "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。",
        ),
        ("ko", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."),
    ];
    for (language, article) in texts {
        let utf16: String =
            article.encode_utf16().map(|unit| format!("\\u{}?", unit.cast_signed())).collect();
        let files = [
            ("docx", docx(&paragraph(&run(article)))),
            ("html", format!("<!doctype html><p dir=auto>{article}</p>").into_bytes()),
            ("rtf", format!("{{\\rtf1\\uc1 {utf16}}}").into_bytes()),
            ("txt", article.as_bytes().to_vec()),
        ];
        for (extension, bytes) in files {
            let read = text(&node, &format!("{language}.{extension}"), &bytes).await;
            assert_eq!(read, article, "{language}.{extension}");
        }
    }
}
