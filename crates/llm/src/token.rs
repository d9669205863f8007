//! Counting tokens where no provider has counted.

use tiktoken_rs::tokenizer::{Tokenizer, get_tokenizer};
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

/// What English text comes to on average, for the tokenizers of today.
const CHARS_PER_TOKEN: usize = 4;

/// How many tokens a text comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// The tokens.
    pub tokens: usize,
    /// True when they are not counted as the model itself does.
    pub is_estimated: bool,
}

/// A rough count of the tokens of a text. Good where little depends on it, and marked where it is shown.
pub fn estimated_tokens(text: &str) -> usize {
    text.chars().count().div_ceil(CHARS_PER_TOKEN)
}

/// Counts the tokens of a text: exactly for the models of OpenAI, and by their tokenizer for those whose
/// own is not public. The first count of a process reads the vocabulary, which takes a moment.
pub fn count_tokens(model: &str, text: &str) -> Count {
    let (tokenizer, is_estimated) = tokenizer(model);
    Count { tokens: tokenizer.encode_ordinary(text).len(), is_estimated }
}

fn tokenizer(model: &str) -> (&'static CoreBPE, bool) {
    match get_tokenizer(model) {
        Some(Tokenizer::Cl100kBase) => (cl100k_base_singleton(), false),
        Some(Tokenizer::O200kBase | Tokenizer::O200kHarmony) => (o200k_base_singleton(), false),
        _ => (o200k_base_singleton(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_exact_where_the_tokenizer_is_known() {
        let text = "The Supplier shall not be liable for any indirect loss.";
        assert_eq!(count_tokens("gpt-4o-mini", text), Count { tokens: 11, is_estimated: false });
        assert_eq!(
            count_tokens("gemini-1.5-flash", text),
            Count { tokens: 11, is_estimated: true }
        );
        // Each byte is at most one token, however odd the text.
        let odd = "\u{1f98a}é\u{2}".repeat(1_000);
        assert!(count_tokens("gpt-4o", &odd).tokens <= odd.len());
    }
}
