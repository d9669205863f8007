//! The plain parts of a transformer: linear maps, normalisation, and the step between them.

use rten_gemm::{
    BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, GemmResult, PackedBMatrix,
};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{Gelu, Normalize, NormalizeOptions, Sum, SumSquareSub};

use crate::rows::Rows;
use crate::weights::Weights;

/// `x · Wᵀ + b` on every row.
pub(crate) struct Linear {
    weight: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

impl Linear {
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        shape: [usize; 2],
    ) -> Result<Self, String> {
        Self::side_by_side(weights, &[name.to_owned()], shape)
    }

    /// Several maps of the same input as one, their outputs side by side: one large product is
    /// quicker than three small ones.
    pub(crate) fn side_by_side(
        weights: &Weights<'_>,
        names: &[String],
        [from, to]: [usize; 2],
    ) -> Result<Self, String> {
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weight.extend(weights.values(&format!("{name}.weight"), &[to, from])?);
            bias.extend(weights.values(&format!("{name}.bias"), &[to])?);
        }
        let weight = NdTensorView::from_data([bias.len(), from], weight.as_slice());
        // Laid out once as the product reads it.
        let weight = GemmExecutor::<f32>::default().prepack_b(weight.transposed());
        Ok(Self { weight, bias })
    }

    pub(crate) fn apply(&self, input: &Rows) -> GemmResult<Rows> {
        let mut output = Rows::zeros(input.count(), self.bias.len());
        let bias = Some(BiasVector::Row(&self.bias));
        GemmExecutor::<f32>::default().gemm(
            output.numbers_mut(),
            GemmInputA::Unpacked(input.matrix()),
            GemmInputB::Packed(&self.weight),
            GemmOptions { bias, ..GemmOptions::default() },
        )?;
        Ok(output)
    }
}

/// Brings every row to mean 0 and variance 1, then scales and shifts it.
pub(crate) struct LayerNorm {
    scale: Vec<f32>,
    shift: Vec<f32>,
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
            scale: weights.values(&format!("{name}.weight"), &[width])?,
            shift: weights.values(&format!("{name}.bias"), &[width])?,
            epsilon,
        })
    }

    pub(crate) fn apply(&self, mut rows: Rows) -> Rows {
        let width = self.scale.len() as f32;
        for row in rows.iter_mut() {
            let mean = Sum::new(row).dispatch() / width;
            let variance = SumSquareSub::new(row, mean).dispatch() / width;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: (variance + self.epsilon).sqrt().recip(),
                element_scale: Some(&self.scale),
                element_bias: Some(&self.shift),
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
        rows
    }
}

/// The Gaussian error linear unit, `x · Φ(x)`.
pub(crate) fn gelu(mut rows: Rows) -> Rows {
    Gelu {}.map_mut(rows.numbers_mut());
    rows
}
