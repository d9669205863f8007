//! What a credential lets its user do, as the auth service says it: a log-out, a deactivation, a lost
//! role or a revoked token holds at every service within a second, and as a rule at once.

mod answers;
pub mod ended;
mod remote;
mod silence;

use std::sync::Arc;

use async_trait::async_trait;
use tonic::Status;
use uuid::Uuid;

use crate::caller::UserId;
use crate::token::TokenHash;

pub use self::answers::Answers;
pub use self::remote::RemoteSessions;

/// What is alive or not, whatever its text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// The session of an access token.
    Session(Uuid),
    /// An API token or a grant.
    Token(TokenHash),
}

/// Who somebody is and what they may do now. Tokens say nothing of it, so that it can be taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The user.
    pub user_id: UserId,
    /// Whether the user administers the installation.
    pub is_superuser: bool,
    /// The named roles that the user has.
    pub roles: Arc<[String]>,
    /// What the credential is limited to. `None`: all that the user may do.
    pub scopes: Option<Arc<[String]>>,
    /// The one service that may present the credential.
    pub actor: Option<String>,
}

impl Authority {
    /// That of a user who may use their own data and nothing more.
    pub fn of_user(user_id: UserId) -> Self {
        Self { user_id, is_superuser: false, roles: Arc::default(), scopes: None, actor: None }
    }

    /// Whether the user has a named role. Superusers have every one.
    pub fn has_role(&self, role: &str) -> bool {
        self.is_superuser || self.roles.iter().any(|had| had == role)
    }

    /// Whether the credential opens what has this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|had| had == scope))
    }
}

/// Knows which credentials are alive, and what their users may do.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// `None` once the credential has ended, or where it never was.
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status>;
}

/// The sessions that a service's layers ask for.
pub type SharedSessions = Arc<dyn Sessions>;
