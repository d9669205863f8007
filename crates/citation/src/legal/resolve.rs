//! What `id.`, `supra` and short forms mean: which of the citations before them.

use super::Citation;
use crate::report::CitationKind;

/// Links each citation that names no authority by itself to the one that it means.
pub(super) fn resolve(text: &str, found: &mut [Citation]) {
    for at in 0..found.len() {
        let (before, rest) = found.split_at(at);
        let citation = &rest[0];
        let meant = match citation.kind {
            CitationKind::Id => before.last().and_then(|last| authority(before.len() - 1, last)),
            CitationKind::ShortCase => short(text, before, citation),
            CitationKind::Supra => supra(before, &citation.case_name),
            CitationKind::Case
            | CitationKind::Statute
            | CitationKind::Regulation
            | CitationKind::Rule
            | CitationKind::Constitution
            | CitationKind::Article
            | CitationKind::Record
            | CitationKind::Neutral
            | CitationKind::European => None,
        };
        found[at].refers_to = meant;
    }
}

/// The authority that a citation names, itself or through what it refers to.
fn authority(at: usize, citation: &Citation) -> Option<usize> {
    match citation.kind {
        CitationKind::Id | CitationKind::ShortCase | CitationKind::Supra => citation.refers_to,
        _ => Some(at),
    }
}

/// The last decision in that volume, or the one with the name that stands before the short form.
fn short(text: &str, before: &[Citation], citation: &Citation) -> Option<usize> {
    let same = |other: &&Citation| {
        other.kind == CitationKind::Case
            && other.volume == citation.volume
            && other.reporter == citation.reporter
    };
    let lead = text[..citation.bytes.start].trim_end().trim_end_matches(',');
    let name = lead.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let is_named = |other: &&Citation| words(&other.case_name).any(|word| word == name);
    let place = |fits: &dyn Fn(&&Citation) -> bool| before.iter().rposition(|other| fits(&other));
    let named = (name.len() > 2).then(|| place(&|other| same(other) && is_named(other))).flatten();
    named.or_else(|| place(&same))
}

fn supra(before: &[Citation], name: &str) -> Option<usize> {
    let is_named = |citation: &Citation| words(&citation.case_name).any(|word| word == name);
    (!name.is_empty()).then(|| {
        before
            .iter()
            .rposition(|citation| citation.kind == CitationKind::Case && is_named(citation))
    })?
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\''))
}
