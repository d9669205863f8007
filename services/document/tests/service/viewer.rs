//! Pages as pictures, and where words stand on them.

use elenchus_proto::pb::document::v1 as pb;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::pdf::{Page, pdf};
use crate::picture::Picture;
use crate::scans::can_recognize;
use crate::service::{Ground, Node};

const WIDTH: i32 = 1000;

async fn draw(
    node: &Node,
    id: &str,
    page: i32,
    known: Option<&str>,
) -> Result<(MetadataMap, Vec<u8>), Status> {
    let mut request =
        node.of_user(pb::DrawPageRequest { document_id: id.to_owned(), page, width: Some(WIDTH) });
    if let Some(tag) = known {
        request.metadata_mut().insert("if-none-match", tag.parse().unwrap());
    }
    let (metadata, mut parts, _) = node.client().draw_page(request).await?.into_parts();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await? {
        bytes.extend(part.data);
    }
    Ok((metadata, bytes))
}

async fn locate(node: &Node, id: &str, from: i32, to: i32) -> Result<Vec<pb::Box>, Status> {
    let (document_id, start_char, end_char) = (id.to_owned(), from, to);
    let message = pb::LocateTextRequest { document_id, start_char, end_char };
    Ok(node.client().locate_text(node.of_user(message)).await?.into_inner().boxes)
}

/// Whether a box begins and ends with what is drawn, and has nothing drawn right beside it.
fn fits(picture: &Picture, found: &pb::Box) -> bool {
    let (width, height) = (picture.width as f64, picture.height as f64);
    let (left, right) = (found.left * width, found.right * width);
    let down = (found.top * height, found.bottom * height);
    let letter = 12.0;
    picture.has_ink((left, left + letter), down)
        && picture.has_ink((right - letter, right), down)
        && !picture.has_ink((left - 4.0, left - 2.0), down)
        && !picture.has_ink((right + 2.0, right + 4.0), down)
}

#[tokio::test]
async fn the_boxes_of_a_phrase_lie_where_its_words_are_drawn() {
    if !can_recognize() {
        return;
    }
    let ground = Ground::new().await;
    let node = ground.node().await;
    let file = pdf(&[Page::Text("The tenant pays the rent on the first day."), Page::Scan]);
    let document = node.read("lease.pdf", &file).await;
    let pages = node.pages(&document.id).await;
    for (page, phrase) in pages.iter().zip(["tenant pays the", "may terminate"]) {
        let at = page.content.find(phrase).unwrap();
        let start = page.start_char + page.content[..at].chars().count() as i32;
        let end = start + phrase.chars().count() as i32;
        let found = locate(&node, &document.id, start, end).await.unwrap();
        assert_eq!(found.len(), 1, "{phrase}: {found:?}");
        let place = (found[0].page, found[0].start_char, found[0].end_char);
        assert_eq!(place, (page.page, start, end));

        let (_, png) = draw(&node, &document.id, page.page, None).await.unwrap();
        let picture = Picture::decode(&png);
        assert_eq!(picture.width, WIDTH as usize);
        assert!(fits(&picture, &found[0]), "{phrase}: {found:?}");
    }
    let both = locate(&node, &document.id, 0, document.char_count).await.unwrap();
    assert!(both.is_sorted_by_key(|found| (found.page, found.start_char)), "{both:?}");
    assert_eq!((both[0].page, both.last().unwrap().page), (1, 2));
}

#[tokio::test]
async fn whoever_has_the_picture_of_a_page_is_sent_none() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let document = node.read("lease.pdf", &pdf(&[Page::Text("The tenant pays.")])).await;
    let (metadata, picture) = match draw(&node, &document.id, 1, None).await {
        Err(status) if !can_recognize() => {
            assert_eq!(status.code(), Code::Unimplemented);
            return;
        }
        drawn => drawn.unwrap(),
    };
    assert_eq!(metadata.get("cache-control").unwrap(), "private, no-cache");
    assert_eq!(*metadata.get("x-content-length").unwrap(), *picture.len().to_string());
    let tag = metadata.get("etag").unwrap().to_str().unwrap();
    let (metadata, nothing) = draw(&node, &document.id, 1, Some(tag)).await.unwrap();
    assert_eq!((nothing.len(), metadata.get("etag").unwrap().to_str().unwrap()), (0, tag));
    let (_, again) = draw(&node, &document.id, 1, Some("\"other\"")).await.unwrap();
    assert_eq!(again, picture);
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused_with_the_reason() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let text = node.read("notes.txt", b"The tenant pays.").await;
    let lease = node.read("lease.pdf", &pdf(&[Page::Text("The tenant pays.")])).await;
    let refusal = |answer: Result<(MetadataMap, Vec<u8>), Status>| {
        let status = answer.unwrap_err();
        (status.code(), status.message().to_owned())
    };
    let (code, why) = refusal(draw(&node, &text.id, 1, None).await);
    assert_eq!(
        (code, why.as_str()),
        (Code::FailedPrecondition, "only a PDF has pages that can be shown")
    );
    let (code, why) = refusal(draw(&node, &lease.id, 2, None).await);
    assert_eq!(
        (code, why.as_str()),
        (Code::NotFound, "the document has no page 2; its last is page 1")
    );

    let far = locate(&node, &lease.id, 0, 1000).await.unwrap_err();
    assert_eq!(far.code(), Code::InvalidArgument);
    assert!(far.message().contains("where the text ends"), "{far:?}");
    for (from, to) in [(-1, 5), (5, 5), (0, 60_000)] {
        let odd = locate(&node, &lease.id, from, to).await.unwrap_err();
        assert_eq!(odd.code(), Code::InvalidArgument, "{from} to {to}");
    }
    drop(node);

    let bare = ground.node_with(&[("PATH", "")]).await;
    let (code, why) = refusal(draw(&bare, &lease.id, 1, None).await);
    assert_eq!(code, Code::Unimplemented);
    assert!(why.contains("pdftoppm (poppler-utils) is not installed"), "{why}");
    let odd = locate(&bare, &lease.id, 0, 5).await.unwrap_err();
    assert_eq!(odd.code(), Code::Unimplemented);
}
