//! Word documents, made of their parts.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
const NAMESPACE: &str = r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main""#;

/// A document whose body is this XML.
pub(crate) fn docx(body: &str) -> Vec<u8> {
    docx_with(body, &[])
}

/// A document with other parts, such as its `footnotes`, by their names.
pub(crate) fn docx_with(body: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let document = format!("<w:document {NAMESPACE}><w:body>{body}</w:body></w:document>");
    let named = |(name, inner): &(&str, &str)| format!("<w:{name} {NAMESPACE}>{inner}</w:{name}>");
    let bodies: Vec<String> = parts.iter().map(named).collect();
    let parts: Vec<(&str, &str)> =
        parts.iter().zip(&bodies).map(|((name, _), body)| (*name, body.as_str())).collect();
    docx_of(&document, &parts)
}

/// A document whose parts are these, be they XML or not.
pub(crate) fn docx_of(document: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let mut types = TYPES.to_owned();
    let mut relations = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#.to_owned();
    let mut files = Vec::new();
    for (name, content) in parts {
        types.push_str(&format!(r#"<Override PartName="/word/{name}.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.{name}+xml"/>"#));
        relations.push_str(&format!(r#"<Relationship Id="{name}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{name}" Target="{name}.xml"/>"#));
        files.push((format!("word/{name}.xml"), content.as_bytes()));
    }
    types.push_str("</Types>");
    relations.push_str("</Relationships>");
    let fixed = [
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", RELATIONS.as_bytes()),
        ("word/document.xml", document.as_bytes()),
        ("word/_rels/document.xml.rels", relations.as_bytes()),
    ];
    let named = files.iter().map(|(name, content)| (name.as_str(), *content));
    archive(&fixed.into_iter().chain(named).collect::<Vec<_>>())
}

/// An archive of these files.
pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A paragraph of these runs.
pub(crate) fn paragraph(runs: &str) -> String {
    format!("<w:p>{runs}</w:p>")
}

/// A run of this text.
pub(crate) fn run(text: &str) -> String {
    format!(r#"<w:r><w:t xml:space="preserve">{text}</w:t></w:r>"#)
}
