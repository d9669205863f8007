//! How near two meanings are.

/// Numbers that are multiplied side by side, as wide as the processor likes.
const LANES: usize = 16;

/// The cosine of two vectors of length 1.
pub fn similarity(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_counts_once_whatever_the_length() {
        for length in [0_u8, 1, 15, 16, 17, 100] {
            let a: Vec<f32> = (0..length).map(f32::from).collect();
            let expected: f32 = a.iter().map(|a| a * a).sum();
            assert!((similarity(&a, &a) - expected).abs() <= expected * 1e-6, "{length}");
        }
    }
}
