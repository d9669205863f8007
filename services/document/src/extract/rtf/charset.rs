//! What the bytes of RTF text mean: the code page of the file, or of the font they are set in.

use std::collections::HashMap;

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, MACINTOSH, SHIFT_JIS, UTF_8, WINDOWS_1252};

/// The encodings of a file.
#[derive(Debug)]
pub(super) struct Charsets {
    default: &'static Encoding,
    by_font: HashMap<i32, &'static Encoding>,
}

impl Default for Charsets {
    fn default() -> Self {
        Self { default: WINDOWS_1252, by_font: HashMap::new() }
    }
}

impl Charsets {
    /// The file names its code page.
    pub(super) fn set_default(&mut self, code_page: Option<i32>) {
        self.default = code_page.and_then(encoding).unwrap_or(self.default);
    }

    /// The table of fonts names the code page of one.
    pub(super) fn set_font(&mut self, font: i32, code_page: Option<i32>) {
        if let Some(encoding) = code_page.and_then(encoding) {
            self.by_font.insert(font, encoding);
        }
    }

    /// How text in a font is encoded.
    pub(super) fn of_font(&self, font: Option<i32>) -> &'static Encoding {
        font.and_then(|font| self.by_font.get(&font).copied()).unwrap_or(self.default)
    }
}

/// The code page of what RTF calls a character set. 0 and 1 mean the file's own.
pub(super) fn code_page(charset: i32) -> Option<i32> {
    Some(match charset {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

fn encoding(code_page: i32) -> Option<&'static Encoding> {
    match code_page {
        932 => Some(SHIFT_JIS),
        936 => Some(GBK),
        949 => Some(EUC_KR),
        950 => Some(BIG5),
        10000 => Some(MACINTOSH),
        65001 => Some(UTF_8),
        page => Encoding::for_label(format!("windows-{page}").as_bytes()),
    }
}
