//! What every language model takes and gives.

use elenchus_provider::Trouble;
use futures_util::stream::BoxStream;

use crate::token::estimated_tokens;

/// What a model says, as it says it. Dropping the stream stops the model.
pub type ModelStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// Something that answers a question from sources.
pub trait Model: Send + Sync {
    /// The name that a request asks for it by.
    fn name(&self) -> &str;

    /// Starts an answer. Nothing runs before the stream is polled.
    fn answer(&self, prompt: Prompt) -> ModelStream;
}

/// All that a model is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    /// What to answer.
    pub question: String,
    /// What came before the history, summed up. Empty where nothing did.
    pub summary: String,
    /// What was said before, oldest first.
    pub history: Vec<Turn>,
    /// The sources, best first.
    pub passages: Vec<Passage>,
}

impl Prompt {
    /// The number by which an answer names the passage at this place.
    pub fn number_of(&self, passage_index: usize) -> usize {
        let passage = self.passages.get(passage_index);
        passage.and_then(|passage| passage.number).unwrap_or(passage_index + 1)
    }

    /// A rough count of the tokens that it comes to.
    pub fn estimated_tokens(&self) -> usize {
        let history = self.history.iter().map(|turn| turn.text.as_str());
        let passages = self.passages.iter().map(|passage| passage.text.as_str());
        let texts = history.chain(passages).chain([&*self.summary, &*self.question]);
        texts.map(estimated_tokens).sum()
    }
}

/// One earlier message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: String,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Standing instructions.
    System,
    /// The person who asks.
    User,
    /// A model.
    Assistant,
}

/// A part of a source that may hold the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passage {
    /// What to call the source in an answer: a file's name, or `source N`.
    pub source: String,
    /// What number an answer names it by. None: its place in the prompt, from 1.
    pub number: Option<usize>,
    /// The text.
    pub text: String,
    /// The page it starts on, from 1, when the source has pages.
    pub page: Option<u32>,
    /// Where the text starts in its document, in Unicode characters.
    pub start_char: usize,
    /// Where it ends, exclusive.
    pub end_char: usize,
    /// The document, as the caller names it; empty for text sent with the question.
    pub document_id: String,
    /// The chunk, as the caller names it; empty for text sent with the question.
    pub chunk_id: String,
}

/// One step of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelEvent {
    /// More text.
    Delta(String),
    /// Another model answers than the one that was asked. The first event, where there is one.
    AnsweredBy(String),
    /// A quotation that the text holds.
    Citation(Citation),
    /// What was read and written; the last event of a whole answer.
    Usage(Usage),
}

/// A quotation and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The mark in the text, such as `[1]`.
    pub marker: String,
    /// The passage quoted, as its place in [`Prompt::passages`].
    pub passage_index: usize,
    /// The words, exactly as the passage has them.
    pub quote: String,
    /// Where they start in the passage's text, in Unicode characters. Add the passage's own
    /// `start_char` for the place in the document.
    pub start_char: usize,
    /// Where they end, exclusive.
    pub end_char: usize,
}

/// What a model read and wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: usize,
    /// Tokens written.
    pub completion_tokens: usize,
    /// Of the tokens read, those that the provider knew already.
    pub cached_tokens: usize,
    /// Of the tokens written, those that nobody sees.
    pub reasoning_tokens: usize,
    /// True when the counts are ours and not a provider's.
    pub is_estimated: bool,
}

/// A model cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model {model}: {trouble}")]
pub struct ModelError {
    /// Which model.
    pub model: String,
    /// Why.
    pub trouble: Trouble,
}
