//! The plain parts of a transformer: linear maps, normalisation, and the step between them.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate};

use crate::weights::Weights;

/// `x · Wᵀ + b` on every row.
pub(crate) struct Linear {
    weight: Array2<f32>,
    bias: Array1<f32>,
}

impl Linear {
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        [from, to]: [usize; 2],
    ) -> Result<Self, String> {
        Ok(Self {
            weight: weights.matrix(&format!("{name}.weight"), [to, from])?,
            bias: weights.vector(&format!("{name}.bias"), to)?,
        })
    }

    /// Several maps of the same input as one, their outputs side by side: one large product is
    /// quicker than three small ones.
    pub(crate) fn side_by_side(parts: &[Self]) -> Result<Self, String> {
        let weights: Vec<_> = parts.iter().map(|part| part.weight.view()).collect();
        let biases: Vec<_> = parts.iter().map(|part| part.bias.view()).collect();
        Ok(Self {
            weight: concatenate(Axis(0), &weights).map_err(|error| error.to_string())?,
            bias: concatenate(Axis(0), &biases).map_err(|error| error.to_string())?,
        })
    }

    pub(crate) fn apply(&self, input: &Array2<f32>) -> Array2<f32> {
        let mut output = Array2::zeros((input.nrows(), self.bias.len()));
        output += &self.bias;
        general_mat_mul(1.0, input, &self.weight.t(), 1.0, &mut output);
        output
    }
}

/// Brings every row to mean 0 and variance 1, then scales and shifts it.
pub(crate) struct LayerNorm {
    scale: Array1<f32>,
    shift: Array1<f32>,
    epsilon: f32,
}

impl LayerNorm {
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        width: usize,
        epsilon: f32,
    ) -> Result<Self, String> {
        Ok(Self {
            scale: weights.vector(&format!("{name}.weight"), width)?,
            shift: weights.vector(&format!("{name}.bias"), width)?,
            epsilon,
        })
    }

    pub(crate) fn apply(&self, mut rows: Array2<f32>) -> Array2<f32> {
        let width = self.scale.len() as f32;
        for mut row in rows.rows_mut() {
            let mean = row.sum() / width;
            row -= mean;
            let variance = squared_length(row.view()) / width;
            row /= (variance + self.epsilon).sqrt();
        }
        rows *= &self.scale;
        rows += &self.shift;
        rows
    }
}

/// The sum of a row's squares.
pub(crate) fn squared_length(row: ArrayView1<'_, f32>) -> f32 {
    row.dot(&row)
}

/// The Gaussian error linear unit, `x · Φ(x)`.
pub(crate) fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + error_function(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// A rational minimax approximation, within a few units in the last place: no branch and no call,
/// so that the compiler can make vector instructions of it.
fn error_function(x: f32) -> f32 {
    const ABOVE: [f32; 7] = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_4e-4,
        -2.954_6e-3,
        -1.609_603_4e-2,
    ];
    const BELOW: [f32; 5] =
        [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];
    // Beyond 4 the function is 1 to the last digit that an f32 holds.
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let polynomial = |coefficients: &[f32]| {
        coefficients.iter().fold(0.0, |sum, coefficient| sum * square + coefficient)
    };
    x * polynomial(&ABOVE) / polynomial(&BELOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_agrees_with_the_tables() {
        // x · Φ(x), to seven places.
        let table = [
            (-6.0, 0.0),
            (-2.0, -0.045_500_3),
            (-0.5, -0.154_268_8),
            (0.0, 0.0),
            (0.1, 0.053_982_8),
            (1.0, 0.841_344_7),
            (3.0, 2.995_950_3),
            (9.0, 9.0),
        ];
        for (x, expected) in table {
            assert!((gelu(x) - expected).abs() < 1e-6, "gelu({x}) is {}", gelu(x));
        }
    }
}
