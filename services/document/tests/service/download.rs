//! A file on its way back.

use elenchus_proto::pb::document::v1 as pb;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::service::{Ground, Node};

const TEXT: &[u8] = b"LEASE\n\nThe tenant pays the rent on the first day of each month.\n";

async fn download(
    node: &Node,
    id: &str,
    asked: &[(&'static str, String)],
) -> Result<(MetadataMap, Vec<u8>), Status> {
    let message = pb::DownloadDocumentRequest { document_id: id.to_owned() };
    let mut request = node.of_user(message);
    for (name, value) in asked {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    let answer = node.client().download_document(request).await?;
    let (metadata, mut parts, _) = answer.into_parts();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await? {
        bytes.extend(part.data);
    }
    Ok((metadata, bytes))
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_and_a_broken_download_goes_on_where_it_stopped() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let document = node.upload("Mietvertrag Köln.txt", TEXT).await.unwrap();
    let id = document.id.as_str();

    let (metadata, whole) = download(&node, id, &[]).await.unwrap();
    assert_eq!(whole, TEXT);
    let tag = format!("\"{}\"", document.content_hash);
    assert_eq!(metadata.get("etag").unwrap().to_str().unwrap(), tag);
    assert_eq!(metadata.get("x-content-length").unwrap().to_str().unwrap(), "64");
    let name = metadata.get("content-disposition").unwrap().to_str().unwrap();
    assert!(name.ends_with("filename*=UTF-8''Mietvertrag%20K%C3%B6ln.txt"), "{name}");

    let rest = ("range", "bytes=20-".to_owned());
    let (metadata, part) = download(&node, id, std::slice::from_ref(&rest)).await.unwrap();
    assert_eq!([&whole[..20], &part].concat(), TEXT);
    assert_eq!(metadata.get("content-range").unwrap().to_str().unwrap(), "bytes 20-63/64");

    let of_same = [rest.clone(), ("if-range", tag)];
    assert_eq!(download(&node, id, &of_same).await.unwrap().1, part);
    let of_other = [rest, ("if-range", "\"0\"".to_owned())];
    assert_eq!(
        download(&node, id, &of_other).await.unwrap().1,
        TEXT,
        "another version starts anew"
    );

    let beyond = download(&node, id, &[("range", "bytes=64-".to_owned())]).await.unwrap_err();
    assert_eq!(beyond.code(), Code::OutOfRange);
    assert_eq!(beyond.metadata().get("content-range").unwrap().to_str().unwrap(), "bytes */64");
}
