//! Whether a citation can be right, by what is known of reporters and courts.

use super::Citation;
use super::data::{self, Court, reporters};
use super::volume;
use crate::report::{CitationKind, Implausible};

/// Decisions are reported a little before and after the years of an edition.
const SLACK: u16 = 1;
const SUPREME: [&str; 4] = ["U.S.", "S. Ct.", "L. Ed.", "L. Ed. 2d"];
/// The courts of appeals, by their ids.
const CIRCUITS: [&str; 13] =
    ["ca1", "ca2", "ca3", "ca4", "ca5", "ca6", "ca7", "ca8", "ca9", "ca10", "ca11", "cadc", "cafc"];

/// Why a citation cannot be right.
pub(crate) fn implausible(citation: &Citation, this_year: u16) -> Vec<Implausible> {
    let mut why = Vec::new();
    let is_zero = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'0');
    let is_case = matches!(citation.kind, CitationKind::Case | CitationKind::ShortCase);
    let (reporter, number) = (citation.reporter.as_str(), citation.volume.as_str());
    if is_zero(number) || is_case && !volume::exists(reporter, number, this_year) {
        why.push(Implausible::Volume);
    }
    if is_zero(&citation.page) || is_case && !volume::has_page(reporter, &citation.page) {
        why.push(Implausible::Page);
    }
    let court = data::court(&citation.court);
    if is_no_circuit(&citation.court)
        || court.is_some_and(|court| !reports(reporter, &citation.court, court))
    {
        why.push(Implausible::Court);
    }
    let Some(year) = citation.year else {
        return why;
    };
    if year > this_year || year < 1000 {
        why.push(Implausible::Year);
    } else if matches!(citation.kind, CitationKind::Case | CitationKind::Neutral)
        && !why.contains(&Implausible::Volume)
        && !is_reported(citation, year)
    {
        why.push(Implausible::EditionYear);
    }
    if court.is_some_and(|court| !within(court.years, year)) {
        why.push(Implausible::CourtYear);
    }
    why
}

/// Whether a volume holds decisions of a year, or where its own years are not known, whether its series does.
fn is_reported(citation: &Citation, year: u16) -> bool {
    volume::is_of_year(&citation.reporter, &citation.volume, year).unwrap_or_else(|| {
        let mut editions = citation.editions.iter();
        citation.editions.is_empty() || editions.any(|edition| reported(*edition, year))
    })
}

/// Whether a reporter reports a court.
fn reports(reporter: &str, name: &str, court: &Court) -> bool {
    let is_circuit = CIRCUITS.contains(&court.id);
    match reporter {
        "F.3d" | "F.4th" | "F. App'x" => is_circuit || !is_district(name),
        "F. Supp." | "F. Supp. 2d" | "F. Supp. 3d" => !is_circuit && court.id != "scotus",
        reporter => !SUPREME.contains(&reporter) || court.id == "scotus",
    }
}

/// `S.D.N.Y.`, `D. Mass.`
fn is_district(court: &str) -> bool {
    let name = court.strip_prefix(['N', 'S', 'E', 'W', 'C', 'M']);
    let rest = name.map_or(Some(court), |rest| rest.strip_prefix('.')).unwrap_or_default();
    rest.starts_with("D.") && court != "D.C."
}

/// `14th Cir.`: a circuit by a number that none has.
fn is_no_circuit(court: &str) -> bool {
    let number = court.strip_suffix("Cir.").map(str::trim_end).unwrap_or_default();
    let number = number.trim_end_matches(|c: char| c.is_ascii_lowercase());
    number.parse::<u32>().is_ok_and(|number| !(1..=11).contains(&number))
}

/// Whether an edition holds decisions of a year.
pub(super) fn reported(edition: u32, year: u16) -> bool {
    within(reporters().edition(edition).years, year)
}

fn within(years: [Option<u16>; 2], year: u16) -> bool {
    let [first, last] = years;
    first.is_none_or(|first| year + SLACK >= first) && last.is_none_or(|last| year <= last + SLACK)
}
