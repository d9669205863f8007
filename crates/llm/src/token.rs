//! Counting tokens where no provider has counted.

/// What English text comes to on average, for the tokenizers of today.
const CHARS_PER_TOKEN: usize = 4;

/// A rough count of the tokens of a text. Good for budgets, and marked where it is shown.
pub fn estimated_tokens(text: &str) -> usize {
    text.chars().count().div_ceil(CHARS_PER_TOKEN)
}
