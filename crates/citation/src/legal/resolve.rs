//! What `id.`, `supra` and short forms mean: which of the citations before them.

use std::collections::HashMap;

use super::Citation;
use crate::report::CitationKind;

/// Links each citation that names no authority by itself to the one that it means.
pub(super) fn resolve(text: &str, found: &mut [Citation]) {
    let mut known = Known::default();
    let mut meant: Vec<Option<usize>> = Vec::with_capacity(found.len());
    for (at, citation) in found.iter().enumerate() {
        meant.push(match citation.kind {
            CitationKind::Id => {
                at.checked_sub(1).and_then(|last| authority(last, &found[last], &meant))
            }
            CitationKind::ShortCase => known.short(text, citation),
            CitationKind::Supra => known.names.get(citation.case_name.as_str()).copied(),
            CitationKind::Case
            | CitationKind::Statute
            | CitationKind::Regulation
            | CitationKind::Rule
            | CitationKind::Constitution
            | CitationKind::Article
            | CitationKind::Record
            | CitationKind::Neutral
            | CitationKind::European => None,
        });
        if citation.kind == CitationKind::Case {
            known.add(at, citation);
        }
    }
    for (citation, meant) in found.iter_mut().zip(meant) {
        citation.refers_to = meant;
    }
}

/// The authority that a citation names, itself or through what it refers to.
fn authority(at: usize, citation: &Citation, meant: &[Option<usize>]) -> Option<usize> {
    match citation.kind {
        CitationKind::Id | CitationKind::ShortCase | CitationKind::Supra => meant[at],
        _ => Some(at),
    }
}

/// The decisions that were cited so far, the last of each kind.
#[derive(Default)]
struct Known<'f> {
    volumes: HashMap<(&'f str, &'f str), usize>,
    named: HashMap<(&'f str, &'f str, &'f str), usize>,
    names: HashMap<&'f str, usize>,
}

impl<'f> Known<'f> {
    fn add(&mut self, at: usize, citation: &'f Citation) {
        let (volume, reporter) = (citation.volume.as_str(), citation.reporter.as_str());
        self.volumes.insert((volume, reporter), at);
        for word in words(&citation.case_name).filter(|word| !word.is_empty()) {
            self.named.insert((volume, reporter, word), at);
            self.names.insert(word, at);
        }
    }

    /// The last decision in that volume, or the one with the name that stands before the short form.
    fn short(&self, text: &str, citation: &Citation) -> Option<usize> {
        let (volume, reporter) = (citation.volume.as_str(), citation.reporter.as_str());
        let lead = text[..citation.bytes.start].trim_end().trim_end_matches(',');
        let name = lead.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let named = (name.len() > 2).then(|| self.named.get(&(volume, reporter, name))).flatten();
        named.or_else(|| self.volumes.get(&(volume, reporter))).copied()
    }
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\''))
}
