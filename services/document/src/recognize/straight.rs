//! A page as it lay before it was scanned: its lines level, and its type in few sizes. What tells columns
//! and paragraphs apart compares both, and the boxes of words are as high as their letters happen to be.

use super::hocr::{Line, Seen, Spotted};

/// A word on the straightened page, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) left: f64,
    pub(super) right: f64,
    /// How low its baseline is.
    pub(super) baseline: f64,
    /// The size of its type.
    pub(super) size: f64,
}

/// Lines of fewer words say little of how the page lies.
const TELLING: usize = 3;
/// Sizes that are closer, by their logarithms, are taken for one.
const SAME_SIZE: f64 = 0.2;
/// Parts of the type's size: small letters, those that rise above them, and what hangs below the line.
const SMALL: f64 = 0.47;
const TALL: f64 = 0.7;
const HANGING: f64 = 0.21;
/// Where no word tells.
const SOME_SIZE: f64 = 40.0;

/// Where the words of all lines stand, in their order.
pub(super) fn straightened(seen: &Seen) -> Vec<Placed> {
    let (sin, cos) = slope(&seen.lines).atan().sin_cos();
    let sizes = sizes(&seen.lines);
    let placed = seen.lines.iter().zip(sizes).flat_map(|(line, size)| {
        line.words.iter().map(move |word| {
            let [left, _, right, _] = word.at.map(f64::from);
            let (middle, half) = (f64::midpoint(left, right), (right - left) / 2.0);
            let baseline = line.baseline(middle);
            let level = middle * cos + baseline * sin;
            Placed {
                left: level - half,
                right: level + half,
                baseline: baseline * cos - middle * sin,
                size,
            }
        })
    });
    placed.collect()
}

/// How askew the page lies: the slope that half of its length of lines exceeds.
fn slope(lines: &[Line]) -> f64 {
    let telling = lines.iter().filter(|line| line.words.len() >= TELLING);
    let slopes = telling.map(|line| (line.slope, f64::from(line.at[2] - line.at[0]))).collect();
    weighted_median(slopes).unwrap_or_default()
}

/// The size of each line's type, evened out.
fn sizes(lines: &[Line]) -> Vec<f64> {
    let told: Vec<Option<f64>> = lines.iter().map(size).collect();
    let mut left: Vec<(f64, f64)> = told
        .iter()
        .zip(lines)
        .filter_map(|(size, line)| Some(((*size)?, length(line) as f64)))
        .collect();
    let mut common = Vec::new();
    // The size that most of the text has, then that which most of the rest has.
    while let Some(best) = most_common(&left) {
        common.push(best);
        left.retain(|(size, _)| !is_same(*size, best));
    }
    let nearest = |size: f64| {
        let distance = |other: &&f64| (*other / size).ln().abs();
        common.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).copied()
    };
    let usual = common.first().copied().unwrap_or(SOME_SIZE);
    told.into_iter().map(|size| size.and_then(nearest).unwrap_or(usual)).collect()
}

fn most_common(sizes: &[(f64, f64)]) -> Option<f64> {
    let like = |size: f64| {
        sizes.iter().filter(|(other, _)| is_same(*other, size)).map(|(_, length)| length).sum()
    };
    let weighed = sizes.iter().map(|(size, _)| (*size, like(*size)));
    weighed.max_by(|a: &(f64, f64), b| a.1.total_cmp(&b.1)).map(|(size, _)| size)
}

fn is_same(a: f64, b: f64) -> bool {
    (a / b).ln().abs() < SAME_SIZE
}

/// The size of a line's type, by what its words' letters take of it.
fn size(line: &Line) -> Option<f64> {
    weighted_median(line.words.iter().filter_map(told_size).map(|size| (size, 1.0)).collect())
}

fn told_size(word: &Spotted) -> Option<f64> {
    let height = f64::from(word.at[3] - word.at[1]);
    if height <= 0.0 || !word.text.contains(char::is_alphanumeric) {
        return None;
    }
    let is_small = |c: char| matches!(c, 'a' | 'c' | 'e' | 'g' | 'm'..='s' | 'u'..='z');
    let rises = word.text.chars().any(|c| !is_small(c) && !matches!(c, '.' | ',' | '-' | '_'));
    let hangs = word.text.contains(['g', 'j', 'p', 'q', 'y']);
    let takes = if rises { TALL } else { SMALL } + if hangs { HANGING } else { 0.0 };
    Some(height / takes)
}

fn length(line: &Line) -> usize {
    line.words.iter().map(|word| word.text.chars().count()).sum()
}

/// The value that half of the weight lies below.
fn weighted_median(mut values: Vec<(f64, f64)>) -> Option<f64> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    values.into_iter().find_map(|(value, weight)| {
        below += weight;
        (below >= half).then_some(value)
    })
}
