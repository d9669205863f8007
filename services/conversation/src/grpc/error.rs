//! What a caller may know of an error.

use std::time::Duration;

use elenchus_rpc::status::Classify;
use tonic::Code;

use crate::domain::Error;
use crate::generation::Failure;

impl Classify for Error {
    fn code(&self) -> Code {
        match self {
            Self::ConversationNotFound
            | Self::DocumentNotFound
            | Self::MessageNotFound
            | Self::GenerationNotFound => Code::NotFound,
            Self::Invalid { .. } => Code::InvalidArgument,
            Self::Key(unusable) => unusable.code(),
            Self::TooManyDocuments { .. }
            | Self::EventsExpired
            | Self::AnswerCutOff
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
            Self::Key(unusable) => unusable.reason(),
            Self::TooManyDocuments { .. } => "TOO_MANY_DOCUMENTS",
            Self::DocumentsUnavailable => "DOCUMENTS_UNAVAILABLE",
            Self::AnswerCutOff => Failure::CUT_OFF.code,
            Self::ModelUnavailable => "MODEL_UNAVAILABLE",
            Self::Store(failure) => failure.reason(),
            Self::Corrupt(_) => "CORRUPT",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(failure) => failure.retry_after(),
            Self::Key(unusable) => unusable.retry_after(),
            _ => None,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::Key(unusable) => unusable.field(),
            _ => None,
        }
    }
}
