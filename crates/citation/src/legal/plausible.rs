//! Whether a citation can be right, by what is known of reporters and courts.

use super::Citation;
use super::data::{self, reporters};
use crate::report::{CitationKind, Implausible};

/// Decisions are reported a little before and after the years of an edition.
const SLACK: u16 = 1;
const SUPREME: [&str; 4] = ["U.S.", "S. Ct.", "L. Ed.", "L. Ed. 2d"];

/// Why a citation cannot be right.
pub(crate) fn implausible(citation: &Citation, this_year: u16) -> Vec<Implausible> {
    let mut why = Vec::new();
    let is_zero = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'0');
    if is_zero(&citation.volume) {
        why.push(Implausible::Volume);
    }
    if is_zero(&citation.page) {
        why.push(Implausible::Page);
    }
    let Some(year) = citation.year else {
        return why;
    };
    if year > this_year || year < 1000 {
        why.push(Implausible::Year);
    } else if matches!(citation.kind, CitationKind::Case | CitationKind::Neutral)
        && !citation.editions.is_empty()
        && !citation.editions.iter().any(|edition| reported(*edition, year))
    {
        why.push(Implausible::EditionYear);
    }
    let court = data::court(&citation.court);
    if court.is_some_and(|court| !within(court.years, year)) {
        why.push(Implausible::CourtYear);
    }
    let is_lower = court.is_some_and(|court| court.id != "scotus");
    if SUPREME.contains(&citation.reporter.as_str()) && is_lower {
        why.push(Implausible::Court);
    }
    why
}

/// Whether an edition holds decisions of a year.
pub(super) fn reported(edition: u32, year: u16) -> bool {
    within(reporters().edition(edition).years, year)
}

fn within(years: [Option<u16>; 2], year: u16) -> bool {
    let [first, last] = years;
    first.is_none_or(|first| year + SLACK >= first) && last.is_none_or(|last| year <= last + SLACK)
}
