//! Citations that begin with a number: `410 U.S. 113`, `15 U.S.C. § 78u-4`, `100 Harv. L. Rev. 1`.

use super::Citation;
use super::cursor::Cursor;
use super::data::{Holds, reporters};
use super::parenthetical::parenthetical;
use super::party::Before;
use super::pincite::{page_sign, pincite};
use super::plausible::reported;
use crate::report::CitationKind;

const MAX_VOLUME_DIGITS: usize = 4;

/// The longest name of an early reporter.
const MAX_NOMINATIVE: usize = 20;

/// A volume, an abbreviation and a page, or a title, a code and a section.
pub(super) fn volume_first(mut cursor: Cursor<'_>) -> Option<Citation> {
    let text = cursor.text;
    let volume = cursor.digits();
    if volume.len() > MAX_VOLUME_DIGITS {
        return None;
    }
    if volume.len() == 4 && cursor.peek() == Some(b'-') {
        return dashed(cursor, volume);
    }
    if !cursor.space() {
        return None;
    }
    for (length, editions) in reporters().find(cursor.bytes()) {
        let mut after = cursor;
        after.at += length;
        let first = reporters().edition(editions[0]);
        let read = match first.holds {
            Holds::Cases | Holds::Articles | Holds::Sessions => page(after),
            Holds::Statutes | Holds::Regulations => section(after),
        };
        let Some((mut citation, is_short)) = read else {
            continue;
        };
        citation.kind = match (first.holds, is_short) {
            (Holds::Cases, false) => CitationKind::Case,
            (Holds::Cases, true) => CitationKind::ShortCase,
            (Holds::Articles, _) => CitationKind::Article,
            (Holds::Statutes | Holds::Sessions, _) => CitationKind::Statute,
            (Holds::Regulations, _) => CitationKind::Regulation,
        };
        citation.bytes.start = cursor.start;
        citation.volume = volume.to_owned();
        citation.reporter = first.name.to_owned();
        citation.editions = editions.to_vec();
        if matches!(citation.kind, CitationKind::Case | CitationKind::ShortCase) {
            let before = Before::of(text, cursor.start);
            citation.case_name = before.name;
            citation.year = citation.year.or(before.year);
        }
        // Of editions that share an abbreviation the year tells which is meant.
        if let Some(year) = citation.year
            && let Some(meant) = editions.iter().find(|edition| reported(**edition, year))
        {
            citation.reporter = reporters().edition(*meant).name.to_owned();
        }
        return Some(citation);
    }
    None
}

/// `2011-NMSC-001`.
fn dashed(mut cursor: Cursor<'_>, year: &str) -> Option<Citation> {
    cursor.eat("-");
    let reporter = cursor.take_while(|byte| byte.is_ascii_alphabetic());
    if reporter.len() < 2 || !cursor.eat("-") {
        return None;
    }
    let number = cursor.digits();
    let known = reporters().find(reporter.as_bytes());
    let (_, editions) = known.first().filter(|(length, _)| *length == reporter.len())?;
    let mut citation = Citation::new(CitationKind::Neutral, cursor.start..cursor.at);
    citation.volume = year.to_owned();
    citation.year = year.parse().ok();
    citation.reporter = reporters().edition(editions[0]).name.to_owned();
    citation.page = number.to_owned();
    citation.editions = editions.to_vec();
    (!number.is_empty()).then_some(citation)
}

/// A page, or `at` a page, with what follows it.
fn page(mut cursor: Cursor<'_>) -> Option<(Citation, bool)> {
    cursor.eat(",");
    if !cursor.space() {
        return None;
    }
    let is_short = cursor.eat_words("at");
    if is_short {
        cursor.space();
        page_sign(&mut cursor);
        let pages = cursor.pages()?;
        let mut citation = Citation::new(CitationKind::ShortCase, cursor.start..cursor.at);
        citation.pincite = pages.to_owned();
        return Some((citation, true));
    }
    nominative(&mut cursor);
    cursor.eat("¶");
    let from = cursor.at;
    let page = cursor.take_while(|byte| byte.is_ascii_digit() || byte == b'_');
    let page = match page {
        "" => cursor.take_while(|byte| b"ivxlcdm".contains(&byte)),
        page => page,
    };
    // Pages of early reports have thousands parted by a comma, and some a letter behind them.
    let mut comma = cursor;
    if page.len() <= 3
        && comma.eat(",")
        && comma.digits().len() == 3
        && !comma.peek().is_some_and(|byte| byte.is_ascii_alphanumeric())
    {
        cursor = comma;
    }
    letter(&mut cursor);
    let page = &cursor.text[from..cursor.at];
    if page.is_empty() || cursor.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut citation = Citation::new(CitationKind::Case, cursor.start..cursor.at);
    citation.page = page.replace(',', "");
    if let Some(pages) = pincite(&mut cursor) {
        citation.pincite = pages.to_owned();
        citation.bytes.end = cursor.at;
    }
    parenthetical(cursor, &mut citation);
    Some((citation, false))
}

/// The reporter by its own name, as early volumes have it: `5 U.S. (1 Cranch) 137`.
fn nominative(cursor: &mut Cursor<'_>) {
    let mut next = *cursor;
    if next.eat("(") && !next.digits().is_empty() {
        let name = next.take_while(|byte| byte.is_ascii_alphabetic() || b" .&".contains(&byte));
        let is_followed = next.eat(")") & next.space();
        if name.len() <= MAX_NOMINATIVE
            && is_followed
            && next.peek().is_some_and(|b| b.is_ascii_digit())
        {
            *cursor = next;
        }
    }
}

/// A letter behind a page that is part of it: `5243-P`, `51192(U)`, `134[A]`.
fn letter(cursor: &mut Cursor<'_>) {
    for [open, close] in [["-", ""], ["(", ")"], ["[", "]"]] {
        let mut next = *cursor;
        let is_letter =
            next.eat(open) && next.take_while(|byte| byte.is_ascii_uppercase()).len() == 1;
        if is_letter && next.eat(close) && !next.peek().is_some_and(|b| b.is_ascii_alphanumeric()) {
            *cursor = next;
            return;
        }
    }
}

/// A section behind a code's abbreviation. The sign may be left out before a number.
fn section(mut cursor: Cursor<'_>) -> Option<(Citation, bool)> {
    cursor.eat(",");
    cursor.space();
    let has_sign = cursor.section_sign();
    let is_part = !has_sign && (cursor.eat_words("Part") || cursor.eat_words("pt."));
    cursor.space();
    let section = cursor.section()?;
    let mut citation = Citation::new(CitationKind::Statute, cursor.start..cursor.at);
    citation.page = match is_part {
        true => format!("Part {section}"),
        false => section.to_owned(),
    };
    parenthetical(cursor, &mut citation);
    Some((citation, false))
}
