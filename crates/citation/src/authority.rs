//! The legal citations of an answer, whether they can be right, and where the sources cite the same.

use std::collections::HashMap;
use std::ops::Range;

use crate::check::{Chars, Options};
use crate::legal::{self, Citation};
use crate::report::{CitationKind, Comparison, Facts, Item, Kind, Status};
use crate::source::Source;

/// Where the sources cite each authority.
type Cited = HashMap<(CitationKind, String), Vec<(usize, Range<usize>, Citation)>>;

/// The legal citations of an answer with their first byte. What they refer to is counted among them.
pub(crate) fn items(
    answer: &str,
    sources: &[Source<'_>],
    chars: &Chars,
    options: &Options,
) -> Vec<(usize, Item)> {
    let citations = legal::extract(answer);
    if citations.is_empty() {
        return Vec::new();
    }
    let cited = cited(sources);
    let item = |citation: &Citation| {
        // What refers to another is where that is.
        let meant = citation.refers_to.map_or(citation, |at| &citations[at]);
        let places = cited.get(&meant.key()).map(Vec::as_slice).unwrap_or_default();
        let facts = facts(citation, places, options);
        let status = match (facts.implausible.is_empty(), places.is_empty()) {
            (false, _) => Status::Implausible,
            (true, false) => Status::InSources,
            (true, true) => Status::NotInSources,
        };
        let locations =
            places.iter().map(|(source, bytes, _)| sources[*source].locate(bytes.clone()));
        Item {
            kind: Kind::LegalCitation,
            span: chars.span(&citation.bytes),
            text: answer[citation.bytes.clone()].to_owned(),
            marker: None,
            status,
            reason: None,
            locations: locations.collect(),
            diff: Vec::new(),
            gaps: Vec::new(),
            facts: Some(facts),
        }
    };
    citations.iter().map(|citation| (citation.bytes.start, item(citation))).collect()
}

fn cited(sources: &[Source<'_>]) -> Cited {
    let mut cited = Cited::new();
    for (number, source) in sources.iter().enumerate() {
        for citation in source.text().map(legal::extract).unwrap_or_default() {
            let place = (number, citation.bytes.clone(), citation.clone());
            cited.entry(citation.key()).or_default().push(place);
        }
    }
    cited
}

fn facts(
    citation: &Citation,
    places: &[(usize, Range<usize>, Citation)],
    options: &Options,
) -> Facts {
    let compare = |ours: &str, theirs: fn(&Citation) -> String| {
        let said: Vec<String> = places
            .iter()
            .map(|(_, _, citation)| theirs(citation))
            .filter(|text| !text.is_empty())
            .collect();
        (!ours.is_empty() && !said.is_empty()).then(|| {
            match said.iter().any(|text| plain(text) == plain(ours)) {
                true => Comparison::Same,
                false => Comparison::Differs,
            }
        })
    };
    let year = citation.year.map(|year| year.to_string()).unwrap_or_default();
    Facts {
        kind: citation.kind,
        volume: citation.volume.clone(),
        reporter: citation.reporter.clone(),
        page: citation.page.clone(),
        pincite: citation.pincite.clone(),
        case_name: citation.case_name.clone(),
        court: citation.court.clone(),
        year: citation.year,
        parenthetical: citation.parenthetical.clone(),
        refers_to: citation.refers_to,
        implausible: legal::implausible(citation, options.this_year),
        case_name_in_source: compare(&citation.case_name, |citation| citation.case_name.clone()),
        year_in_source: compare(&year, |citation| {
            citation.year.map(|year| year.to_string()).unwrap_or_default()
        }),
        court_in_source: compare(&citation.court, |citation| citation.court.clone()),
    }
}

/// A name without its marks, spaces and case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Puts items in the order of the answer. Those from `first` on refer to each other by number.
pub(crate) fn in_order(items: Vec<(usize, Item)>, first: usize) -> Vec<Item> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|at| items[*at].0);
    let mut place = vec![0; items.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    let mut items: Vec<Option<Item>> = items.into_iter().map(|(_, item)| Some(item)).collect();
    for facts in items.iter_mut().flatten().filter_map(|item| item.facts.as_mut()) {
        facts.refers_to = facts.refers_to.map(|at| place[first + at]);
    }
    order.into_iter().filter_map(|at| items[at].take()).collect()
}
