//! Codes by their abbreviations, and what is cited by year and number: `Cal. Penal Code § 187`,
//! `T.C. Memo. 2019-233`.

use super::Citation;
use super::cursor::Cursor;
use super::data::{Holds, reporters};
use super::phrase::finish;
use super::state::state_code;
use crate::report::CitationKind;

/// Codes that name their section without a sign, as they are written and as they are usually called.
const CODES: [(&str, &str); 22] = [
    ("N.Y. C.P.L.R.", "N.Y. C.P.L.R."),
    ("C.P.L.R.", "N.Y. C.P.L.R."),
    ("CPLR", "N.Y. C.P.L.R."),
    ("U.C.C.", "U.C.C."),
    ("UCC", "U.C.C."),
    ("I.R.C.", "I.R.C."),
    ("A.R.S.", "Ariz. Rev. Stat."),
    ("C.R.S.", "Colo. Rev. Stat."),
    ("O.C.G.A.", "Ga. Code Ann."),
    ("K.S.A.", "Kan. Stat. Ann."),
    ("KRS", "Ky. Rev. Stat."),
    ("MCL", "Mich. Comp. Laws"),
    ("M.C.L.", "Mich. Comp. Laws"),
    ("MCLA", "Mich. Comp. Laws"),
    ("N.J.S.A.", "N.J. Stat. Ann."),
    ("N.R.S.", "Nev. Rev. Stat."),
    ("NRS", "Nev. Rev. Stat."),
    ("NMSA 1978,", "N.M. Stat."),
    ("ORS", "Or. Rev. Stat."),
    ("R.C.W.", "Wash. Rev. Code"),
    ("RCW", "Wash. Rev. Code"),
    ("SDCL", "S.D. Codified Laws"),
];
/// Those whose sections have plain numbers, which behind other letters could be any.
const PLAIN: [&str; 3] = ["N.Y. C.P.L.R.", "U.C.C.", "I.R.C."];
/// What leads to a chapter or title behind a code.
const CHAPTERS: [&str; 4] = ["ch.", "c.", "tit.", "Title"];

/// A code by its abbreviation: `N.Y. C.P.L.R. 3211(a)(7)`, `Cal. Penal Code § 187`, `Fla. Stat. § 90.1`.
pub(super) fn code(mut cursor: Cursor<'_>) -> Option<Citation> {
    if let Some((_, name)) =
        CODES.iter().find(|(written, _)| cursor.begins_like(written) && cursor.eat_words(written))
    {
        cursor.space();
        let is_told = cursor.section_sign() || PLAIN.contains(name);
        let citation = finish(cursor, CitationKind::Statute, name)?;
        return Some(citation).filter(|found| is_told || found.page.contains(['.', '-', ':']));
    }
    for (length, editions) in reporters().find(cursor.bytes()) {
        let edition = reporters().edition(editions[0]);
        let mut after = cursor;
        after.at += length;
        let read = match edition.holds {
            Holds::Statutes => signed(after, CitationKind::Statute, edition.name),
            Holds::Regulations => signed(after, CitationKind::Regulation, edition.name),
            Holds::Cases => of_year(after, edition.name)
                .or_else(|| looseleaf(after, &cursor.bytes()[..length], editions)),
            Holds::Articles | Holds::Sessions => None,
        };
        if let Some(mut citation) = read {
            citation.editions = editions.to_vec();
            return Some(citation);
        }
    }
    state_code(cursor)
}

/// A section behind its sign: without it a number behind these words is any number. A chapter may stand
/// before: `Mass. Gen. Laws ch. 1, § 2`.
pub(super) fn signed(mut cursor: Cursor<'_>, kind: CitationKind, name: &str) -> Option<Citation> {
    cursor.eat(",");
    cursor.space();
    let mut chapter = "";
    if CHAPTERS.iter().any(|word| cursor.eat_words(word)) {
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

/// `T.C.M. (RIA) ¶ 95,342`: services on loose leaves have paragraphs and no volume.
fn looseleaf(mut cursor: Cursor<'_>, written: &[u8], editions: &[u32]) -> Option<Citation> {
    cursor.space();
    if written.last() != Some(&b')') || !(cursor.eat("¶") || cursor.eat("P")) {
        return None;
    }
    cursor.space();
    let number = cursor.take_while(|byte| byte.is_ascii_digit() || byte == b',');
    let number = number.trim_end_matches(',');
    let end = number.as_ptr() as usize - cursor.text.as_ptr() as usize + number.len();
    let mut citation = Citation::new(CitationKind::Case, cursor.start..end);
    // Of services that share an abbreviation the publisher's name tells which is meant.
    let names = || editions.iter().map(|edition| reporters().edition(*edition).name);
    let is_written =
        |name: &&str| written.ends_with(name.rsplit(' ').next().unwrap_or(name).as_bytes());
    citation.reporter = names().find(is_written).or_else(|| names().next())?.to_owned();
    citation.page = number.replace(',', "");
    (!number.is_empty()).then_some(citation)
}
