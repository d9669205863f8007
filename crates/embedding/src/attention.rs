//! Lets every token of a text look at the others of the same text.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayBase, ArrayViewMut1, Axis, Ix2, RawData, Slice};

use crate::layer::Linear;
use crate::weights::Weights;

/// Multi-head self-attention over several texts whose rows follow each other.
pub(crate) struct Attention {
    query_key_value: Linear,
    heads: usize,
    width: usize,
}

impl Attention {
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        width: usize,
        heads: usize,
    ) -> Result<Self, String> {
        let part = |part| Linear::load(weights, &format!("{name}.{part}"), [width, width]);
        let parts = [part("query")?, part("key")?, part("value")?];
        Ok(Self { query_key_value: Linear::side_by_side(&parts)?, heads, width })
    }

    /// `texts` says which rows belong together.
    pub(crate) fn apply(&self, rows: &Array2<f32>, texts: &[Range<usize>]) -> Array2<f32> {
        let all = self.query_key_value.apply(rows);
        let head_width = self.width / self.heads;
        let scale = (head_width as f32).sqrt().recip();
        let mut output = Array2::zeros((rows.nrows(), self.width));
        for text in texts {
            let mut scores = Array2::zeros((text.len(), text.len()));
            for head in 0..self.heads {
                let columns = |part: usize| {
                    let start = part * self.width + head * head_width;
                    start..start + head_width
                };
                let [query, key, value] =
                    [0, 1, 2].map(|part| block(all.view(), text, columns(part)));
                general_mat_mul(scale, &query, &key.t(), 0.0, &mut scores);
                scores.rows_mut().into_iter().for_each(softmax);
                let mut context = block(output.view_mut(), text, columns(0));
                general_mat_mul(1.0, &scores, &value, 0.0, &mut context);
            }
        }
        output
    }
}

/// The part of a matrix where these rows and columns meet.
fn block<S: RawData>(
    mut matrix: ArrayBase<S, Ix2>,
    rows: &Range<usize>,
    columns: Range<usize>,
) -> ArrayBase<S, Ix2> {
    matrix.slice_axis_inplace(Axis(0), Slice::from(rows.clone()));
    matrix.slice_axis_inplace(Axis(1), Slice::from(columns));
    matrix
}

/// Makes weights that sum to 1.
fn softmax(mut row: ArrayViewMut1<'_, f32>) {
    // Without the shift the exponential of a large score overflows.
    let largest = row.fold(f32::NEG_INFINITY, |largest, score| largest.max(*score));
    row.mapv_inplace(|score| (score - largest).exp());
    row /= row.sum();
}
