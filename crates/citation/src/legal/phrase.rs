//! Citations that begin with words: `Id. at 5`, `Fed. R. Civ. P. 12(b)(6)`, `ECF No. 45`, `[2019] UKSC 41`.

use super::Citation;
use super::code::code;
use super::cursor::Cursor;
use super::foreign::{bracket, european};
use super::parenthetical::parenthetical;
use super::record::record;
use crate::report::CitationKind;

/// Rules of procedure and evidence, cited by number.
const RULES: [&str; 14] = [
    "Fed. R. Civ. P.",
    "Fed. R. Crim. P.",
    "Fed. R. App. P.",
    "Fed. R. Bankr. P.",
    "Fed. R. Evid.",
    "FRCP",
    "FRE",
    "Fed.R.Civ.P.",
    "Fed.R.Crim.P.",
    "Fed.R.App.P.",
    "Fed.R.Evid.",
    "Fed. R. Civ. Pro.",
    "Sup. Ct. R.",
    "U.S. Sup. Ct. R.",
];

/// A citation that its first words give away.
pub(super) fn named(cursor: Cursor<'_>) -> Option<Citation> {
    match cursor.peek()? {
        b'[' => bracket(cursor),
        b'i' | b'I'
            if cursor.bytes().get(1) == Some(&b'd') || cursor.bytes().starts_with(b"Ibid") =>
        {
            id(cursor).or_else(|| capital(cursor))
        }
        b's' => supra(cursor),
        b'A'..=b'Z' => capital(cursor),
        _ => None,
    }
}

fn capital(cursor: Cursor<'_>) -> Option<Citation> {
    // Most capitals open an ordinary word, and most kinds of citation begin with few letters.
    let begins = |letters: &[u8]| cursor.peek().is_some_and(|byte| letters.contains(&byte));
    let rule = begins(b"FSUC").then(|| rule(cursor)).flatten();
    rule.or_else(|| constitution(cursor))
        .or_else(|| begins(b"CJERDA").then(|| european(cursor)).flatten())
        .or_else(|| record(cursor))
        .or_else(|| code(cursor))
}

fn id(mut cursor: Cursor<'_>) -> Option<Citation> {
    if !["Id.", "id.", "Ibid.", "Id.,"].iter().any(|word| cursor.eat(word)) {
        return None;
    }
    let mut citation = Citation::new(CitationKind::Id, cursor.start..cursor.at);
    let mut next = cursor;
    next.eat(",");
    next.space();
    let is_led = next.eat_words("at") & next.space()
        || next.bytes().starts_with("¶".as_bytes())
        || next.bytes().starts_with("§".as_bytes());
    if is_led && let Some(pages) = next.pages() {
        citation.pincite = pages.to_owned();
        citation.bytes.end = next.at;
    }
    Some(citation)
}

/// `Roe, supra, at 153`. The name before it says what is meant.
fn supra(mut cursor: Cursor<'_>) -> Option<Citation> {
    if !cursor.eat_words("supra") {
        return None;
    }
    let mut citation = Citation::new(CitationKind::Supra, cursor.start..cursor.at);
    citation.case_name = name_before(&cursor.text[..cursor.start]);
    let mut next = cursor;
    next.eat(",");
    next.space();
    if next.eat_words("note") || next.eat_words("n.") {
        next.space();
        let note = next.digits();
        citation.page = note.to_owned();
        citation.bytes.end = next.at;
        next.eat(",");
        next.space();
    }
    if next.eat_words("at")
        && next.space()
        && let Some(pages) = next.pages()
    {
        citation.pincite = pages.to_owned();
        citation.bytes.end = next.at;
    }
    Some(citation)
}

fn name_before(before: &str) -> String {
    let before = before.trim_end().trim_end_matches(',');
    let word = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '*' | '_')).next();
    word.filter(|word| word.starts_with(char::is_uppercase)).unwrap_or_default().to_owned()
}

fn rule(mut cursor: Cursor<'_>) -> Option<Citation> {
    let name = RULES.iter().find(|name| cursor.eat_words(name))?;
    cursor.space();
    cursor.section_sign();
    finish(cursor, CitationKind::Rule, name)
}

/// A section, with everything before it read.
pub(super) fn finish(mut cursor: Cursor<'_>, kind: CitationKind, name: &str) -> Option<Citation> {
    cursor.space();
    let section = cursor.section()?;
    let mut citation = Citation::new(kind, cursor.start..cursor.at);
    citation.reporter = name.to_owned();
    citation.page = section.to_owned();
    parenthetical(cursor, &mut citation);
    Some(citation)
}

/// `U.S. Const. amend. XIV, § 1`, `N.Y. Const. art. VI, § 3`.
fn constitution(mut cursor: Cursor<'_>) -> Option<Citation> {
    let from = cursor.at;
    let limit = cursor.bytes().len().min(24);
    let ahead = &cursor.bytes()[..limit];
    let word = ahead.windows(6).position(|window| window == b"Const.")?;
    if !ahead[..word].iter().all(|byte| byte.is_ascii_alphabetic() || b". ".contains(byte)) {
        return None;
    }
    cursor.at += word + 6;
    let mut citation = Citation::new(CitationKind::Constitution, from..cursor.at);
    citation.reporter = cursor.text[from..cursor.at].to_owned();
    cursor.eat(",");
    cursor.space();
    let part = ["amend.", "art.", "pmbl."].iter().find(|part| cursor.eat(part))?;
    cursor.space();
    let number = cursor.take_while(|byte| b"IVXLCivxlc".contains(&byte) || byte.is_ascii_digit());
    citation.page = format!("{part} {number}").trim_end().to_owned();
    citation.bytes.end = cursor.at;
    cursor.eat(",");
    cursor.space();
    if ["§", "cl."].iter().any(|sign| cursor.eat(sign)) {
        cursor.space();
        if let Some(section) = cursor.section() {
            citation.pincite = section.to_owned();
            citation.bytes.end = cursor.at;
        }
    }
    Some(citation)
}
