//! The one entry point for services: an answer and its sources in, a report out.

use std::ops::Range;
use std::time::SystemTime;

use crate::answer::{self, Marker, Quoted};
use crate::authority;
use crate::quote::{self, Verdict};
use crate::report::{Item, Kind, Reason, Report, Span, Status};
use crate::source::Source;

/// How far behind a quote its marker may stand, in bytes.
const MARKER_WITHIN: usize = 240;

/// What a check asks for. Nothing switches it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// A quote with fewer words cannot identify a passage.
    pub min_words: usize,
    /// An ellipsis may leave out so many words.
    pub max_gap_words: usize,
    /// A decision of a later year cannot be cited.
    pub this_year: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { min_words: 4, max_gap_words: 100, this_year: this_year() }
    }
}

/// A year is 31,556,952 seconds long.
fn this_year() -> u16 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u16::try_from(1970 + since.as_secs() / 31_556_952).unwrap_or(u16::MAX)
}

/// Holds every quote, citation and marker of an answer against its sources.
pub fn check(answer: &str, sources: &[Source<'_>], options: &Options) -> Report {
    let quotes = answer::quotes(answer);
    let markers = answer::markers(answer);
    let texts: Vec<&str> = quotes.iter().map(|quote| quote.text.as_str()).collect();
    let verdicts = quote::verify(&texts, sources, options);

    let chars = Chars::new(answer);
    let mut items: Vec<(usize, Item)> = Vec::new();
    for (at, (quote, verdict)) in quotes.iter().zip(verdicts).enumerate() {
        let next = quotes.get(at + 1).map_or(answer.len(), |next| next.bytes.start);
        let marker = attribution(answer, quote, next, &markers);
        let item = quote_item(quote, verdict, marker, sources, &chars);
        items.push((quote.bytes.start, item));
    }
    let outside = markers
        .iter()
        .filter(|marker| !quotes.iter().any(|quote| holds(&quote.bytes, &marker.bytes)));
    items.extend(outside.filter_map(|marker| {
        Some((marker.bytes.start, marker_item(answer, marker, sources, &chars)?))
    }));
    let first = items.len();
    items.extend(authority::items(answer, sources, &chars, options));
    Report::new(authority::in_order(items, first))
}

/// The legal citations of any text, with what is known of each without sources.
pub fn citations(text: &str, options: &Options) -> Vec<Item> {
    let items = authority::items(text, &[], &Chars::new(text), options);
    authority::in_order(items, 0)
}

fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The first marker behind a quote, in its paragraph and before the next quote.
fn attribution<'m>(
    answer: &str,
    quote: &Quoted,
    next: usize,
    markers: &'m [Marker],
) -> Option<&'m Marker> {
    let rest = &answer[quote.bytes.end..];
    let paragraph = rest.find("\n\n").unwrap_or(rest.len());
    let end = (quote.bytes.end + paragraph.min(MARKER_WITHIN)).min(next);
    markers.iter().find(|marker| marker.bytes.start >= quote.bytes.end && marker.bytes.start < end)
}

fn quote_item(
    quote: &Quoted,
    verdict: Verdict,
    marker: Option<&Marker>,
    sources: &[Source<'_>],
    chars: &Chars,
) -> Item {
    let named = marker.and_then(|marker| named(marker, sources));
    let is_elsewhere = named.is_some_and(|source| {
        !verdict.locations.is_empty()
            && verdict.locations.iter().all(|place| place.document_id != source.document_id())
    });
    Item {
        kind: Kind::Quote,
        span: chars.span(&quote.bytes),
        text: quote.text.clone(),
        marker: marker.map(|marker| marker.name.clone()),
        status: verdict.status,
        reason: verdict
            .reason
            .or(is_elsewhere.then_some(Reason::OtherSource))
            .or(rests_on_recovered(&verdict, sources).then_some(Reason::RecoveredText)),
        locations: verdict.locations,
        diff: verdict.diff,
        gaps: verdict.gaps,
        facts: None,
    }
}

/// Whether what was found would be another without the sources that are damaged.
fn rests_on_recovered(verdict: &Verdict, sources: &[Source<'_>]) -> bool {
    let mut recovered = sources.iter().filter(|source| source.is_recovered());
    if verdict.locations.is_empty() {
        return verdict.status == Status::NotFound && recovered.next().is_some();
    }
    let recovered: Vec<&str> = recovered.map(Source::document_id).collect();
    verdict.locations.iter().all(|place| recovered.contains(&place.document_id.as_str()))
}

/// Where no source has a marker, numbers in brackets are not ours to judge.
fn marker_item(
    answer: &str,
    marker: &Marker,
    sources: &[Source<'_>],
    chars: &Chars,
) -> Option<Item> {
    sources.iter().any(Source::has_marker).then(|| Item {
        kind: Kind::SourceReference,
        span: chars.span(&marker.bytes),
        text: answer[marker.bytes.clone()].to_owned(),
        marker: Some(marker.name.clone()),
        status: match named(marker, sources) {
            Some(_) => Status::InSources,
            None => Status::NotInSources,
        },
        reason: None,
        locations: Vec::new(),
        diff: Vec::new(),
        gaps: Vec::new(),
        facts: None,
    })
}

fn named<'s, 't>(marker: &Marker, sources: &'s [Source<'t>]) -> Option<&'s Source<'t>> {
    sources.iter().find(|source| source.is_called(&marker.name))
}

/// The characters before each byte of an answer.
pub(crate) struct Chars(Vec<u32>);

impl Chars {
    fn new(text: &str) -> Self {
        let mut count = 0;
        let before = text.bytes().map(|byte| {
            let here = count;
            count += u32::from(byte & 0b1100_0000 != 0b1000_0000);
            here
        });
        let mut before: Vec<u32> = before.collect();
        before.push(count);
        Self(before)
    }

    pub(crate) fn span(&self, bytes: &Range<usize>) -> Span {
        Span { start_char: self.0[bytes.start] as usize, end_char: self.0[bytes.end] as usize }
    }
}
