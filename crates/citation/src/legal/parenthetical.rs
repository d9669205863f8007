//! What stands behind a citation: the court and year, and what else is said in parentheses.

use super::Citation;
use super::cursor::Cursor;
use super::data::reporters;
use crate::report::CitationKind;

const MAX_PARENTHETICAL: usize = 300;

/// The longest distance of two citations of one decision.
const MAX_PARALLEL_GAP: usize = 24;

/// The court and year, and what else is said in parentheses.
pub(super) fn parenthetical(mut cursor: Cursor<'_>, citation: &mut Citation) {
    placeholder(&mut cursor);
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
    let inside = without_history(rest[..close].trim());
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

/// `, ---- L. Ed. 2d ----`: a parallel citation whose numbers are still to come.
fn placeholder(cursor: &mut Cursor<'_>) {
    let mut next = *cursor;
    let blank = |cursor: &mut Cursor<'_>| {
        cursor.space();
        !cursor.take_while(|byte| matches!(byte, b'-' | b'_')).is_empty() & cursor.space()
    };
    if !next.eat(",") || !blank(&mut next) {
        return;
    }
    if let Some((length, _)) = reporters().find(next.bytes()).first() {
        next.at += length;
        if blank(&mut next) {
            *cursor = next;
        }
    }
}

/// `Tex. App. 2003, no pet.` says what became of the decision behind its year.
fn without_history(inside: &str) -> &str {
    const HISTORIES: [&str; 8] =
        ["no pet.", "no writ", "pet. ", "writ ", "cert. ", "reh'g ", "aff'd", "rev'd"];
    let before = inside.rmatch_indices(", ").find_map(|(at, _)| {
        let history = &inside[at + 2..];
        HISTORIES.iter().any(|known| history.starts_with(known)).then_some(&inside[..at])
    });
    before.filter(|before| before.ends_with(|c: char| c.is_ascii_digit())).unwrap_or(inside)
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

/// Parallel citations share the year, court and parties that only one of them states.
pub(super) fn share_parentheticals(text: &str, found: &mut [Citation]) {
    for at in (1..found.len()).rev() {
        let (head, tail) = found.split_at_mut(at);
        let (first, second) = (&mut head[at - 1], &tail[0]);
        if first.year.is_none() && are_parallel(text, first, second) {
            (first.year, first.court) = (second.year, second.court.clone());
        }
    }
    for at in 1..found.len() {
        let (head, tail) = found.split_at_mut(at);
        let (first, second) = (&head[at - 1], &mut tail[0]);
        if are_parallel(text, first, second) {
            second.case_name.clone_from(&first.case_name);
            second.year = second.year.or(first.year);
        }
    }
}

/// Whether two citations that follow each other are of one decision.
fn are_parallel(text: &str, first: &Citation, second: &Citation) -> bool {
    let between = &text[first.bytes.end.min(second.bytes.start)..second.bytes.start];
    first.kind == CitationKind::Case
        && second.kind == CitationKind::Case
        && between.len() <= MAX_PARALLEL_GAP
        && between.trim_matches([',', ' ', '\n', '[']).is_empty()
}
