//! The table of authorities of a brief. It is made from checked citations alone: what no source holds
//! is not in it.

use elenchus_citation::{CitationKind, Facts, Kind, Status};

use crate::domain::{Checked, Citation, CitationPlace};

/// An authority that is cited and that the sources hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// As it is cited first, with the parties and the year.
    pub(crate) citation: String,
    pub(crate) kind: CitationKind,
    /// How often it is cited, short forms counted.
    pub(crate) mentions: usize,
    pub(crate) places: Vec<CitationPlace>,
}

/// The authorities, sorted by kind and then by letter.
pub(super) fn table(citations: &[Citation]) -> Vec<Authority> {
    let mut found: Vec<(&Facts, Authority)> = Vec::new();
    for (at, citation) in citations.iter().enumerate() {
        let Some((checked, facts)) = legal(citation) else { continue };
        let first = facts.refers_to.filter(|first| *first != at);
        let facts = match first {
            Some(first) => match citations.get(first).and_then(legal) {
                Some((_, facts)) => facts,
                None => continue,
            },
            None => facts,
        };
        if let Some((_, known)) = found.iter_mut().find(|(known, _)| is_same(known, facts)) {
            known.mentions += 1;
        } else if checked.status == Status::InSources && first.is_none() && is_whole(facts.kind) {
            let authority = Authority {
                citation: in_full(&citation.quote, facts),
                kind: facts.kind,
                mentions: 1,
                places: checked.places.clone(),
            };
            found.push((facts, authority));
        }
    }
    let mut table: Vec<Authority> = found.into_iter().map(|(_, authority)| authority).collect();
    table.sort_by(|a, b| (order(a.kind), &a.citation).cmp(&(order(b.kind), &b.citation)));
    table
}

/// The table as it stands below its heading.
pub(super) fn text(table: &[Authority]) -> String {
    if table.is_empty() {
        return "None of the authorities cited stands in the sources.\n".to_owned();
    }
    let line = |authority: &Authority| {
        let place = authority.places.first().map(|place| {
            let page = place.page.map_or(String::new(), |page| format!(", page {page}"));
            format!(" ({}{page})", place.filename)
        });
        format!("- {}{}\n", authority.citation, place.unwrap_or_default())
    };
    table.iter().map(line).collect()
}

fn legal(citation: &Citation) -> Option<(&Checked, &Facts)> {
    let checked =
        citation.checked.as_ref().filter(|checked| checked.kind == Kind::LegalCitation)?;
    Some((checked, checked.facts.as_ref()?))
}

/// The citation with the parties and the year, as a table has it.
fn in_full(citation: &str, facts: &Facts) -> String {
    let mut full = one_line(citation);
    if !facts.case_name.is_empty() {
        full = format!("{}, {full}", one_line(&facts.case_name));
    }
    let year = facts.year.map(|year| year.to_string()).unwrap_or_default();
    let decided = one_line(&format!("{} {year}", facts.court));
    if decided.is_empty() { full } else { format!("{full} ({decided})") }
}

fn is_same(a: &Facts, b: &Facts) -> bool {
    let key = |facts: &Facts| {
        (facts.kind, facts.volume.clone(), facts.reporter.clone(), facts.page.clone())
    };
    key(a) == key(b)
}

/// Whether it names an authority by itself, and not a paper of the case.
fn is_whole(kind: CitationKind) -> bool {
    match kind {
        CitationKind::Case
        | CitationKind::Statute
        | CitationKind::Regulation
        | CitationKind::Rule
        | CitationKind::Constitution
        | CitationKind::Article
        | CitationKind::Neutral
        | CitationKind::European => true,
        CitationKind::ShortCase | CitationKind::Id | CitationKind::Supra | CitationKind::Record => {
            false
        }
    }
}

/// Cases first, as tables of authorities have it.
fn order(kind: CitationKind) -> u8 {
    match kind {
        CitationKind::Case | CitationKind::ShortCase | CitationKind::Neutral => 0,
        CitationKind::Constitution => 1,
        CitationKind::Statute | CitationKind::European => 2,
        CitationKind::Regulation => 3,
        CitationKind::Rule => 4,
        CitationKind::Article => 5,
        CitationKind::Record | CitationKind::Id | CitationKind::Supra => 6,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
