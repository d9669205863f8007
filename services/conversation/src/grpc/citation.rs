//! What a check found, as the protos carry it.

use elenchus_citation::{Change, Facts, Gap, Status};
use elenchus_proto::pb::conversation::v1 as pb;
use serde::Serialize;

use super::convert::name;
use crate::domain::{Citation, CitationPlace, CitationReport, Lookup, Outcome};

/// The word for it, the same on the wire and in the store.
pub(super) fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn words(values: &[impl Serialize]) -> Vec<String> {
    values.iter().map(word).collect()
}

fn count(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

impl From<Citation> for pb::Citation {
    fn from(citation: Citation) -> Self {
        let first = pb::CitationPlace::from(citation.place);
        let place = Self {
            marker: citation.marker,
            quote: citation.quote,
            document_id: first.document_id,
            chunk_id: first.chunk_id,
            filename: first.filename,
            page: first.page,
            start_char: first.start_char,
            end_char: first.end_char,
            ..Self::default()
        };
        let Some(checked) = citation.checked else { return place };
        Self {
            kind: word(&checked.kind),
            status: checked.status.as_str().to_owned(),
            reason: checked.reason.as_ref().map(word).unwrap_or_default(),
            answer_start_char: count(checked.span.start_char),
            answer_end_char: count(checked.span.end_char),
            diff: checked.diff.into_iter().map(change).collect(),
            gaps: checked.gaps.into_iter().map(gap).collect(),
            facts: checked.facts.map(|said| facts(said, checked.lookup)),
            places: checked.places.into_iter().map(Into::into).collect(),
            ..place
        }
    }
}

impl From<CitationPlace> for pb::CitationPlace {
    fn from(place: CitationPlace) -> Self {
        Self {
            document_id: name(place.document_id),
            chunk_id: name(place.chunk_id),
            filename: place.filename,
            page: place.page,
            start_char: place.start_char,
            end_char: place.end_char,
        }
    }
}

fn change(change: Change) -> pb::CitationChange {
    let (op, source, quote) = match change {
        Change::Same { text } => ("same", text.clone(), text),
        Change::Missing { source } => ("missing", source, String::new()),
        Change::Added { quote } => ("added", String::new(), quote),
        Change::Replaced { source, quote } => ("replaced", source, quote),
        Change::Gap => ("gap", String::new(), String::new()),
    };
    pb::CitationChange { op: op.to_owned(), source, quote }
}

fn gap(gap: Gap) -> pb::CitationGap {
    pb::CitationGap {
        place: word(&gap.place),
        hides: words(&gap.hides),
        left_out: gap.left_out,
        inserted: gap.inserted,
    }
}

fn facts(facts: Facts, lookup: Option<Lookup>) -> pb::CitationFacts {
    let outcome = lookup.as_ref().map_or("", |lookup| lookup.outcome.as_str()).to_owned();
    let (lookup_case_name, lookup_url) =
        lookup.map(|lookup| (lookup.case_name, lookup.url)).unwrap_or_default();
    let comparison = |found: Option<_>| found.as_ref().map(word).unwrap_or_default();
    pb::CitationFacts {
        kind: word(&facts.kind),
        implausible: words(&facts.implausible),
        volume: facts.volume,
        reporter: facts.reporter,
        page: facts.page,
        pincite: facts.pincite,
        case_name: facts.case_name,
        court: facts.court,
        year: facts.year.map(i32::from),
        parenthetical: facts.parenthetical,
        refers_to: facts.refers_to.map(count),
        case_name_in_source: comparison(facts.case_name_in_source),
        year_in_source: comparison(facts.year_in_source),
        court_in_source: comparison(facts.court_in_source),
        lookup: outcome,
        lookup_case_name,
        lookup_url,
    }
}

impl From<&CitationReport> for pb::CitationReport {
    fn from(report: &CitationReport) -> Self {
        let of = |status: Status| report.counts.get(&status).copied().map_or(0, count);
        let looked_up = |outcome| report.lookups.get(&outcome).copied().map_or(0, count);
        Self {
            is_checked: report.is_checked,
            verbatim: of(Status::Verbatim),
            verbatim_elided: of(Status::VerbatimElided),
            altered: of(Status::Altered),
            too_short: of(Status::TooShort),
            not_found: of(Status::NotFound),
            not_checkable: of(Status::NotCheckable),
            implausible: of(Status::Implausible),
            in_sources: of(Status::InSources),
            not_in_sources: of(Status::NotInSources),
            lookup_found: looked_up(Outcome::Found),
            lookup_not_found: looked_up(Outcome::NotFound),
            lookup_ambiguous: looked_up(Outcome::Ambiguous),
        }
    }
}
