//! What can go wrong at a provider.

use std::time::Duration;

/// Why a model cannot go on. Holds nothing of what a provider said, which may quote the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// There is no connection, or the provider is left alone for a while.
    #[error("cannot be reached")]
    Unreachable,
    /// The provider or the model failed.
    #[error("failed")]
    Failed,
    /// The provider takes no more requests for now.
    #[error("takes no more requests for now")]
    RateLimited {
        /// When it will again, by its own word.
        retry_after: Option<Duration>,
    },
    /// We have as many calls with it as we may.
    #[error("has as many calls as it may")]
    Overloaded,
    /// It took too long.
    #[error("took too long")]
    TimedOut,
    /// The answer ended before its end.
    #[error("broke off")]
    BrokenOff,
    /// The answer ended without a word.
    #[error("ended without a word")]
    Silent,
    /// The answer was cut off at the length that the provider allows.
    #[error("was cut off at the length that is allowed")]
    CutOff,
    /// What it said cannot be read.
    #[error("said what cannot be read")]
    Malformed,
    /// The provider does not take our key, or our request.
    #[error("refuses our requests")]
    Refused,
    /// The provider's rules forbid the answer.
    #[error("is not allowed to answer")]
    Blocked,
}

impl Trouble {
    /// Whether asking again may help.
    pub fn may_pass(self) -> bool {
        !matches!(self, Self::Refused | Self::Blocked | Self::CutOff)
    }

    /// Whether it says that the provider is not well.
    pub fn is_of_provider(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::Failed | Self::TimedOut | Self::BrokenOff | Self::Malformed
        )
    }
}
