//! What may go wrong with an account or a session, in our words.

use std::time::Duration;

use elenchus_postgres::Failure;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a request was refused or failed. No message holds an address, a password or a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request is out of bounds.
    #[error("{problem}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// The address has an account.
    #[error("an account with this email already exists")]
    EmailTaken,
    /// The token of a mailed link is unknown, was used, or came too late.
    #[error("the link is not valid, was used before or has expired; ask for a new one")]
    LinkRefused,
    /// No such account, or not its password; which of the two is nobody's business.
    #[error("incorrect email or password")]
    WrongCredentials,
    /// The password is right, but the account was deactivated.
    #[error("inactive user")]
    Inactive,
    /// The password was right once, but the second step was too late, or came twice.
    #[error("the sign-in is not valid, was completed before or took too long; begin again")]
    ChallengeRefused,
    /// Neither a code of the authenticator nor a recovery code.
    #[error(
        "the code is not one that the authenticator shows now, nor a recovery code that is left"
    )]
    SecondFactorWrong,
    /// The authenticator's secret was sealed with another `SECRET_KEY`.
    #[error(
        "codes of the authenticator cannot be checked here any more; use a recovery code, then set the second factor up anew"
    )]
    SecondFactorUnreadable,
    /// A second factor is demanded already.
    #[error("the account demands a second factor already; disable that one first")]
    SecondFactorEnabled,
    /// There is no second factor.
    #[error("the account has no second factor; set one up first")]
    NoSecondFactor,
    /// No issuer is set up.
    #[error("sign-in with a provider is not set up here; sign in with a password")]
    OidcNotConfigured,
    /// The issuer did not vouch, or not in a way that can be believed, or not for this browser.
    #[error("the sign-in with the provider could not be verified; begin again")]
    OidcRefused,
    /// The issuer vouches for no address.
    #[error("the provider has not verified your email; verify it there, then begin again")]
    OidcNoEmail,
    /// The issuer cannot be reached, or answers with nonsense.
    #[error("the provider cannot be reached right now")]
    OidcUnavailable(#[source] Source),
    /// The address has an account whose owner never proved it.
    #[error(
        "an account with this email exists, but the email was never confirmed; confirm it, or set a new password by mail, then begin again"
    )]
    EmailNotVerified,
    /// The caller has no such session.
    #[error("session not found")]
    UnknownSession,
    /// The refresh token is unknown, or its session is over.
    #[error("the refresh token is not valid or has expired; sign in again")]
    RefreshRefused,
    /// The refresh token was traded long ago: somebody has a copy of it.
    #[error("the refresh token was used before, so its session has ended; sign in again")]
    RefreshReused,
    /// The ticket is unknown, used or too old, or its session is over.
    #[error("the ticket is not valid or was used before; make another one")]
    TicketRefused,
    /// Somebody is guessing.
    #[error("too many attempts; try again in {} s", retry_after.as_secs())]
    TooManyAttempts {
        /// When the next attempt counts.
        retry_after: Duration,
    },
    /// Every place in the queue for hashing is taken.
    #[error("too many people are signing in right now; try again in a moment")]
    Busy,
    /// The call belongs to no session, because a service makes it.
    #[error("this needs the user's own session; sign in")]
    NoSession,
    /// The caller's account was deleted.
    #[error("account not found")]
    NoAccount,
    /// The installation would have nobody in charge.
    #[error("this is the last active superuser; make another one first")]
    LastSuperuser,
    /// Whoever is in charge would lock themself out.
    #[error("nobody can deactivate their own account; another superuser can")]
    OwnAccount,
    /// The user has as many tokens as anybody may have.
    #[error("you have {most} tokens; revoke one that you no longer need")]
    TooManyTokens {
        /// How many.
        most: i64,
    },
    /// The account can only be closed by whoever proves again who they are.
    #[error(
        "sign in again and retry within {} minutes, or send the password where no second factor is set up",
        within.as_secs() / 60
    )]
    NotConfirmed {
        /// How new a sign-in must be.
        within: Duration,
    },
    /// There is no such erasure.
    #[error("erasure not found")]
    NoErasure,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Failure),
    /// What should not happen.
    #[error("the account could not be handled")]
    Internal(#[source] Source),
}

impl Error {
    /// Blames a field.
    pub fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }

    /// Wraps what should not happen.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }
}
