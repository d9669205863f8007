//! Holds quotes against sources. A quote is verbatim only when each of its words and marks stands in
//! one source, one after the other, from the beginning of a word to the end of one.

mod align;
mod diff;
mod edge;
mod elision;
mod fold;
mod gap;
mod markup;
mod nearest;
mod passage;
mod pattern;
mod reading;
mod scan;
mod section;
mod spelling;
mod token;

pub(crate) use self::fold::is_double_quotation_mark;
pub(crate) use self::markup::entity;

use self::nearest::Nearest;
use self::pattern::{Asked, MIN_SEGMENT_WORDS, Pattern, words};
use self::reading::{Read, Reading};
use self::scan::{Pair, Pairs, Place};
use crate::check::Options;
use crate::report::{Change, Gap, Location, Reason, Status};
use crate::source::Source;

/// A quote longer than this is no quote.
const MAX_BYTES: usize = 256 << 10;

/// What became of a quote.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) status: Status,
    pub(crate) reason: Option<Reason>,
    pub(crate) locations: Vec<Location>,
    pub(crate) diff: Vec<Change>,
    pub(crate) gaps: Vec<Gap>,
}

impl Verdict {
    fn of(status: Status, reason: Option<Reason>) -> Self {
        Self { status, reason, locations: Vec::new(), diff: Vec::new(), gaps: Vec::new() }
    }
}

/// Holds quotes against sources. Each is read once, and without what its pages have besides words where
/// quotes are still to be found.
pub(crate) fn verify(quotes: &[&str], sources: &[Source<'_>], options: &Options) -> Vec<Verdict> {
    let mut pairs = Pairs::default();
    let mut quotes: Vec<Quote> =
        quotes.iter().map(|quote| Quote::read(quote, &mut pairs, options)).collect();
    for source in sources {
        let Some(text) = source.text() else { continue };
        let places = pairs.find(text);
        for quote in &mut quotes {
            quote.hold_against(&Read { source, text, bare: None }, &places, options);
        }
        let mut open = quotes.iter_mut().filter(|quote| quote.is_open()).peekable();
        if open.peek().is_some()
            && let Some(bare) = source.bare()
        {
            let places = pairs.find(&bare.text);
            let read = Read { source, text: &bare.text, bare: Some(bare) };
            open.for_each(|quote| quote.hold_against(&read, &places, options));
        }
    }
    quotes.into_iter().map(|quote| quote.settle(sources)).collect()
}

/// A part of a quote between two ellipses, looked for by itself when the whole is not found.
struct Segment {
    run: Vec<Asked>,
    pairs: Vec<Pair>,
    nearest: Option<(Nearest, Location)>,
}

#[derive(Default)]
struct Quote {
    readings: Vec<Reading>,
    segments: Vec<Segment>,
    settled: Option<(Status, Option<Reason>)>,
    has_short_segment: bool,
}

impl Quote {
    fn read(quote: &str, pairs: &mut Pairs, options: &Options) -> Self {
        let settled = |status, reason| Self { settled: Some((status, reason)), ..Self::default() };
        if quote.len() > MAX_BYTES {
            return settled(Status::NotCheckable, Some(Reason::TooLong));
        }
        let patterns = pattern::read(quote);
        let most = patterns.iter().map(|pattern| pattern.runs.iter().map(|run| words(run)).sum());
        if most.max().unwrap_or(0) < options.min_words {
            return settled(Status::TooShort, None);
        }
        let segments = segments(&patterns);
        let has_short_segment = patterns.iter().any(|pattern| !pattern.can_be_placed());
        if segments.is_empty() {
            return settled(Status::TooShort, Some(Reason::SegmentTooShort));
        }
        let readings = patterns.into_iter().filter(Pattern::can_be_placed);
        let readings: Vec<Reading> = readings.map(|pattern| Reading::of(pattern, pairs)).collect();
        let segments = segments
            .into_iter()
            .map(|run| Segment { pairs: pairs.add(&run), run, nearest: None })
            .collect();
        Self { readings, segments, settled: None, has_short_segment }
    }

    /// Whether it was not found yet.
    fn is_open(&self) -> bool {
        self.settled.is_none() && !self.readings.iter().any(Reading::is_found)
    }

    fn hold_against(&mut self, read: &Read<'_, '_>, places: &[Vec<Place>], options: &Options) {
        for reading in &mut self.readings {
            reading.look(read, places, options);
        }
        if self.readings.iter().any(Reading::is_found) {
            return;
        }
        for segment in &mut self.segments {
            let Some(nearest) = nearest::find(read.text, &segment.run, &segment.pairs, places)
            else {
                continue;
            };
            if segment.nearest.as_ref().is_none_or(|(best, _)| nearest.errors < best.errors) {
                let location = read.source.locate(nearest.bytes.clone());
                segment.nearest = Some((nearest, location));
            }
        }
    }

    fn settle(self, sources: &[Source<'_>]) -> Verdict {
        if let Some((status, reason)) = self.settled {
            return Verdict::of(status, reason);
        }
        if let Some(reading) = self.readings.into_iter().find(Reading::is_found) {
            return reading.settle();
        }
        if sources.is_empty() {
            return Verdict::of(Status::NotCheckable, Some(Reason::NoSource));
        }
        if self.segments.iter().all(|segment| segment.nearest.is_some()) {
            return altered(self.segments, self.has_short_segment);
        }
        if sources.iter().any(|source| source.text().is_none()) {
            return Verdict::of(Status::NotCheckable, Some(Reason::SourceWithoutText));
        }
        Verdict::of(Status::NotFound, None)
    }
}

/// The parts of a quote that are long enough to be placed, of its last reading: the one that knows
/// its ellipses and brackets.
fn segments(patterns: &[Pattern]) -> Vec<Vec<Asked>> {
    let elided = patterns.iter().rev().find(|pattern| pattern.is_elided());
    let Some(pattern) = elided.or(patterns.last()) else {
        return Vec::new();
    };
    let mut segments = vec![pattern.runs[0].clone()];
    for (hole, run) in pattern.holes.iter().zip(&pattern.runs[1..]) {
        match segments.last_mut() {
            Some(last) if !hole.is_ellipsis => last.extend(run.iter().cloned()),
            _ => segments.push(run.clone()),
        }
    }
    segments.retain(|run| words(run) >= MIN_SEGMENT_WORDS);
    segments
}

fn altered(segments: Vec<Segment>, has_short_segment: bool) -> Verdict {
    let mut verdict = Verdict::of(Status::Altered, None);
    let nearest: Vec<(Nearest, Location)> =
        segments.into_iter().filter_map(|segment| segment.nearest).collect();
    let is_same = nearest.iter().all(|(nearest, _)| nearest.is_same() && !nearest.is_cut);
    if nearest.iter().any(|(nearest, _)| nearest.is_cut) {
        verdict.reason = Some(Reason::CutInsideWord);
    } else if is_same {
        let reason = if has_short_segment { Reason::SegmentTooShort } else { Reason::Spliced };
        verdict.reason = Some(reason);
    }
    for (nearest, location) in nearest {
        if !verdict.diff.is_empty() {
            verdict.diff.push(Change::Gap);
        }
        verdict.diff.extend(nearest.diff);
        verdict.locations.push(location);
    }
    verdict
}
