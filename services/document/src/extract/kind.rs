//! What a file holds, by its content; its name is only a claim.

use std::io::Cursor;

use encoding_rs::{Encoding, UTF_8};
use office_oxide::cfb::CfbReader;

use super::{Failure, FileType};

const PDF: &[u8] = b"%PDF-";
/// Readers accept bytes before a PDF's header, as mail systems put them there.
const PDF_HEADER_WITHIN: usize = 1024;
/// What is text says within these bytes what kind of it.
const HEAD: usize = 8 << 10;
const ZIP: &[u8] = b"PK\x03\x04";
const RTF: &[u8] = b"{\\rtf";
const OLE2: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// What other things start with, and what people call them.
const OTHERS: [(&[u8], &str); 10] = [
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"II*\0", "a picture (TIFF)"),
    (b"MM\0*", "a picture (TIFF)"),
    (b"GIF8", "a picture (GIF)"),
    (b"%!PS", "PostScript"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
];

/// The format of these bytes, or why they are of none that is read.
pub(super) fn detect(bytes: &[u8]) -> Result<FileType, Failure> {
    if bytes.is_empty() {
        return Err(Failure::empty());
    }
    if contains(&bytes[..bytes.len().min(PDF_HEADER_WITHIN)], PDF) {
        return Ok(FileType::Pdf);
    }
    if bytes.starts_with(RTF) {
        return Ok(FileType::Rtf);
    }
    if bytes.starts_with(OLE2) {
        return inside_ole2(bytes);
    }
    if bytes.starts_with(ZIP) {
        return inside_zip(bytes);
    }
    match OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, what)) => Err(Failure::unsupported(what)),
        None => Ok(inside_text(&head(bytes))),
    }
}

/// What a file of this kind and name is read as. Some formats have no mark of their own: any text may be
/// Markdown, and what begins like a message may be one or a memorandum. Those are what they are called.
pub(super) fn named(bytes: &[u8], found: FileType, claimed: Option<FileType>) -> Option<FileType> {
    let claimed = claimed?;
    let is_so = match (found, claimed) {
        (FileType::Txt, FileType::Md) => true,
        (FileType::Txt, FileType::Html) => begins_with_a_tag(&head(bytes)),
        (FileType::Txt, FileType::Eml) => fields(&head(bytes)).any(|name| name == "from"),
        (found, claimed) => found == claimed,
    };
    is_so.then_some(claimed)
}

/// The first characters of what may be text, in lower case and without what may precede the first word.
fn head(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(HEAD)];
    let encoding = Encoding::for_bom(bytes).map_or(UTF_8, |(encoding, _)| encoding);
    encoding.decode(bytes).0.trim_start().to_lowercase()
}

/// A web page says that it is one; a message has fields that only mail systems write. Whether the rest
/// really is text shows when it is decoded.
fn inside_text(head: &str) -> FileType {
    let is_page = |text: &str| text.starts_with("<!doctype html") || text.starts_with("<html");
    let is_late_page = || head.starts_with("<?xml") || head.starts_with("<!--");
    if is_page(head)
        || is_late_page() && (head.contains("<html") || head.contains("<!doctype html"))
    {
        return FileType::Html;
    }
    let is_of_a_mail_system =
        |name: &str| matches!(name, "received" | "message-id" | "mime-version" | "return-path");
    if fields(head).any(is_of_a_mail_system) { FileType::Eml } else { FileType::Txt }
}

fn begins_with_a_tag(head: &str) -> bool {
    head.strip_prefix('<')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!'))
}

/// The names of the fields that a message begins with, and nothing else.
fn fields(head: &str) -> impl Iterator<Item = &str> {
    head.lines().filter(|line| !line.starts_with([' ', '\t'])).map_while(|line| {
        let (name, _) = line.split_once(':')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        (!name.is_empty() && name.chars().all(is_name)).then_some(name)
    })
}

fn inside_ole2(bytes: &[u8]) -> Result<FileType, Failure> {
    let container = CfbReader::new(Cursor::new(bytes)).map_err(|error| {
        Failure::damaged_because("it cannot be opened as an Office file", &error)
    })?;
    // A .docx with a password is not a zip but this container.
    if container.has_stream("EncryptedPackage") {
        return Err(Failure::encrypted());
    }
    if container.has_stream("WordDocument") {
        return Ok(FileType::Doc);
    }
    Err(Failure::unsupported(if container.has_stream("Workbook") || container.has_stream("Book") {
        "an Excel workbook"
    } else if container.has_stream("PowerPoint Document") {
        "a PowerPoint presentation"
    } else if container.has_stream("__properties_version1.0") {
        "an Outlook message"
    } else {
        "an unknown kind of Office file"
    }))
}

/// Looks at the names in the entries' own headers: they are there even when the archive is cut short
/// and its directory, which comes last, is gone.
fn inside_zip(bytes: &[u8]) -> Result<FileType, Failure> {
    let mut holds = "a ZIP archive";
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(ZIP)) {
        let Some(name) = entry_name(&bytes[at..]) else { continue };
        if name.starts_with(b"word/") {
            return Ok(FileType::Docx);
        }
        if name.starts_with(b"xl/") {
            holds = "an Excel workbook";
        } else if name.starts_with(b"ppt/") {
            holds = "a PowerPoint presentation";
        } else if name == b"mimetype" {
            holds = "an OpenDocument file";
        }
    }
    Err(Failure::unsupported(holds))
}

fn entry_name(header: &[u8]) -> Option<&[u8]> {
    let length = usize::from(u16::from_le_bytes([*header.get(26)?, *header.get(27)?]));
    header.get(30..30 + length)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::super::FailureCode;
    use super::*;

    #[test]
    fn content_decides() {
        assert_eq!(detect(b"\n\n%PDF-1.7\n"), Ok(FileType::Pdf));
        assert_eq!(detect(b"Dear Sir"), Ok(FileType::Txt));
        assert_eq!(detect(b"").unwrap_err().code, FailureCode::Empty);
        assert_eq!(detect(b"{\\rtf1 Dear Sir}"), Ok(FileType::Rtf));
        assert_eq!(detect(b"\xef\xbb\xbf <!DOCTYPE HTML><p>Dear"), Ok(FileType::Html));
        assert_eq!(detect(b"<?xml version='1.0'?>\n<html xmlns='x'>"), Ok(FileType::Html));
        assert_eq!(detect(b"Received: from a\r\n\tby b\r\nFrom: c\r\n\r\nDear"), Ok(FileType::Eml));
        for other in [&b"\x89PNG\r\n"[..], b"PK\x05\x06\0\0"] {
            assert_eq!(detect(other).unwrap_err().code, FailureCode::UnsupportedType);
        }
        assert_eq!(detect(OLE2).unwrap_err().code, FailureCode::Damaged);
    }
    #[test]
    fn the_name_decides_where_the_content_does_not() {
        let named = |bytes: &[u8], claimed| named(bytes, detect(bytes).unwrap(), Some(claimed));
        let memorandum = b"From: Ada\nTo: Bob\nRe: the lease\n\nThe rent is due.";
        assert_eq!(named(memorandum, FileType::Txt), Some(FileType::Txt));
        assert_eq!(named(memorandum, FileType::Md), Some(FileType::Md));
        assert_eq!(named(memorandum, FileType::Eml), Some(FileType::Eml));
        assert_eq!(named(memorandum, FileType::Html), None);
        assert_eq!(named(b"<p>Dear Sir", FileType::Html), Some(FileType::Html));
        assert_eq!(named(b"Dear Sir: I", FileType::Eml), None);
        assert_eq!(named(b"Message-ID: <1>\nFrom: a\n\nb", FileType::Txt), None);
    }
}
