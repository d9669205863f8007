//! What is written to people, and how long it is worth sending.

use std::time::Duration;

use elenchus_rpc::UserId;
use serde::{Deserialize, Serialize};

use crate::domain::User;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A mail to one person. Does not print. It has no name to greet: whoever registers a stranger's
/// address chooses the name, and would write to the stranger by it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// Whose account it is about; none where that is found out when it is sent.
    #[serde(skip)]
    pub user_id: Option<UserId>,
    /// The address.
    pub to: String,
    /// What it says.
    pub matter: Matter,
}

/// What a mail says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Matter {
    /// The link that proves the address.
    VerifyEmail {
        /// What the link carries.
        token: String,
    },
    /// The link that sets a new password. Asked for by anybody, so whether the address has an
    /// account is found out when it is sent: the asker learns nothing, not even from the time.
    ResetPassword {
        /// What the link carries.
        token: String,
    },
    /// The password was changed.
    PasswordChanged,
    /// A refresh token was used twice, and its session ended.
    SessionStolen,
    /// A second factor is demanded from now on.
    SecondFactorEnabled,
    /// A second factor is not demanded any more.
    SecondFactorDisabled,
    /// A recovery code took the authenticator's place.
    RecoveryCodeUsed {
        /// Codes that are left.
        left: i64,
    },
    /// Several wrong codes in a row were shown by somebody who knows the password.
    SecondFactorGuessed,
    /// The account opens by an issuer's word from now on.
    IdentityLinked,
    /// The account was closed, and its erasure began.
    AccountClosed,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("kind", &self.matter.kind()).finish_non_exhaustive()
    }
}

impl Letter {
    /// A mail to the owner of an account.
    pub fn to(user: &User, matter: Matter) -> Self {
        Self { user_id: Some(user.user_id), to: user.email.clone(), matter }
    }
}

impl Matter {
    /// The name of the templates, and what operators see of a mail.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::ResetPassword { .. } => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::SessionStolen => "session_stolen",
            Self::SecondFactorEnabled => "second_factor_enabled",
            Self::SecondFactorDisabled => "second_factor_disabled",
            Self::RecoveryCodeUsed { .. } => "recovery_code_used",
            Self::SecondFactorGuessed => "second_factor_guessed",
            Self::IdentityLinked => "identity_linked",
            Self::AccountClosed => "account_closed",
        }
    }

    /// After this time it is not sent any more.
    pub fn worth_sending_for(&self) -> Duration {
        match self {
            // Nobody waits longer; they ask again.
            Self::ResetPassword { .. } => 60 * MINUTE,
            Self::VerifyEmail { .. }
            | Self::PasswordChanged
            | Self::SessionStolen
            | Self::SecondFactorEnabled
            | Self::SecondFactorDisabled
            | Self::RecoveryCodeUsed { .. }
            | Self::SecondFactorGuessed
            | Self::IdentityLinked
            | Self::AccountClosed => DAY,
        }
    }

    /// What its link carries, and the page that the link opens.
    pub(crate) fn link(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::VerifyEmail { token } => Some(("verify-email", token)),
            Self::ResetPassword { token } => Some(("reset-password", token)),
            Self::PasswordChanged
            | Self::SessionStolen
            | Self::SecondFactorEnabled
            | Self::SecondFactorDisabled
            | Self::RecoveryCodeUsed { .. }
            | Self::SecondFactorGuessed
            | Self::IdentityLinked
            | Self::AccountClosed => None,
        }
    }

    /// Recovery codes that are left, where it tells of them.
    pub(crate) fn left(&self) -> Option<i64> {
        if let Self::RecoveryCodeUsed { left } = self { Some(*left) } else { None }
    }
}
