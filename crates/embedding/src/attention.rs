//! Lets every token of a text look at the others of the same text.

use std::ops::Range;

use rten_gemm::GemmResult;
use rten_simd::SimdOp;
use rten_tensor::NdTensorView;
use rten_vecmath::Softmax;

use crate::layer::Linear;
use crate::rows::{Rows, multiply};
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
        let names = ["query", "key", "value"].map(|part| format!("{name}.{part}"));
        let query_key_value = Linear::side_by_side(weights, &names, [width, width])?;
        Ok(Self { query_key_value, heads, width })
    }

    /// `texts` says which rows belong together.
    pub(crate) fn apply(&self, rows: &Rows, texts: &[Range<usize>]) -> GemmResult<Rows> {
        let all = self.query_key_value.apply(rows)?;
        let head_width = self.width / self.heads;
        let scale = (head_width as f32).sqrt().recip();
        let longest = texts.iter().map(ExactSizeIterator::len).max().unwrap_or_default();
        let mut scores = vec![0.0; longest * longest];
        let mut context = vec![0.0; longest * head_width];
        let mut output = Rows::zeros(rows.count(), self.width);
        for text in texts {
            let scores = &mut scores[..text.len() * text.len()];
            let context = &mut context[..text.len() * head_width];
            for head in 0..self.heads {
                let [query, key, value] = [0, 1, 2].map(|part| {
                    let start = part * self.width + head * head_width;
                    all.block(text, start..start + head_width)
                });
                multiply(scale, query, key.transposed(), scores)?;
                for row in scores.chunks_exact_mut(text.len()) {
                    Softmax::new_mut(row).dispatch();
                }
                let scores = NdTensorView::from_data([text.len(); 2], &*scores);
                multiply(1.0, scores, value, context)?;
                let targets = output.iter_mut().skip(text.start);
                for (target, row) in targets.zip(context.chunks_exact(head_width)) {
                    target[head * head_width..][..head_width].copy_from_slice(row);
                }
            }
        }
        Ok(output)
    }
}
