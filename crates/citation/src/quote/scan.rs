//! One pass over a source that finds where pairs of neighbouring words of any quote stand in it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::pattern::Asked;
use super::token::{Tokens, continue_hash};

/// Beyond so many places a pair says nothing about where its quote is.
const MAX_PLACES: usize = 1 << 20;

/// Where a pair of words stands in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The byte of its first word.
    pub(super) byte: usize,
    /// The words of the source before it.
    pub(super) word: usize,
}

/// A pair of neighbouring words of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    /// The token of the run that it begins with.
    pub(super) token: usize,
    /// The words of the run before it.
    pub(super) word: usize,
    /// Its number among all pairs that are looked for.
    pub(super) id: usize,
}

/// Keys are hashes already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// The pairs of words that are looked for.
pub(super) struct Pairs {
    ids: HashMap<u64, usize, BuildHasherDefault<Identity>>,
    /// A bit for each key's last bits: most pairs of a source are turned away by it.
    filter: Vec<u64>,
}

impl Default for Pairs {
    fn default() -> Self {
        Self { ids: HashMap::default(), filter: vec![0; 1 << 10] }
    }
}

fn key(first: u64, second: u64) -> u64 {
    let mixed = (first.rotate_left(23) ^ second).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

impl Pairs {
    /// Looks for the pairs of a run too.
    pub(super) fn add(&mut self, run: &[Asked]) -> Vec<Pair> {
        let words: Vec<(usize, &Asked)> =
            run.iter().enumerate().filter(|(_, asked)| asked.is_word()).collect();
        let pairs = words.windows(2).enumerate();
        let fixed = pairs.filter(|(_, pair)| pair.iter().all(|(_, asked)| asked.ending.is_none()));
        fixed
            .map(|(word, pair)| {
                let key = key(pair[0].1.hash, pair[1].1.hash);
                let next = self.ids.len();
                let id = *self.ids.entry(key).or_insert(next);
                self.grow();
                let bit = self.bit(key);
                self.filter[bit / 64] |= 1 << (bit % 64);
                Pair { token: pair[0].0, word, id }
            })
            .collect()
    }

    /// Keeps the filter nearly empty.
    fn grow(&mut self) {
        if self.ids.len() * 16 <= self.filter.len() * 64 {
            return;
        }
        self.filter = vec![0; self.filter.len() * 4];
        let keys: Vec<u64> = self.ids.keys().copied().collect();
        for key in keys {
            let bit = self.bit(key);
            self.filter[bit / 64] |= 1 << (bit % 64);
        }
    }

    fn bit(&self, key: u64) -> usize {
        key as usize & (self.filter.len() * 64 - 1)
    }

    /// Where each pair stands in a source, by the pair's number.
    pub(super) fn find(&self, text: &str) -> Vec<Vec<Place>> {
        let mut found = vec![Vec::new(); self.ids.len()];
        if found.is_empty() {
            return found;
        }
        let mut note = |first: Last, second: u64| {
            let key = key(first.hash, second);
            let bit = self.bit(key);
            if self.filter[bit / 64] & (1 << (bit % 64)) != 0
                && let Some(id) = self.ids.get(&key)
                && found[*id].len() < MAX_PLACES
            {
                found[*id].push(first.place);
            }
        };
        // A hyphen at the end of a line leaves two readings of what the last word was.
        let (mut last, mut joined): (Option<Last>, Option<Last>) = (None, None);
        let (mut open, mut before_open) = (None::<Last>, [None, None]);
        let words = Tokens::from(text, 0).filter(|token| token.mark.is_none());
        for (word, token) in words.enumerate() {
            let this = Last { hash: token.hash, place: Place { byte: token.start, word } };
            if let Some(last) = last {
                note(last, this.hash);
            }
            if let Some(joined) = joined {
                note(joined, this.hash);
            }
            let whole = open.take().map(|part: Last| Last {
                hash: continue_hash(part.hash, token.text(text)),
                place: part.place,
            });
            if let Some(whole) = whole {
                for first in before_open.into_iter().flatten() {
                    note(first, whole.hash);
                }
            }
            if token.is_open {
                open = Some(this);
                before_open = [last, joined];
            }
            (last, joined) = (Some(this), whole);
        }
        found
    }
}

/// A word that the next may follow.
#[derive(Clone, Copy)]
struct Last {
    hash: u64,
    place: Place,
}

#[cfg(test)]
mod tests {
    use super::super::pattern;
    use super::*;

    fn places(quote: &str, text: &str) -> Vec<usize> {
        let mut pairs = Pairs::default();
        let run = &pattern::read(quote)[0].runs[0];
        let looked_for = pairs.add(run);
        let found = pairs.find(text);
        looked_for.iter().map(|pair| found[pair.id].len()).collect()
    }

    #[test]
    fn pairs_are_found_across_marks_and_broken_lines() {
        assert_eq!(places("all direct, indirect loss", "All direct\nindirect loss"), [1, 1, 1]);
        assert_eq!(places("an obligation arises", "an obli-\ngation arises"), [1, 1]);
        assert_eq!(places("a well-known term", "a well-\nknown term"), [1, 1, 1]);
        assert_eq!(places("an obligation arises", "an obligations arises"), [0, 0]);
    }
}
