//! What a file holds, by its content; its name is only a claim.

use std::io::Cursor;

use office_oxide::cfb::CfbReader;

use super::{Failure, FileType};

const PDF: &[u8] = b"%PDF-";
/// Readers accept bytes before a PDF's header, as mail systems put them there.
const PDF_HEADER_WITHIN: usize = 1024;
const ZIP: &[u8] = b"PK\x03\x04";
const OLE2: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// What other things start with, and what people call them.
const OTHERS: [(&[u8], &str); 11] = [
    (b"{\\rtf", "rich text (RTF)"),
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
    if bytes.starts_with(OLE2) {
        return inside_ole2(bytes);
    }
    if bytes.starts_with(ZIP) {
        return inside_zip(bytes);
    }
    match OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, what)) => Err(Failure::unsupported(what)),
        // Whether it really is text shows when it is decoded.
        None => Ok(FileType::Txt),
    }
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
        for other in [&b"{\\rtf1"[..], b"\x89PNG\r\n", b"PK\x05\x06\0\0"] {
            assert_eq!(detect(other).unwrap_err().code, FailureCode::UnsupportedType);
        }
        assert_eq!(detect(OLE2).unwrap_err().code, FailureCode::Damaged);
    }
}
