//! Rankings, and how two of them become one.

use std::collections::HashMap;

use uuid::Uuid;

/// What tempers the lead of the first ranks when two rankings are fused.
pub const RANK_DAMPING: f64 = 10.0;
/// Places of each ranking that are fused.
pub const DEPTH: usize = 50;
/// Scores that differ by less are equal: the same text may be computed beside others.
const NOTHING: f64 = 1e-6;

/// The place of each of the first passages, from 1. Those that score alike share the better place.
pub(super) fn places(scores: impl IntoIterator<Item = (Uuid, f64)>) -> Vec<(Uuid, u32)> {
    let mut scores: Vec<(Uuid, f64)> = scores.into_iter().collect();
    scores.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scores.truncate(DEPTH);
    let mut shared = (0, f64::INFINITY);
    let place = |((id, score), place): ((Uuid, f64), u32)| {
        if shared.1 - score > NOTHING {
            shared = (place, score);
        }
        (id, shared.0)
    };
    scores.into_iter().zip(1..).map(place).collect()
}

/// The passages of all rankings by their reciprocal ranks.
pub(super) fn fused(rankings: &[Vec<(Uuid, u32)>]) -> HashMap<Uuid, f64> {
    let mut scores: HashMap<Uuid, f64> = HashMap::new();
    for (id, place) in rankings.iter().flatten() {
        *scores.entry(*id).or_default() += 1.0 / (RANK_DAMPING + f64::from(*place));
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scores_alike_has_one_place_in_every_ranking() {
        let ids: Vec<Uuid> = (1..=4).map(Uuid::from_u128).collect();
        let ranking = places([(ids[0], 0.5), (ids[1], 0.9), (ids[2], 0.9 - 1e-9), (ids[3], 0.1)]);
        assert_eq!(ranking, [(ids[1], 1), (ids[2], 1), (ids[0], 3), (ids[3], 4)]);
        let scores = fused(&[ranking.clone(), ranking]);
        assert_eq!(scores[&ids[1]], scores[&ids[2]]);
        assert!(scores[&ids[0]] < scores[&ids[1]]);
    }
}
