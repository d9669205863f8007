//! Citations that begin with a number: `410 U.S. 113`, `15 U.S.C. § 78u-4`, `100 Harv. L. Rev. 1`.

use super::Citation;
use super::cursor::Cursor;
use super::data::{Holds, reporters};
use super::plausible::reported;
use crate::report::CitationKind;

const MAX_VOLUME_DIGITS: usize = 4;
const MAX_PARENTHETICAL: usize = 300;
/// The longest name of an early reporter.
const MAX_NOMINATIVE: usize = 20;
/// How far before a citation its parties begin.
const MAX_NAME: usize = 160;
/// The longest distance of two citations of one decision.
const MAX_PARALLEL_GAP: usize = 24;

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

fn page_sign(cursor: &mut Cursor<'_>) {
    if cursor.eat("pp.") || cursor.eat("p.") {
        cursor.space();
    }
}

/// Pages behind a comma, unless they are the volume of another citation.
fn pincite<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let mut next = *cursor;
    let is_led =
        next.eat(",") | next.space() & (next.eat_words("at") || next.bytes().starts_with(b"n."));
    next.space();
    next.eat_words("at");
    next.space();
    page_sign(&mut next);
    if !is_led || is_volume(next) {
        return None;
    }
    let from = next.at;
    next.pages()?;
    loop {
        let mut more = next;
        if !(more.eat(",") && more.space()) || is_volume(more) || more.pages().is_none() {
            break;
        }
        next = more;
    }
    *cursor = next;
    Some(&cursor.text[from..cursor.at])
}

/// Whether another citation begins here.
fn is_volume(mut cursor: Cursor<'_>) -> bool {
    if cursor.digits().is_empty() || !cursor.space() {
        return false;
    }
    let ends = |length: &usize| cursor.bytes().get(*length).is_some_and(u8::is_ascii_whitespace);
    reporters().find(cursor.bytes()).iter().any(|(length, _)| ends(length))
}

/// The court and year, and what else is said in parentheses.
pub(super) fn parenthetical(mut cursor: Cursor<'_>, citation: &mut Citation) {
    cursor.space();
    let is_bracket = cursor.eat("[");
    if !is_bracket && !cursor.eat("(") {
        return;
    }
    let rest = &cursor.text[cursor.at..];
    let limit = rest.floor_char_boundary(MAX_PARENTHETICAL);
    let Some(close) = rest[..limit].find(if is_bracket { ']' } else { ')' }) else {
        return;
    };
    let inside = rest[..close].trim();
    let digits = inside.len() - inside.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let is_year = digits == 4 && inside.is_char_boundary(inside.len() - digits);
    // Brackets hold a court and a year in New York, and another citation in California.
    if !is_year
        || is_bracket && inside.starts_with(|c: char| c.is_ascii_digit()) && inside.len() > 4
    {
        if !is_bracket {
            citation.parenthetical = inside.to_owned();
        }
        return;
    }
    citation.year = inside[inside.len() - 4..].parse().ok();
    let court = inside[..inside.len() - 4].trim_end();
    citation.court = without_date(court).split_whitespace().collect::<Vec<_>>().join(" ");
    cursor.at += close + 1;
    cursor.space();
    let rest = &cursor.text[cursor.at..];
    if rest.starts_with('(') {
        let limit = rest.floor_char_boundary(MAX_PARENTHETICAL);
        let close = rest[..limit].find(')').unwrap_or(0);
        citation.parenthetical = rest[..limit].get(1..close).unwrap_or_default().trim().to_owned();
    }
}

/// `S.D.N.Y. Mar. 3,` is a court and a day.
fn without_date(court: &str) -> &str {
    const MONTHS: [&str; 13] = [
        "Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Jun", "Jul", "Aug", "Sept", "Oct",
        "Nov",
    ];
    let months = MONTHS.iter().chain(&["Dec", "Sep"]);
    let day = court
        .trim_end_matches([',', ' '])
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end();
    for month in months {
        let word = day.trim_end_matches('.');
        if let Some(start) = day.rfind(' ').map_or(Some(0), |space| Some(space + 1))
            && word.get(start..).is_some_and(|word| word.starts_with(month))
            && day.len() < court.len()
        {
            return day[..start].trim_end();
        }
    }
    court.trim_end_matches([',', ' '])
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

/// Parallel citations share the year, court and parties that only one of them states.
pub(super) fn share_parentheticals(text: &str, found: &mut [Citation]) {
    for at in (1..found.len()).rev() {
        let (head, tail) = found.split_at_mut(at);
        let (first, second) = (&mut head[at - 1], &mut tail[0]);
        if first.kind != CitationKind::Case || second.kind != CitationKind::Case {
            continue;
        }
        let between = &text[first.bytes.end.min(second.bytes.start)..second.bytes.start];
        let is_parallel = between.len() <= MAX_PARALLEL_GAP
            && between.trim_matches([',', ' ', '\n', '[']).is_empty();
        if is_parallel && first.year.is_none() {
            (first.year, first.court) = (second.year, second.court.clone());
        }
    }
    for at in 1..found.len() {
        let (head, tail) = found.split_at_mut(at);
        let (first, second) = (&head[at - 1], &mut tail[0]);
        if first.kind == CitationKind::Case && second.kind == CitationKind::Case {
            let between = &text[first.bytes.end.min(second.bytes.start)..second.bytes.start];
            if between.len() <= MAX_PARALLEL_GAP
                && between.trim_matches([',', ' ', '\n', '[']).is_empty()
            {
                second.case_name.clone_from(&first.case_name);
                second.year = second.year.or(first.year);
            }
        }
    }
}

/// What stands before a citation.
#[derive(Default)]
struct Before {
    /// The parties.
    name: String,
    /// The year, where it stands there and not behind.
    year: Option<u16>,
}

impl Before {
    /// `Roe v. Wade, `, `In re Smith, `, `In re K.F. (2009) `.
    fn of(text: &str, start: usize) -> Self {
        let from = text.ceil_char_boundary(start.saturating_sub(MAX_NAME));
        let before = text[from..start].trim_end();
        if let Some(before) = before.strip_suffix(',') {
            return Self { name: name_in(before), year: None };
        }
        let Some((before, year)) = year_at_end(before) else {
            return Self::default();
        };
        Self { name: name_in(before.trim_end()), year: Some(year) }
    }
}

fn year_at_end(text: &str) -> Option<(&str, u16)> {
    let (before, year) = text.strip_suffix(')')?.rsplit_once('(')?;
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    Some((before, year.parse().ok().filter(|_| is_year)?))
}

/// The parties that a text ends with.
fn name_in(before: &str) -> String {
    let before = before.rsplit_once("\n\n").map_or(before, |(_, last)| last);
    let party =
        [" v. ", " v ", " vs. ", " v.\n"].iter().filter_map(|sign| before.rfind(sign)).max();
    if let Some(at) = party {
        let plaintiff = trailing_name(&before[..at]);
        return one_line(&before[at - plaintiff.len()..]);
    }
    let lead = ["In re ", "Ex parte ", "Matter of ", "In the Matter of "]
        .iter()
        .filter_map(|lead| before.rfind(lead))
        .max();
    lead.map(|at| one_line(&before[at..])).unwrap_or_default()
}

/// The words at the end that may be a party's name.
fn trailing_name(text: &str) -> &str {
    const SIGNALS: [&str; 14] = [
        "See", "see", "Cf.", "cf.", "In", "But", "Accord", "Compare", "Under", "citing", "quoting",
        "e.g.,", "also", "Also",
    ];
    const INNER: [&str; 16] = [
        "of", "the", "and", "&", "for", "de", "la", "ex", "rel.", "et", "al.", "al.,", "von",
        "van", "on", "in",
    ];
    let mut start = text.len();
    for word in text.split_whitespace().rev() {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        let is_capital = word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
        let ends_sentence = start < text.len()
            && word.ends_with(['.', ';', ':', '?', ')', '”', '"'])
            && word.len() > 5;
        if SIGNALS.contains(&word) || !(is_capital || INNER.contains(&word)) || ends_sentence {
            break;
        }
        start = at;
    }
    let mut name = &text[start..];
    while let Some((word, rest)) = name.split_once(char::is_whitespace)
        && INNER.contains(&word)
    {
        name = rest.trim_start();
    }
    name
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
