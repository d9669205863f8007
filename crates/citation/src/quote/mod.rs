//! Holds quotes against sources. A quote is verbatim only when each of its words and marks stands in
//! one source, one after the other, from the beginning of a word to the end of one.

mod edge;
mod fold;
mod gap;
mod nearest;
mod passage;
mod pattern;
mod scan;
mod token;

use std::cmp::Reverse;
use std::ops::Range;

pub(crate) use self::fold::is_double_quotation_mark;

use self::nearest::Nearest;
use self::passage::{Found, Passage};
use self::pattern::{Asked, Hole, MIN_SEGMENT_WORDS, Pattern, words};
use self::scan::{Pair, Pairs, Place};
use crate::check::Options;
use crate::report::{Change, Gap, GapPlace, Location, Reason, Status};
use crate::source::Source;

/// A quote longer than this is no quote.
const MAX_BYTES: usize = 256 << 10;
/// The most places where one quote is looked at.
const MAX_TRIES: usize = 20_000;
/// The most places that are listed for one quote.
const MAX_LOCATIONS: usize = 1_000;

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

/// Holds quotes against sources, each source read once.
pub(crate) fn verify(quotes: &[&str], sources: &[Source<'_>], options: &Options) -> Vec<Verdict> {
    let mut pairs = Pairs::default();
    let mut quotes: Vec<Quote> =
        quotes.iter().map(|quote| Quote::read(quote, &mut pairs, options)).collect();
    for source in sources {
        let Some(text) = source.text() else { continue };
        let places = pairs.find(text);
        for quote in &mut quotes {
            quote.hold_against(source, text, &places, options);
        }
    }
    quotes.into_iter().map(|quote| quote.settle(sources)).collect()
}

/// A pattern and the pairs of words in each of its runs.
struct Reading {
    pattern: Pattern,
    pairs: Vec<Vec<Pair>>,
    verbatim: Vec<(Location, Vec<Gap>)>,
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
        let readings = patterns.into_iter().filter(Pattern::can_be_placed).map(|pattern| Reading {
            pairs: pattern.runs.iter().map(|run| pairs.add(run)).collect(),
            pattern,
            verbatim: Vec::new(),
        });
        let readings: Vec<Reading> = readings.collect();
        let segments = segments
            .into_iter()
            .map(|run| Segment { pairs: pairs.add(&run), run, nearest: None })
            .collect();
        Self { readings, segments, settled: None, has_short_segment }
    }

    fn hold_against(
        &mut self,
        source: &Source<'_>,
        text: &str,
        places: &[Vec<Place>],
        options: &Options,
    ) {
        for reading in &mut self.readings {
            reading.look(source, text, places, options);
        }
        if self.readings.iter().any(|reading| !reading.verbatim.is_empty()) {
            return;
        }
        for segment in &mut self.segments {
            let Some(nearest) = nearest::find(text, &segment.run, &segment.pairs, places) else {
                continue;
            };
            if segment.nearest.as_ref().is_none_or(|(best, _)| nearest.errors < best.errors) {
                let location = source.locate(nearest.bytes.clone());
                segment.nearest = Some((nearest, location));
            }
        }
    }

    fn settle(self, sources: &[Source<'_>]) -> Verdict {
        if let Some((status, reason)) = self.settled {
            return Verdict::of(status, reason);
        }
        if let Some(reading) =
            self.readings.into_iter().find(|reading| !reading.verbatim.is_empty())
        {
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
    let Some(pattern) = patterns.iter().find(|pattern| pattern.is_elided()).or(patterns.first())
    else {
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

impl Reading {
    fn look(&mut self, source: &Source<'_>, text: &str, places: &[Vec<Place>], options: &Options) {
        let Some((run, pair)) = self.rarest(places) else { return };
        let length: usize =
            self.pattern.runs.iter().flatten().map(|asked| asked.shown.len() + 1).sum();
        let reach = 8 * length + 1024 + 24 * options.max_gap_words * self.pattern.holes.len();
        let mut seen: Vec<Range<usize>> = Vec::new();
        for place in places[pair.id].iter().take(MAX_TRIES) {
            let Some((passage, found)) = self.look_at(text, run, pair, *place, reach, options)
            else {
                continue;
            };
            let bytes = passage.bytes(found[0].start..found[found.len() - 1].end);
            if seen.contains(&bytes) || self.verbatim.len() >= MAX_LOCATIONS {
                continue;
            }
            let gaps = gaps(&passage, &self.pattern, &found);
            self.verbatim.push((source.locate(bytes.clone()), gaps));
            seen.push(bytes);
        }
    }

    /// The pair that the source has least often. `None` when it lacks one.
    fn rarest(&self, places: &[Vec<Place>]) -> Option<(usize, Pair)> {
        let all = self
            .pairs
            .iter()
            .enumerate()
            .flat_map(|(run, pairs)| pairs.iter().map(move |pair| (run, *pair)));
        let (run, pair) = all.min_by_key(|(_, pair)| places[pair.id].len())?;
        (!places[pair.id].is_empty()).then_some((run, pair))
    }

    fn look_at<'t>(
        &self,
        text: &'t str,
        run: usize,
        pair: Pair,
        place: Place,
        reach: usize,
        options: &Options,
    ) -> Option<(Passage<'t>, Found)> {
        let mut reach = reach;
        loop {
            let passage = Passage::around(text, place.byte, reach);
            let at = passage.token_at(place.byte)?;
            let found = passage.find(&self.pattern, run, pair.token, at, options.max_gap_words)?;
            if passage.holds(&found) || passage.is_whole() {
                return Some((passage, found));
            }
            reach = reach.saturating_mul(8);
        }
    }

    fn settle(self) -> Verdict {
        let status =
            if self.pattern.is_elided() { Status::VerbatimElided } else { Status::Verbatim };
        let mut verdict = Verdict::of(status, None);
        // Where the words stand more than once, the place that hides something is the one to look at.
        let mut verbatim = self.verbatim;
        verbatim.sort_by_key(|(_, gaps)| Reverse(weight(gaps)));
        verdict.gaps = verbatim.first().map(|(_, gaps)| gaps.clone()).unwrap_or_default();
        verdict.locations = verbatim.into_iter().map(|(location, _)| location).collect();
        verdict
    }
}

/// What is left out between the runs, and at the ends where the quote says so or it matters.
fn gaps(passage: &Passage<'_>, pattern: &Pattern, found: &Found) -> Vec<Gap> {
    let start = found[0].start;
    let end = found[found.len() - 1].end;
    let mut gaps = Vec::new();
    let before = gap::sentence_before(passage, start);
    gaps.extend(outside(passage, GapPlace::Before, before, pattern.before.as_ref()));
    for (hole, pair) in pattern.holes.iter().zip(found.windows(2)) {
        let tokens = pair[0].end..pair[1].start;
        gaps.push(gap::describe(passage, GapPlace::Between, tokens, &hole.inserted));
    }
    let after = gap::sentence_after(passage, end);
    gaps.extend(outside(passage, GapPlace::After, after, pattern.after.as_ref()));
    gaps
}

fn outside(
    passage: &Passage<'_>,
    place: GapPlace,
    tokens: Range<usize>,
    hole: Option<&Hole>,
) -> Option<Gap> {
    let inserted = hole.map_or("", |hole| hole.inserted.as_str());
    let gap = gap::describe(passage, place, tokens, inserted);
    let is_told = hole.is_some() && !(gap.left_out.is_empty() && gap.inserted.is_empty());
    (is_told || !gap.hides.is_empty()).then_some(gap)
}

/// How much is hidden, inside the quote before around it.
fn weight(gaps: &[Gap]) -> (usize, usize) {
    let inside = gaps.iter().filter(|gap| gap.place == GapPlace::Between);
    let count = |gap: &Gap| gap.hides.len();
    (inside.map(count).sum(), gaps.iter().map(count).sum())
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
