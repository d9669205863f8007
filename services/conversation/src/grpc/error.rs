//! What a caller may know of an error.

use std::time::Duration;

use elenchus_rpc::status::Classify;
use tonic::Code;

use crate::domain::Error;

impl Classify for Error {
    fn code(&self) -> Code {
        match self {
            Self::ConversationNotFound
            | Self::DocumentNotFound
            | Self::MessageNotFound
            | Self::GenerationNotFound => Code::NotFound,
            Self::Invalid { .. } => Code::InvalidArgument,
            Self::TooManyDocuments { .. }
            | Self::EventsExpired
            | Self::NotAnAnswer
            | Self::NotAQuestion => Code::FailedPrecondition,
            Self::DocumentsUnavailable
            | Self::ModelUnavailable
            | Self::NotStopped
            | Self::Stopping => Code::Unavailable,
            Self::Store(failure) => failure.code(),
            Self::Corrupt(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::ConversationNotFound => "CONVERSATION_NOT_FOUND",
            Self::DocumentNotFound => "DOCUMENT_NOT_FOUND",
            Self::MessageNotFound => "MESSAGE_NOT_FOUND",
            Self::NotAnAnswer => "NOT_AN_ANSWER",
            Self::NotAQuestion => "NOT_A_QUESTION",
            Self::GenerationNotFound => "GENERATION_NOT_FOUND",
            Self::EventsExpired => "EVENTS_EXPIRED",
            Self::NotStopped => "NOT_STOPPED",
            Self::Stopping => "STOPPING",
            Self::Invalid { .. } => "INVALID_FIELD",
            Self::TooManyDocuments { .. } => "TOO_MANY_DOCUMENTS",
            Self::DocumentsUnavailable => "DOCUMENTS_UNAVAILABLE",
            Self::ModelUnavailable => "MODEL_UNAVAILABLE",
            Self::Store(failure) => failure.reason(),
            Self::Corrupt(_) => "CORRUPT",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Store(failure) = self { failure.retry_after() } else { None }
    }

    fn field(&self) -> Option<&str> {
        if let Self::Invalid { field, .. } = self { Some(field) } else { None }
    }
}
