//! Neutral citations and those of Europe: `[2019] UKSC 41`, `Case C-311/18`, `Art. 6(1)(f) GDPR`.

use super::Citation;
use super::cursor::Cursor;
use crate::report::CitationKind;

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

/// Courts of Canada's neutral citations.
const CANADIAN: [&str; 12] =
    ["SCC", "CSC", "FCA", "ONCA", "ONSC", "BCCA", "BCSC", "ABCA", "ABQB", "QCCA", "NSCA", "MBCA"];
/// Reports behind a year in brackets.
const BRACKET_REPORTS: [&str; 9] =
    ["A.C.", "AC", "Q.B.", "QB", "K.B.", "KB", "W.L.R.", "WLR", "All E.R."];
const EU_ACTS: [&str; 10] =
    ["GDPR", "TFEU", "TEU", "ECHR", "DSA", "DMA", "DSGVO", "AEUV", "EUV", "EMRK"];

pub(super) fn european(mut cursor: Cursor<'_>) -> Option<Citation> {
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

/// `2011 SCC 10`: Canada's courts need no brackets.
pub(super) fn canadian(mut cursor: Cursor<'_>, year: &str) -> Option<Citation> {
    if year.len() != 4 {
        return None;
    }
    let court =
        CANADIAN.iter().find(|court| cursor.begins_like(court) && cursor.eat_words(court))?;
    cursor.space();
    let number = cursor.digits();
    let mut citation = Citation::new(CitationKind::Neutral, cursor.start..cursor.at);
    citation.year = year.parse().ok();
    citation.volume = year.to_owned();
    citation.reporter = (*court).to_owned();
    citation.page = number.to_owned();
    (!number.is_empty()).then_some(citation)
}

/// `[2019] UKSC 41`, `[2003] EWCA Civ 151`, `[1932] AC 562`, `[2015] EWHC 12 (Ch)`.
pub(super) fn bracket(mut cursor: Cursor<'_>) -> Option<Citation> {
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
