//! Documents of a case's own record: `ECF No. 45 at 3`, `Compl. ¶ 14`.

use super::Citation;
use super::cursor::Cursor;
use crate::report::CitationKind;

/// Documents of the record, and what leads to the number of each.
const RECORD: [(&str, bool); 16] = [
    ("ECF No.", false),
    ("ECF Nos.", false),
    ("ECF", false),
    ("Dkt. No.", false),
    ("Dkt.", false),
    ("Doc. No.", false),
    ("D.I.", false),
    ("D.E.", false),
    ("Ex.", true),
    ("Exh.", true),
    ("Compl.", false),
    ("Am. Compl.", false),
    ("Decl.", false),
    ("Aff.", false),
    ("Tr.", false),
    ("Dep.", false),
];

/// `ECF No. 45 at 3`, `Smith Dep. 14:3-9`, `Compl. ¶ 14`, `Ex. A at 14`.
pub(super) fn record(mut cursor: Cursor<'_>) -> Option<Citation> {
    let mut named = cursor;
    let name = named.take_while(|byte| byte.is_ascii_alphabetic());
    // A witness's name may stand before a deposition or declaration.
    if name.len() > 1
        && named.space()
        && ["Dep.", "Decl.", "Aff."].iter().any(|word| named.bytes().starts_with(word.as_bytes()))
    {
        cursor = Cursor { start: cursor.start, ..named };
    }
    let (_, is_exhibit) = RECORD.iter().find(|(word, _)| cursor.eat_words(word))?;
    let name = cursor.text[cursor.start..cursor.at].to_owned();
    cursor.space();
    let mut citation = Citation::new(CitationKind::Record, cursor.start..cursor.at);
    citation.reporter = name;
    if *is_exhibit {
        let label = cursor
            .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
        if label.is_empty() || label.len() > 6 {
            return None;
        }
        citation.page = label.to_owned();
        citation.bytes.end = cursor.at;
    } else if let Some(pages) = cursor.pages() {
        citation.page = pages.to_owned();
        citation.bytes.end = cursor.at;
    } else {
        return None;
    }
    cursor.eat(",");
    cursor.space();
    cursor.eat_words("at");
    cursor.space();
    let is_led = cursor.text[citation.bytes.end..cursor.at].contains("at")
        || cursor.bytes().starts_with("¶".as_bytes());
    if is_led && let Some(pages) = cursor.pages() {
        citation.pincite = pages.to_owned();
        citation.bytes.end = cursor.at;
    }
    Some(citation)
}
