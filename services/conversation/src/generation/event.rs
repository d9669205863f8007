//! What happens while an answer is made, in the order in which a reader sees it.

use elenchus_llm::Trouble;
use elenchus_proto::pb::conversation::v1 as pb;

use crate::domain::{Citation, ConversationId, Message, MessageId, Passage, Remembered, Usage};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The answer that it belongs to.
    pub generation: MessageId,
    /// Its number in its answer, from 1, without gaps.
    pub seq: i32,
    /// What happened.
    pub what: What,
}

impl Event {
    /// The event as it is stored and sent.
    pub fn into_wire(self) -> pb::ChatEvent {
        self.into()
    }
}

/// The last events of an answer: what was checked, and the end.
pub(crate) fn numbered(
    generation: MessageId,
    last_seq: i32,
    citations: &[Citation],
    last: [What; 2],
) -> Vec<pb::ChatEvent> {
    let citations = citations.iter().cloned().map(Box::new).map(What::Citation);
    citations
        .chain(last)
        .zip(last_seq + 1..)
        .map(|(what, seq)| Event { generation, seq, what }.into_wire())
        .collect()
}

/// What happens while an answer is made.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The question is stored and its answer begins.
    Started {
        /// The conversation.
        conversation_id: ConversationId,
        /// The answer.
        answer_id: MessageId,
        /// The question.
        question_id: MessageId,
        /// The model that answers.
        model: String,
    },
    /// The passages that the answer is made from, and what of the conversation.
    Retrieval(Vec<Passage>, Remembered),
    /// More text.
    Delta(String),
    /// A place that the answer quotes.
    Citation(Box<Citation>),
    /// What the model read and wrote. Always told, before the end.
    Usage(Usage),
    /// The answer as it is stored. The end of a good answer.
    Completed(Box<Message>),
    /// Why there is no whole answer. The end of a bad one.
    Failed(Failure),
}

/// Why there is no whole answer, in words for the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub detail: &'static str,
    /// Whether asking again may help.
    pub is_retryable: bool,
}

impl Failure {
    /// A document that was named is not there.
    pub const DOCUMENT: Self =
        Self { code: "DOCUMENT_NOT_FOUND", detail: "document not found", is_retryable: false };
    /// The caller's token does not open the documents.
    pub const SCOPE: Self = Self {
        code: "SCOPE_REQUIRED",
        detail: "the token lacks the scope \"documents.read\", without which no source is found",
        is_retryable: false,
    };
    /// The document service does not answer.
    pub const DOCUMENTS: Self = Self {
        code: "DOCUMENTS_UNAVAILABLE",
        detail: "the documents cannot be searched right now; ask again in a moment",
        is_retryable: true,
    };
    /// The model cannot be reached, or broke off.
    pub const MODEL: Self = Self {
        code: "MODEL_UNAVAILABLE",
        detail: "the model broke off; what it had said is kept, and asking again may help",
        is_retryable: true,
    };
    const MODEL_BUSY: Self = Self {
        code: "MODEL_BUSY",
        detail: "the model takes no more questions right now; ask again in a moment",
        is_retryable: true,
    };
    /// The model took too long.
    pub const MODEL_SLOW: Self = Self {
        code: "MODEL_TIMEOUT",
        detail: "the model took too long; what it had said is kept, and asking again may help",
        is_retryable: true,
    };
    const MODEL_REFUSES: Self = Self {
        code: "MODEL_REFUSED",
        detail: "the model's provider refuses our requests; whoever runs this service has to look",
        is_retryable: false,
    };
    const MODEL_BLOCKED: Self = Self {
        code: "MODEL_BLOCKED",
        detail: "the rules of the model's provider forbid this answer",
        is_retryable: false,
    };
    const MODEL_SILENT: Self = Self {
        code: "MODEL_SILENT",
        detail: "the model ended without saying anything; ask again, or put the question in other words",
        is_retryable: true,
    };
    /// The provider allows no more of it.
    pub const CUT_OFF: Self = Self {
        code: "ANSWER_CUT_OFF",
        detail: "the answer reached the length that the model's provider allows and is not whole; what it had said is \
                 kept, and a narrower question may help",
        is_retryable: false,
    };
    /// The model does not come to an end.
    pub const TOO_LONG: Self = Self {
        code: "ANSWER_TOO_LONG",
        detail: "the answer grew too long and was ended; what the model had said is kept",
        is_retryable: false,
    };
    /// The database does not answer.
    pub const STORE: Self = Self {
        code: "STORE_UNAVAILABLE",
        detail: "the conversation could not be read or stored; ask again in a moment",
        is_retryable: true,
    };
    /// The document's text is not there yet, or will never be.
    pub const UNREAD: Self = Self {
        code: "DOCUMENT_NOT_READ",
        detail: "the document has no text that was read; see its processing_status",
        is_retryable: false,
    };
    /// What a reader is told of a model's trouble.
    pub fn of_model(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unreachable | Trouble::Failed | Trouble::BrokenOff | Trouble::Malformed => {
                Self::MODEL
            }
            Trouble::RateLimited { .. } | Trouble::Overloaded => Self::MODEL_BUSY,
            Trouble::TimedOut => Self::MODEL_SLOW,
            Trouble::Refused => Self::MODEL_REFUSES,
            Trouble::Blocked => Self::MODEL_BLOCKED,
            Trouble::Silent => Self::MODEL_SILENT,
            Trouble::CutOff => Self::CUT_OFF,
        }
    }

    /// There is no row any more to store the answer in.
    pub const LOST: Self = Self {
        code: "CONVERSATION_DELETED",
        detail: "the conversation was deleted while it was answered",
        is_retryable: false,
    };
    /// The process that made the answer has died or was told to stop.
    pub const INTERRUPTED: Self = Self {
        code: "INTERRUPTED",
        detail: "the answer was interrupted; what the model had said is kept, and asking again may help",
        is_retryable: true,
    };
}
