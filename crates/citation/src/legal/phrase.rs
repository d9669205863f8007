//! Citations that begin with words: `Id. at 5`, `Fed. R. Civ. P. 12(b)(6)`, `ECF No. 45`, `[2019] UKSC 41`.

use super::Citation;
use super::case::parenthetical;
use super::cursor::Cursor;
use super::data::{Holds, reporters};
use crate::report::CitationKind;

/// Rules of procedure and evidence, cited by number.
const RULES: [&str; 15] = [
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
    "CPLR",
];
/// Codes that name their section without a sign.
const CODES: [&str; 5] = ["N.Y. C.P.L.R.", "N.Y.C.P.L.R.", "C.P.L.R.", "U.C.C.", "I.R.C."];
/// The longest subject of a Texan code.
const MAX_SUBJECT: usize = 48;
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
/// Courts of neutral citations behind a year in brackets.
const NEUTRAL: [&str; 26] = [
    "UKSC",
    "UKHL",
    "UKPC",
    "EWCA Civ",
    "EWCA Crim",
    "EWHC",
    "CSIH",
    "CSOH",
    "NICA",
    "UKUT",
    "UKFTT",
    "EWCOP",
    "EWFC",
    "UKEAT",
    "IESC",
    "IEHC",
    "HCA",
    "FCA",
    "FCAFC",
    "NSWCA",
    "NSWSC",
    "SCC",
    "ONCA",
    "BCCA",
    "NZSC",
    "SGCA",
];
/// Reports behind a year in brackets.
const BRACKET_REPORTS: [&str; 9] =
    ["A.C.", "AC", "Q.B.", "QB", "K.B.", "KB", "W.L.R.", "WLR", "All E.R."];
const EU_ACTS: [&str; 10] =
    ["GDPR", "TFEU", "TEU", "ECHR", "DSA", "DMA", "DSGVO", "AEUV", "EUV", "EMRK"];

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
fn finish(mut cursor: Cursor<'_>, kind: CitationKind, name: &str) -> Option<Citation> {
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

fn european(mut cursor: Cursor<'_>) -> Option<Citation> {
    let kind = CitationKind::European;
    if cursor.eat_words("Case") || cursor.eat_words("Cases") || cursor.eat_words("Joined Cases") {
        cursor.space();
        let from = cursor.at;
        let court = cursor.take_while(|byte| b"CTF".contains(&byte));
        let has_dash = cursor.eat("-") || cursor.eat("‑") || cursor.eat("–");
        let number = cursor.digits();
        if court.len() != 1
            || !has_dash
            || number.is_empty()
            || !cursor.eat("/")
            || cursor.digits().is_empty()
        {
            return None;
        }
        let mut citation = Citation::new(kind, cursor.start..cursor.at);
        citation.reporter = "CJEU".to_owned();
        citation.page = cursor.text[from..cursor.at].replace(['‑', '–'], "-");
        return Some(citation);
    }
    if cursor.eat("ECLI:") {
        let code = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || b":.".contains(&byte));
        let code = code.trim_end_matches(['.', ':']);
        let mut citation = Citation::new(kind, cursor.start..cursor.start + 5 + code.len());
        citation.reporter = "ECLI".to_owned();
        citation.page = code.to_owned();
        return (code.split(':').count() == 4).then_some(citation);
    }
    if cursor.eat_words("Regulation (EU)") || cursor.eat_words("Directive") {
        let name = cursor.text[cursor.start..cursor.at].to_owned();
        cursor.space();
        let from = cursor.at;
        cursor.eat("(EU)");
        cursor.space();
        let first = cursor.digits();
        if first.is_empty() || !cursor.eat("/") || cursor.digits().is_empty() {
            return None;
        }
        cursor.take_while(|byte| b"/EUC".contains(&byte));
        let mut citation = Citation::new(kind, cursor.start..cursor.at);
        citation.reporter = name;
        citation.page = cursor.text[from..cursor.at].to_owned();
        return Some(citation);
    }
    article(cursor)
}

/// `Art. 6(1)(f) GDPR`.
fn article(mut cursor: Cursor<'_>) -> Option<Citation> {
    if !["Art.", "Arts.", "Article", "Articles"].iter().any(|word| cursor.eat_words(word)) {
        return None;
    }
    cursor.space();
    let section = cursor.section()?;
    cursor.space();
    cursor.eat_words("of the");
    cursor.space();
    let act = EU_ACTS.iter().find(|act| cursor.eat_words(act))?;
    let mut citation = Citation::new(CitationKind::European, cursor.start..cursor.at);
    citation.reporter = (*act).to_owned();
    citation.page = section.to_owned();
    Some(citation)
}

/// `ECF No. 45 at 3`, `Smith Dep. 14:3-9`, `Compl. ¶ 14`, `Ex. A at 14`.
fn record(mut cursor: Cursor<'_>) -> Option<Citation> {
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

/// `[2019] UKSC 41`, `[2003] EWCA Civ 151`, `[1932] AC 562`, `[2015] EWHC 12 (Ch)`.
fn bracket(mut cursor: Cursor<'_>) -> Option<Citation> {
    cursor.eat("[");
    let year = cursor.digits();
    if year.len() != 4 || !cursor.eat("]") || !cursor.space() {
        return None;
    }
    let mut volume = cursor;
    let number = volume.digits();
    if !number.is_empty() && volume.space() {
        cursor = volume;
    }
    let known = NEUTRAL.iter().chain(&BRACKET_REPORTS).find(|court| cursor.eat_words(court))?;
    cursor.space();
    let page = cursor.digits();
    if page.is_empty() {
        return None;
    }
    let mut citation = Citation::new(CitationKind::Neutral, cursor.start..cursor.at);
    citation.year = year.parse().ok();
    citation.volume = format!("[{year}] {number}").trim_end().to_owned();
    citation.reporter = (*known).to_owned();
    citation.page = page.to_owned();
    Some(citation)
}

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
fn code(mut cursor: Cursor<'_>) -> Option<Citation> {
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
