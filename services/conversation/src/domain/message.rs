//! Questions and answers as they are stored.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Citation, CitationReport, ConversationId, Error, Feedback};

/// A message's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId(pub Uuid);

impl MessageId {
    /// The id of a message. Ids are opaque to clients: one that cannot be read names nothing.
    pub fn parse(raw: &str) -> Result<Self, Error> {
        raw.parse().map(Self).map_err(|_| Error::MessageNotFound)
    }

    /// The id of an answer. Ids are opaque to clients: one that cannot be read names nothing.
    pub fn parse_generation(raw: &str) -> Result<Self, Error> {
        raw.parse().map(Self).map_err(|_| Error::GenerationNotFound)
    }
}

/// How far a message has come. All but `Generating` are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStatus {
    /// Whole.
    Complete,
    /// Being made right now.
    Generating,
    /// Its reader left or wanted it to stop; what had been made is kept.
    Stopped,
    /// Broke off; what had been made is kept.
    Incomplete,
    /// Nothing was made.
    Failed,
}

impl MessageStatus {
    const ALL: [Self; 5] =
        [Self::Complete, Self::Generating, Self::Stopped, Self::Incomplete, Self::Failed];

    /// The word for it, on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Generating => "generating",
            Self::Stopped => "stopped",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
        }
    }

    /// The status of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    /// Text.
    Text,
    /// A picture.
    Image,
    /// A document.
    Document,
    /// What a workflow came to.
    WorkflowResult,
}

impl MessageType {
    const ALL: [Self; 4] = [Self::Text, Self::Image, Self::Document, Self::WorkflowResult];

    /// The word for it, on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Document => "document",
            Self::WorkflowResult => "workflow_result",
        }
    }

    /// The type of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a model read and wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: i32,
    /// Tokens written.
    pub completion_tokens: i32,
    /// Of the tokens read, those that the provider knew already.
    pub cached_tokens: i32,
    /// Of the tokens written, those that nobody sees.
    pub reasoning_tokens: i32,
    /// Whether the counts are our estimate and not the provider's.
    pub is_estimated: bool,
    /// What the call cost, in millionths of a US dollar.
    pub cost_microusd: i32,
}

impl Usage {
    /// What was read and written together.
    pub fn total_tokens(&self) -> i32 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}

/// What of a conversation a model was told before a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remembered {
    /// Messages, word for word.
    pub messages: i32,
    /// What they and the summary come to.
    pub tokens: i32,
    /// Whether the tokens are not counted as the model itself does.
    pub is_estimated: bool,
    /// Whether a summary stands in the place of what was said before.
    pub is_summarised: bool,
}

/// A passage of a source that may hold the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The document; none where the source was text sent with the question.
    pub document_id: Option<Uuid>,
    /// The chunk; none where the source was text sent with the question.
    pub chunk_id: Option<Uuid>,
    /// The document's name, or `source N`.
    pub filename: String,
    /// The text.
    pub content: String,
    /// The page it starts on, from 1.
    pub page: Option<i32>,
    /// Where it starts in the document's text, in characters.
    pub start_char: i32,
    /// Where it ends, exclusive.
    pub end_char: i32,
    /// How well it fits; higher is better.
    pub score: f64,
    /// Whether it was recovered from a damaged file.
    pub is_recovered: bool,
}

/// As a model is told of it.
impl From<&Passage> for elenchus_llm::Passage {
    fn from(passage: &Passage) -> Self {
        let name = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        Self {
            source: passage.filename.clone(),
            number: None,
            text: passage.content.clone(),
            page: passage.page.and_then(|page| u32::try_from(page).ok()),
            start_char: usize::try_from(passage.start_char).unwrap_or_default(),
            end_char: usize::try_from(passage.end_char).unwrap_or_default(),
            document_id: name(passage.document_id),
            chunk_id: name(passage.chunk_id),
        }
    }
}

/// One question or answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The conversation it stands in.
    pub conversation_id: ConversationId,
    /// Its place in the conversation, from 1.
    pub sequence: i32,
    /// The text.
    pub content: String,
    /// Whether the user wrote it.
    pub is_user: bool,
    /// What it holds.
    pub message_type: MessageType,
    /// How far it has come.
    pub status: MessageStatus,
    /// The model that answered. Empty on a question.
    pub model_used: String,
    /// What the model read and wrote.
    pub usage: Usage,
    /// The trace it was recorded under.
    pub trace_id: String,
    /// The quotes and citations of an answer, as they were checked.
    pub citations: Vec<Citation>,
    /// How the check went. None on a question, and on an answer that has not ended.
    pub citation_report: Option<CitationReport>,
    /// The message that it follows.
    pub parent: Option<MessageId>,
    /// What the user said of it.
    pub feedback: Option<Feedback>,
    /// What belongs to it besides, such as why it broke off.
    pub metadata: Map<String, Value>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}
