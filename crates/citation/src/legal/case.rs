//! Citations that begin with a number: `410 U.S. 113`, `15 U.S.C. § 78u-4`, `100 Harv. L. Rev. 1`.

use super::Citation;
use super::cursor::Cursor;
use super::data::{Holds, reporters};
use super::foreign::canadian;
use super::parenthetical::parenthetical;
use super::party::Before;
use super::pincite::{page_sign, pincite};
use super::plausible::reported;
use crate::report::CitationKind;

/// A longer number than that of any volume is one still, and cannot be right.
const MAX_VOLUME_DIGITS: usize = 6;

/// The longest court and day behind the number of a docket.
const MAX_COURT: usize = 40;
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
    if let Some(citation) = canadian(cursor, volume).or_else(|| docketed(cursor, volume)) {
        return Some(citation);
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
        // A number of five digits before the abbreviation of a code or journal is another number.
        if volume.len() > 4 && first.holds != Holds::Cases {
            continue;
        }
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

/// `2009 1234 (La.App. 1 Cir. 05/10/10)`: Louisiana's decisions by the number of their docket.
fn docketed(mut cursor: Cursor<'_>, year: &str) -> Option<Citation> {
    let number = cursor.digits();
    if year.len() != 4 || number.len() < 3 || !cursor.space() || !cursor.eat("(") {
        return None;
    }
    let rest = &cursor.text[cursor.at..];
    let inside = &rest[..rest.bytes().take(MAX_COURT).position(|byte| byte == b')')?];
    let (court, date) = inside.rsplit_once(' ')?;
    let is_date = date.len() == 8 && date.bytes().filter(|byte| *byte == b'/').count() == 2;
    if !court.starts_with("La.") || !is_date {
        return None;
    }
    let mut citation =
        Citation::new(CitationKind::Case, cursor.start..cursor.at + inside.len() + 1);
    citation.volume = year.to_owned();
    citation.reporter = court.trim_end_matches(',').to_owned();
    citation.page = number.to_owned();
    Some(citation)
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
