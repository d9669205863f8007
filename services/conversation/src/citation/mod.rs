//! Holds the quotes and citations of every answer against what it was made from. No request and no
//! model can switch it off, and no trouble here takes an answer away.

mod lookup;
mod material;

use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::Duration;

use elenchus_citation::{Item, Kind, Options, Reason, Source, Status};
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use self::lookup::Lookups;
pub(crate) use self::material::{Material, PAGE_BREAK, Text};

use crate::domain::{Checked, Citation, CitationReport};

/// How long the check of an answer may take, with the wait for its turn.
pub(crate) const BUDGET: Duration = Duration::from_secs(3);
/// The most citations that are kept of an answer; all are counted.
const MOST_CITATIONS: usize = 500;
/// The most places that are kept of a citation.
const MOST_PLACES: usize = 20;

/// As many at once as there are processors, those included that were given up and still run.
static TURNS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from))));

/// What a check found in an answer.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of the answer.
    pub(crate) citations: Vec<Citation>,
    /// How often each status was given.
    pub(crate) report: CitationReport,
}

impl Found {
    /// Whether it has anything that more of a source could change.
    pub(crate) fn depends_on_sources(&self) -> bool {
        let kinds = self.citations.iter().filter_map(|citation| citation.checked.as_ref());
        kinds.into_iter().any(|checked| checked.kind != Kind::SourceReference)
    }

    fn count_lookups(&mut self) {
        let checked = self.citations.iter().filter_map(|citation| citation.checked.as_ref());
        for lookup in checked.filter_map(|checked| checked.lookup.as_ref()) {
            *self.report.lookups.entry(lookup.outcome).or_default() += 1;
        }
    }
}

/// Checks an answer beside the tasks that serve requests.
pub(crate) async fn check(answer: &str, material: &Arc<Material>, budget: Duration) -> Found {
    let (answer, material) = (answer.to_owned(), Arc::clone(material));
    let checked = timeout(budget, async {
        let turn = Arc::clone(&TURNS).acquire_owned().await.ok()?;
        let check = move || {
            let _turn = turn;
            find(&answer, &material)
        };
        tokio::task::spawn_blocking(check).await.ok()
    });
    checked.await.ok().flatten().unwrap_or_else(|| {
        tracing::warn!("an answer could not be checked");
        Found::default()
    })
}

fn find(answer: &str, material: &Material) -> Found {
    let texts = material.texts.iter().enumerate();
    let mut sources: Vec<Source<'_>> = texts.map(|(at, text)| text.source(at)).collect();
    if material.is_partial {
        sources.push(Source::without_text("the rest"));
    }
    let report = elenchus_citation::check(answer, &sources, &Options::default());
    let items = report.items.into_iter().take(MOST_CITATIONS);
    Found {
        citations: items.map(|item| citation(item, material)).collect(),
        report: CitationReport {
            is_checked: true,
            counts: report.counts,
            ..CitationReport::default()
        },
    }
}

fn citation(item: Item, material: &Material) -> Citation {
    let places = item.locations.iter().take(MOST_PLACES);
    let places: Vec<_> = places.filter_map(|location| material.place(location)).collect();
    let is_unknown = material.is_partial
        && item.kind == Kind::LegalCitation
        && item.status == Status::NotInSources;
    Citation {
        marker: item.marker.unwrap_or_default(),
        quote: item.text,
        place: places.first().cloned().unwrap_or_default(),
        checked: Some(Checked {
            kind: item.kind,
            status: item.status,
            reason: item.reason.or(is_unknown.then_some(Reason::SourceWithoutText)),
            span: item.span,
            diff: item.diff,
            gaps: item.gaps,
            facts: item.facts,
            places,
            lookup: None,
        }),
    }
}
