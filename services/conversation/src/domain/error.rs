//! What can go wrong, in our words.

use std::error::Error as StdError;

use elenchus_idempotency::Unusable;
use elenchus_postgres::Failure;

type Cause = Box<dyn StdError + Send + Sync>;

/// Why a request could not be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Absent, or someone else's.
    #[error("conversation not found")]
    ConversationNotFound,
    /// Absent, or someone else's.
    #[error("document not found")]
    DocumentNotFound,
    /// Absent, or someone else's.
    #[error("message not found")]
    MessageNotFound,
    /// A question where an answer is needed.
    #[error("this message is a question; name an answer")]
    NotAnAnswer,
    /// An answer where a question is needed.
    #[error("this message is an answer; name a question")]
    NotAQuestion,
    /// Absent, or someone else's.
    #[error("generation not found")]
    GenerationNotFound,
    /// The answer is there, and what happened while it was made is not kept any more.
    #[error("the events of this generation are no longer kept; read its message")]
    EventsExpired,
    /// Whoever makes the answer did not say that it stopped.
    #[error("the generation did not stop yet; stop it again in a moment")]
    NotStopped,
    /// This process ends; another one goes on.
    #[error("the service is stopping; watch again after the last event")]
    Stopping,
    /// A field that the client can mend.
    #[error("{problem}")]
    Invalid {
        /// The field's name in the request.
        field: &'static str,
        /// What it must be, and what it was.
        problem: String,
    },
    /// The call's `Idempotency-Key` cannot be used for it.
    #[error(transparent)]
    Key(#[from] Unusable),
    /// One document more than a conversation holds.
    #[error("a conversation holds at most {most} documents")]
    TooManyDocuments {
        /// How many it holds.
        most: usize,
    },
    /// The document service does not answer.
    #[error("the documents cannot be reached right now")]
    DocumentsUnavailable,
    /// The provider allows no longer answer.
    #[error("the answer reached the length that the model's provider allows")]
    AnswerCutOff,
    /// The model broke off.
    #[error("the model cannot be reached right now")]
    ModelUnavailable,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Failure),
    /// What is stored cannot be read.
    #[error("what is stored cannot be read")]
    Corrupt(#[source] Cause),
}

impl Error {
    /// A field that is not as it must be.
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }
}
