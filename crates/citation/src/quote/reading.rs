//! One way to read a quote, and where a source has it.

use std::cmp::Reverse;
use std::ops::Range;

use super::Verdict;
use super::gap;
use super::passage::{Found, Passage};
use super::pattern::{Hole, Pattern};
use super::scan::{Pair, Pairs, Place};
use crate::check::Options;
use crate::furniture::Bare;
use crate::report::{Gap, GapPlace, Location, Status};
use crate::source::Source;

/// The most places where one quote is looked at.
const MAX_TRIES: usize = 20_000;
/// The most places that are listed for one quote.
const MAX_LOCATIONS: usize = 1_000;

/// A source, and how its text is read.
pub(super) struct Read<'s, 't> {
    pub(super) source: &'s Source<'t>,
    pub(super) text: &'s str,
    /// Where the text is read without its furniture.
    pub(super) bare: Option<&'s Bare>,
}

/// A pattern, the pairs of words in each of its runs, and where it stands.
pub(super) struct Reading {
    pattern: Pattern,
    pairs: Vec<Vec<Pair>>,
    places: Vec<Match>,
}

/// A place where every word of a pattern stands.
struct Match {
    location: Location,
    gaps: Vec<Gap>,
    /// By what the page has among its words, besides what the quote leaves out.
    is_parted: bool,
}

impl Reading {
    pub(super) fn of(pattern: Pattern, pairs: &mut Pairs) -> Self {
        let pairs = pattern.runs.iter().map(|run| pairs.add(run)).collect();
        Self { pattern, pairs, places: Vec::new() }
    }

    pub(super) fn is_found(&self) -> bool {
        !self.places.is_empty()
    }

    /// Notes the places where a source has it.
    pub(super) fn look(&mut self, read: &Read<'_, '_>, places: &[Vec<Place>], options: &Options) {
        let Some((run, pair)) = self.rarest(places) else { return };
        let length: usize =
            self.pattern.runs.iter().flatten().map(|asked| asked.shown.len() + 1).sum();
        let reach = 8 * length + 1024 + 24 * options.max_gap_words * self.pattern.holes.len();
        let mut seen: Vec<Range<usize>> = Vec::new();
        for place in places[pair.id].iter().take(MAX_TRIES) {
            let Some((passage, found)) = self.look_at(read.text, run, pair, *place, reach, options)
            else {
                continue;
            };
            let bytes = passage.bytes(found[0].start..found[found.len() - 1].end);
            if seen.contains(&bytes) || self.places.len() >= MAX_LOCATIONS {
                continue;
            }
            seen.push(bytes.clone());
            let mut gaps = gaps(&passage, &self.pattern, &found);
            let furniture = furniture(read, &passage, &found);
            // What only the missing furniture lets begin or end there is no whole word of the source, unless
            // the call of a note touches it.
            if furniture.is_empty() && read.bare.is_some_and(|bare| !bare.has_note_at(bytes.end)) {
                continue;
            }
            let is_parted = !furniture.is_empty();
            gaps.extend(furniture);
            let location = read.source.locate(bytes);
            self.places.push(Match { location, gaps, is_parted });
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

    /// What is to be said of it: it was found.
    pub(super) fn settle(self) -> Verdict {
        let mut places = self.places;
        if places.iter().any(|place| !place.is_parted) {
            places.retain(|place| !place.is_parted);
        }
        let is_parted = places.iter().any(|place| place.is_parted);
        let status = match self.pattern.is_elided() || is_parted {
            true => Status::VerbatimElided,
            false => Status::Verbatim,
        };
        let mut verdict = Verdict::of(status, None);
        // Where the words stand more than once, the place that hides something is the one to look at.
        places.sort_by_key(|place| Reverse(weight(&place.gaps)));
        verdict.gaps = places.first().map(|place| place.gaps.clone()).unwrap_or_default();
        verdict.locations = places.into_iter().map(|place| place.location).collect();
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

/// What the source's pages have among the words of a quote.
fn furniture(read: &Read<'_, '_>, passage: &Passage<'_>, found: &Found) -> Vec<Gap> {
    let Some((bare, text)) = read.bare.zip(read.source.text()) else { return Vec::new() };
    let runs = found.iter().map(|run| passage.bytes(run.clone()));
    let inside: Vec<Range<usize>> = runs.flat_map(|run| bare.within(run)).collect();
    let gap = |bytes: Range<usize>| Gap {
        place: GapPlace::Between,
        left_out: gap::one_line(&text[bytes]),
        inserted: String::new(),
        hides: Vec::new(),
    };
    inside.into_iter().map(gap).collect()
}
