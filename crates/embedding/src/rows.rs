//! Matrices whose rows follow each other, and their products.

use std::ops::Range;
use std::slice::{ChunksExact, ChunksExactMut};

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, GemmResult};
use rten_tensor::{Matrix, NdTensorView};

/// Rows of the same width.
pub(crate) struct Rows {
    width: usize,
    numbers: Vec<f32>,
}

impl Rows {
    /// So many rows of nothing.
    pub(crate) fn zeros(count: usize, width: usize) -> Self {
        Self { width, numbers: vec![0.0; count * width] }
    }

    pub(crate) fn of(width: usize, numbers: Vec<f32>) -> Self {
        Self { width, numbers }
    }

    pub(crate) fn count(&self) -> usize {
        self.numbers.len() / self.width
    }

    pub(crate) fn row(&self, number: usize) -> &[f32] {
        &self.numbers[number * self.width..][..self.width]
    }

    pub(crate) fn iter(&self) -> ChunksExact<'_, f32> {
        self.numbers.chunks_exact(self.width)
    }

    pub(crate) fn iter_mut(&mut self) -> ChunksExactMut<'_, f32> {
        self.numbers.chunks_exact_mut(self.width)
    }

    /// All numbers, row by row.
    pub(crate) fn numbers_mut(&mut self) -> &mut [f32] {
        &mut self.numbers
    }

    pub(crate) fn matrix(&self) -> Matrix<'_> {
        NdTensorView::from_data([self.count(), self.width], self.numbers.as_slice())
    }

    /// The part where these rows and columns meet.
    pub(crate) fn block(&self, rows: &Range<usize>, columns: Range<usize>) -> Matrix<'_> {
        self.matrix().slice((rows.clone(), columns))
    }

    /// Adds other rows to these.
    pub(crate) fn plus(mut self, other: &Self) -> Self {
        self.numbers.iter_mut().zip(&other.numbers).for_each(|(sum, number)| *sum += number);
        self
    }
}

/// `output = scale · a · b`.
pub(crate) fn multiply(scale: f32, a: Matrix<'_>, b: Matrix<'_>, output: &mut [f32]) -> GemmResult {
    let options = GemmOptions { alpha: scale, ..GemmOptions::default() };
    // Chooses the processor's widest instructions; not worth keeping, and not to be sent to a thread.
    let executor = GemmExecutor::<f32>::default();
    executor.gemm(output, GemmInputA::Unpacked(a), GemmInputB::Unpacked(b), options)
}
