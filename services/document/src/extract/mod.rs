//! Text out of files, read by a child process that can do nothing else.
//!
//! The text of a document is one string. Where the format has pages they are joined by a form feed,
//! [`PAGE_BREAK`], which occurs nowhere else; every offset counts Unicode characters of that string.

mod block;
mod child;
mod failure;
mod html;
mod jail;
mod kind;
mod layout;
mod mail;
mod markdown;
mod parent;
mod pdf;
mod plain;
mod poppler;
mod probe;
mod rtf;
mod word;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::block::{Block, BlockKind};
pub use self::child::{EXTRACT_ARGUMENT, read_here, run_extractor};
pub use self::failure::{Failure, FailureCode};
pub(crate) use self::jail::confine;
pub use self::parent::{Extractor, Limits};
pub use self::probe::{PROBE_ARGUMENT, probe_jails, run_jail_probe};

/// What stands between two pages of a document's text.
pub const PAGE_BREAK: char = '\u{c}';

/// The formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileType {
    /// PDF.
    Pdf,
    /// Word 2007 and later.
    Docx,
    /// Word 97 to 2003, and older.
    Doc,
    /// Plain text.
    Txt,
    /// Rich text.
    Rtf,
    /// A web page.
    Html,
    /// An e-mail message.
    Eml,
    /// Markdown.
    Md,
}

impl FileType {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Pdf, Self::Doc, Self::Docx, Self::Txt, Self::Rtf, Self::Html, Self::Eml, Self::Md];

    /// The name that the contract uses, which is also the extension.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Doc => "doc",
            Self::Txt => "txt",
            Self::Rtf => "rtf",
            Self::Html => "html",
            Self::Eml => "eml",
            Self::Md => "md",
        }
    }

    /// What its owner calls it.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Pdf => "a PDF document",
            Self::Docx => "a Word document (.docx)",
            Self::Doc => "an old Word document (.doc)",
            Self::Txt => "plain text",
            Self::Rtf => "rich text (RTF)",
            Self::Html => "a web page (HTML)",
            Self::Eml => "an e-mail message",
            Self::Md => "Markdown text",
        }
    }

    /// What its bytes are called on the web.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Doc => "application/msword",
            Self::Txt => "text/plain",
            Self::Rtf => "application/rtf",
            Self::Html => "text/html",
            Self::Eml => "message/rfc822",
            Self::Md => "text/markdown",
        }
    }
}

impl fmt::Display for FileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FileType {
    type Err = UnknownFileType;

    fn from_str(name: &str) -> Result<Self, UnknownFileType> {
        let name = match name {
            "htm" => "html",
            "markdown" => "md",
            name => name,
        };
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        known.ok_or_else(|| UnknownFileType(name.to_owned()))
    }
}

/// A name that no readable format has.
#[derive(Debug, thiserror::Error)]
#[error("no file type is called {0:?}")]
pub struct UnknownFileType(String);

/// What was read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// The format, by content.
    pub file_type: FileType,
    /// Which reader read it.
    pub reader: String,
    /// Its pages, or all of it as one where the format has none.
    pub pages: Vec<Page>,
    /// Whether the format has pages.
    pub is_paged: bool,
    /// What its owner must know of a file that was read although it is damaged. Empty otherwise.
    #[serde(default)]
    pub warning: String,
}

/// A page of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its text.
    pub text: String,
    /// Where that comes from.
    pub source: Source,
    /// Its headings, tables and notes, where the format says which those are.
    #[serde(default)]
    pub blocks: Vec<Block>,
}

/// Where the text of a page comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The file says it.
    Text,
    /// It was recovered from a damaged file, and may lack words or change them.
    Recovered,
    /// What is filled in to the file's form, after the last page and on none.
    Form,
    /// Nothing yet: the page is a picture, and its words are still to be recognised.
    Scan,
    /// It was recognised in a picture.
    Ocr,
    /// The page is a picture, and nothing that recognises words is installed.
    NotCheckable,
}

impl Source {
    /// The word that the contract uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Recovered => "recovered",
            Self::Form => "form",
            Self::Scan => "scan",
            Self::Ocr => "ocr",
            Self::NotCheckable => "not_checkable",
        }
    }
}

impl Extracted {
    /// The whole text, its pages joined by [`PAGE_BREAK`].
    pub fn text(&self) -> String {
        let pages: Vec<&str> = self.pages.iter().map(|page| page.text.as_str()).collect();
        pages.join(&PAGE_BREAK.to_string())
    }

    /// A file whose format has no pages. Its text may have the marks of its parts.
    fn whole(file_type: FileType, reader: &str, marked: &str) -> Self {
        let (text, blocks) = block::unmark(marked);
        let pages = vec![Page { text, source: Source::Text, blocks }];
        let (reader, warning) = (reader.to_owned(), String::new());
        Self { file_type, reader, pages, is_paged: false, warning }
    }
}

/// Evens out line ends, drops what cannot be shown or stored, and limits runs of blank lines to one.
fn clean(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut breaks = 0;
    for line in raw.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        let line: String = line.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
        let line = line.trim_end();
        if line.is_empty() {
            breaks += 1;
            continue;
        }
        if !text.is_empty() {
            text.push_str(if breaks > 0 { "\n\n" } else { "\n" });
        }
        text.push_str(line);
        breaks = 0;
    }
    text
}

/// Whether there is anything to read in a text.
pub(crate) fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_has_even_line_ends_and_no_control_characters() {
        assert_eq!(clean("a \n\n\n\nb\u{0}\u{7}\u{c}c\td"), "a\n\nb\nc\td");
        assert_eq!(clean("\n one\n"), " one");
        assert_eq!(clean("\n \n"), "");
    }
}
