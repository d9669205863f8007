//! What an account is, and what may go wrong with one. Knows neither gRPC nor SQL.

pub mod audit;
mod change;
mod common_passwords;
mod email;
mod erasure;
mod error;
mod identity;
mod password;
mod profile;
mod second_factor;
mod session;
mod token;

use std::fmt;

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;

pub use self::audit::Origin;
pub use self::change::{AccountChange, Preferences, ProfileChange, Roles};
pub use self::email::EmailAddress;
pub use self::erasure::Erasure;
pub use self::error::Error;
pub use self::identity::Identity;
pub use self::password::{Password, PasswordRules};
pub use self::profile::Profile;
pub use self::second_factor::SecondFactorState;
pub use self::session::{Session, SessionId};
pub use self::token::{ApiToken, NewApiToken, Scopes, grant_lifetime};

/// What somebody must say to get an account.
pub struct Registration {
    /// The address to sign in with.
    pub email: EmailAddress,
    /// The password, for as long as it takes to hash it.
    pub password: Password,
    /// Free text about the person.
    pub profile: Profile,
}

/// An account as its owner sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The account's id.
    pub user_id: UserId,
    /// The address as it was typed.
    pub email: String,
    /// Free text about the person.
    pub profile: Profile,
    /// Whether the account may sign in.
    pub is_active: bool,
    /// Whether the account administers the installation.
    pub is_superuser: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When the account was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the owner last signed in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// Its named roles, in order.
    pub roles: Vec<String>,
    /// Whether the owner proved that the address is theirs.
    pub email_verified: bool,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
