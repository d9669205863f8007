//! Codes by their abbreviations, and what is cited by year and number: `Cal. Penal Code § 187`,
//! `T.C. Memo. 2019-233`.

use super::Citation;
use super::cursor::Cursor;
use super::data::{Holds, reporters};
use super::phrase::finish;
use crate::report::CitationKind;

/// Codes that name their section without a sign.
const CODES: [&str; 5] = ["N.Y. C.P.L.R.", "N.Y.C.P.L.R.", "C.P.L.R.", "U.C.C.", "I.R.C."];

/// The longest subject of a Texan code.
const MAX_SUBJECT: usize = 48;

/// `Tex. Educ. Code Ann. § 51.803`: the code's name goes around its subject.
fn texan(mut cursor: Cursor<'_>) -> Option<Citation> {
    if !cursor.eat_words("Tex.") || !cursor.space() {
        return None;
    }
    let ahead = &cursor.bytes()[..cursor.bytes().len().min(MAX_SUBJECT)];
    let at = ahead.windows(9).position(|window| window == b"Code Ann.")?;
    let is_subject = |byte: &u8| byte.is_ascii_alphabetic() || b". &\n".contains(byte);
    if !ahead[..at].iter().all(is_subject) {
        return None;
    }
    cursor.at += at + 9;
    signed(cursor, CitationKind::Statute, "Tex. Code Ann.")
}

/// A code by its abbreviation: `N.Y. C.P.L.R. 3211(a)(7)`, `Cal. Penal Code § 187`, `Fla. Stat. § 90.1`.
pub(super) fn code(mut cursor: Cursor<'_>) -> Option<Citation> {
    if let Some(name) = CODES.iter().find(|name| cursor.eat_words(name)) {
        cursor.space();
        cursor.section_sign();
        return finish(cursor, CitationKind::Statute, name);
    }
    if let Some(citation) = texan(cursor) {
        return Some(citation);
    }
    for (length, editions) in reporters().find(cursor.bytes()) {
        let edition = reporters().edition(editions[0]);
        let mut after = cursor;
        after.at += length;
        let read = match edition.holds {
            Holds::Statutes => signed(after, CitationKind::Statute, edition.name),
            Holds::Regulations => signed(after, CitationKind::Regulation, edition.name),
            Holds::Cases => of_year(after, edition.name),
            Holds::Articles | Holds::Sessions => None,
        };
        if let Some(mut citation) = read {
            citation.editions = editions.to_vec();
            return Some(citation);
        }
    }
    None
}

/// A section behind its sign: without it a number behind these words is any number. A chapter may stand
/// before: `Mass. Gen. Laws ch. 1, § 2`.
fn signed(mut cursor: Cursor<'_>, kind: CitationKind, name: &str) -> Option<Citation> {
    cursor.eat(",");
    cursor.space();
    let mut chapter = "";
    if cursor.eat_words("ch.") {
        cursor.space();
        chapter = cursor.take_while(|byte| byte.is_ascii_alphanumeric());
        cursor.eat(",");
        cursor.space();
    }
    if !cursor.section_sign() {
        return None;
    }
    let mut citation = finish(cursor, kind, name)?;
    citation.volume = chapter.to_owned();
    Some(citation)
}

/// A decision by its year and number: `T.C. Memo. 2019-233`.
fn of_year(mut cursor: Cursor<'_>, name: &str) -> Option<Citation> {
    cursor.space();
    let year = cursor.digits();
    if year.len() != 4 || !cursor.eat("-") {
        return None;
    }
    let number = cursor.digits();
    let mut citation = Citation::new(CitationKind::Case, cursor.start..cursor.at);
    citation.volume = year.to_owned();
    citation.year = year.parse().ok();
    citation.reporter = name.to_owned();
    citation.page = number.to_owned();
    (!number.is_empty()).then_some(citation)
}
