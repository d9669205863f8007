//! Pages that are pictures.

use elenchus_proto::pb::document::v1 as pb;
use elenchus_settings::Env;

use crate::pdf::{Page, pdf};
use crate::scanned::scanned;
use crate::service::Ground;

/// Whether scans can be read here. They must be where everything is tested.
pub(crate) fn can_recognize() -> bool {
    let env = Env::of_process().unwrap();
    let settings = elenchus_document::recognize::Settings::from_env(&env).unwrap();
    let is_complete = settings.missing().is_empty();
    assert!(is_complete || env.text("CI").is_none(), "tesseract and pdftoppm are not installed");
    is_complete
}

fn slice(text: &str, start: i32, end: i32) -> String {
    text.chars().skip(start as usize).take((end - start) as usize).collect()
}

#[tokio::test]
async fn a_scanned_page_is_read_with_a_box_for_every_word() {
    if !can_recognize() {
        return;
    }
    let ground = Ground::new().await;
    let node = ground.node().await;
    let file = pdf(&[Page::Text("This retainer is made between the parties."), Page::Scan]);
    let document = node.read("retainer.pdf", &file).await;
    assert_eq!(document.processing_status, "completed", "{document:?}");
    assert_eq!(document.page_count, 2);

    let pages = node.pages(&document.id).await;
    let sources: Vec<_> = pages.iter().map(|page| page.source.as_str()).collect();
    assert_eq!(sources, ["text", "ocr"]);
    let scan = &pages[1];
    assert!(scan.content.contains("Either party may terminate this agreement"), "{scan:?}");
    let word = |word: &pb::Word| {
        slice(&scan.content, word.start_char - scan.start_char, word.end_char - scan.start_char)
    };
    let place = scan.words.iter().find(|found| word(found) == "terminate").unwrap();
    assert!(place.left < place.right && place.right <= scan.width, "{place:?}");
    assert!(place.top < place.bottom && place.bottom <= scan.height, "{place:?}");

    let chunks = node.chunks(&document.id).await;
    let quoted = chunks.iter().find(|chunk| chunk.content.contains("may terminate")).unwrap();
    assert_eq!(quoted.page, Some(2));
}

#[tokio::test]
async fn a_scan_with_a_stamped_number_is_read_and_not_taken_for_a_page_of_text() {
    if !can_recognize() {
        return;
    }
    let ground = Ground::new().await;
    let node = ground.node().await;
    let document = node.read("bates.pdf", &pdf(&[Page::Stamped("ACME 000123")])).await;
    assert_eq!(document.processing_status, "completed", "{document:?}");
    let page = &node.pages(&document.id).await[0];
    assert_eq!(page.source, "ocr");
    assert!(page.content.contains("Either party may terminate this agreement"), "{page:?}");
}

#[tokio::test]
async fn what_stands_side_by_side_on_a_scan_is_not_read_across() {
    if !can_recognize() {
        return;
    }
    let ground = Ground::new().await;
    let node = ground.node().await;
    let file = scanned(&[
        (60, 640, "Your information, and what you should know before you give it to the court"),
        (60, 600, "Street Address"),
        (60, 574, "City / State / Zip Code"),
        (60, 548, "Phone Number"),
        (60, 522, "Social Security Number"),
        (240, 606, "Check this box if you wish to keep"),
        (240, 592, "the information in this box"),
        (240, 578, "confidential because you"),
        (240, 564, "fear for your safety and for the"),
        (240, 550, "safety of your children, or if"),
        (240, 536, "a court has told you to do so."),
        (60, 480, "List all minor children who are affected by this action."),
    ]);
    let document = node.read("form.pdf", &file).await;
    let page = &node.pages(&document.id).await[0];
    assert_eq!(page.source, "ocr");
    let words = page.content.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("fear for your safety and for the safety of your children"), "{page:?}");
    assert!(words.contains("Street Address City / State / Zip Code Phone Number"), "{page:?}");
    let told = page.words.iter().map(|word| {
        slice(&page.content, word.start_char - page.start_char, word.end_char - page.start_char)
    });
    assert_eq!(told.collect::<Vec<_>>().join(" "), words, "each word has its box");
    assert!(page.words.iter().all(|word| word.left < word.right && word.right <= page.width));
}

#[tokio::test]
async fn where_nothing_reads_scans_the_pages_say_so_and_a_later_try_reads_them() {
    let ground = Ground::new().await;
    let bare = ground.node_with(&[("PATH", "")]).await;
    let half = pdf(&[Page::Text("The first page can be read."), Page::Scan]);
    let half = bare.read("half.pdf", &half).await;
    assert_eq!(half.processing_status, "completed", "{half:?}");
    assert_eq!(bare.pages(&half.id).await[1].source, "not_checkable");

    let scan = bare.read("scan.pdf", &pdf(&[Page::Scan])).await;
    assert_eq!(scan.processing_status, "failed");
    assert_eq!(scan.processing_error_code, "NO_TEXT");
    assert!(scan.processing_error.contains("text recognition (OCR)"), "{scan:?}");
    drop(bare);

    if can_recognize() {
        let node = ground.node().await;
        node.retry(&scan.id).await.unwrap();
        let scan = node.settled(&scan.id).await;
        assert_eq!(scan.processing_status, "completed", "{scan:?}");
        assert!(node.pages(&scan.id).await[0].content.contains("thirty days"));
    }
}

#[tokio::test]
async fn the_reading_of_scans_is_told_page_by_page() {
    if !can_recognize() {
        return;
    }
    let ground = Ground::new().await;
    let node = ground.node().await;
    let pages = [Page::Scan, Page::Scan, Page::Scan, Page::Scan];
    let document = node.upload("scans.pdf", &pdf(&pages)).await.unwrap();
    let events = node.watch(&document.id).await;
    let is_rising = events.is_sorted_by_key(|event| event.progress_percentage as i32);
    assert!(is_rising, "{events:?}");
    // Whoever hears late is told the newest, so that not each page need be heard of.
    let is_of_page = |event: &&pb::WatchDocumentResponse| {
        (1..=4).any(|page| event.stage == format!("recognize page {page} of 4"))
    };
    assert!(events.iter().any(|event| is_of_page(&event)), "{events:?}");
    let last = events.last().unwrap();
    assert_eq!((last.processing_status.as_str(), last.progress_percentage), ("completed", 100.0));
}
