//! Plain text: UTF-8, UTF-16 with its mark, or Windows-1252.

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{Extracted, Failure, FileType, clean, has_words};

pub(super) fn read(bytes: &[u8]) -> Result<Extracted, Failure> {
    let raw = decode(bytes)?;
    if raw.chars().any(is_foreign_to_text) {
        return Err(Failure::unsupported("data of an unknown kind"));
    }
    let text = clean(&raw);
    if !has_words(&text) {
        return Err(Failure::no_text());
    }
    Ok(Extracted::whole(FileType::Txt, "plain", &text))
}

/// The characters of a file, in whichever encoding.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Failure> {
    for (mark, encoding) in [(&b"\xff\xfe"[..], UTF_16LE), (b"\xfe\xff", UTF_16BE)] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            let (text, has_errors) = encoding.decode_without_bom_handling(rest);
            return if has_errors { Err(broken("UTF-16")) } else { Ok(text.into_owned()) };
        }
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        // Text that was UTF-8 up to here would come out as other letters in another encoding.
        Err(error) if !bytes[..error.valid_up_to()].is_ascii() => Err(broken("UTF-8")),
        Err(_) => Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()),
    }
}

fn broken(encoding: &str) -> Failure {
    Failure::damaged(&format!("it begins as {encoding} text but does not stay so"))
}

/// Text files hold tabs, line ends, page breaks and the old end-of-file mark; nothing else below space.
fn is_foreign_to_text(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1a}' | '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::super::FailureCode;
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, FailureCode> {
        read(bytes).map(|read| read.pages[0].text.clone()).map_err(|failure| failure.code)
    }

    #[test]
    fn every_usual_encoding_is_read() {
        assert_eq!(text("§ 5 “fees”".as_bytes()).unwrap(), "§ 5 “fees”");
        assert_eq!(text(b"\xef\xbb\xbffees").unwrap(), "fees");
        assert_eq!(text(b"\xa7 5 \x93fees\x94").unwrap(), "§ 5 “fees”");
        assert_eq!(text(b"\xff\xfef\0e\0e\0").unwrap(), "fee");
        assert_eq!(text(b"\xfe\xff\0f\0e\0e").unwrap(), "fee");
    }

    #[test]
    fn what_is_not_text_is_said_to_be_so() {
        assert_eq!(text(b"f\0e\0e\0"), Err(FailureCode::UnsupportedType));
        assert_eq!(text(b"\x7fELF\x02\x01"), Err(FailureCode::UnsupportedType));
        assert_eq!(
            text("§ 5 \u{fffd}".as_bytes().split_last().unwrap().1),
            Err(FailureCode::Damaged)
        );
        assert_eq!(text(b"\n \n"), Err(FailureCode::NoText));
    }
}
