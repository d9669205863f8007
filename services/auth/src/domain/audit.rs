//! What the audit record holds: who did what to whose account, from where, and how it ended. No
//! address, password or token is in it, but for the network address of whoever did it.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use serde_json::{Map, Value};
use uuid::Uuid;

/// From where a call came. The network address and the program are as the gateway tells them.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The client's network address.
    pub address: Option<IpAddr>,
    /// The client's program, as it calls itself.
    pub user_agent: String,
    /// The request that the logs know it by.
    pub request_id: String,
}

/// What was done, or tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// An account was made.
    Register,
    /// Somebody signed in.
    OpenSession,
    /// A refresh token was presented. Only refusals are recorded: the session shows the rest.
    RefreshSession,
    /// Somebody signed out.
    EndSession,
    /// A token for a program was made.
    CreateToken,
    /// A token of a program was ended.
    RevokeToken,
    /// A profile was changed.
    UpdateProfile,
    /// An account may sign in again.
    Activate,
    /// An account may no longer sign in.
    Deactivate,
    /// An account was put in charge of the installation.
    MakeSuperuser,
    /// An account is no longer in charge of the installation.
    UnmakeSuperuser,
    /// The named roles of an account were replaced.
    SetRoles,
    /// The owner ended sessions from elsewhere.
    RevokeSessions,
    /// The address was proved.
    VerifyEmail,
    /// The password was changed by whoever knew it.
    ChangePassword,
    /// The password was set by whoever had the mailed link.
    ResetPassword,
    /// The account opens by an issuer's word from now on.
    LinkIdentity,
    /// A second factor is demanded from now on.
    EnableSecondFactor,
    /// A second factor is not demanded any more.
    DisableSecondFactor,
    /// A code of the second factor was shown. Only refusals are recorded.
    ShowCode,
    /// A recovery code took the authenticator's place.
    UseRecoveryCode,
    /// Fresh recovery codes took the place of the old ones.
    RenewRecoveryCodes,
    /// Everything that is held of a user was handed out.
    Export,
    /// An account was closed, and its erasure began.
    Delete,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever did not prove who they are.
    Nobody,
    /// A user who did.
    User(UserId),
    /// Whoever runs the installation, at its command line.
    Operator,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// It was not.
    Refused,
}

/// Something to record.
#[derive(Debug, Clone)]
pub struct Event {
    pub(crate) act: Act,
    pub(crate) outcome: Outcome,
    pub(crate) actor: Actor,
    pub(crate) user_id: Option<UserId>,
    pub(crate) subject_id: Option<Uuid>,
    pub(crate) details: Map<String, Value>,
}

/// Which events are wanted. What is absent lets everything through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those about this account.
    pub user_id: Option<UserId>,
    /// Those that this user caused.
    pub actor_id: Option<UserId>,
    /// Those of this act.
    pub act: Option<String>,
    /// Those that ended so.
    pub outcome: Option<String>,
    /// Those from this moment on.
    pub since: Option<DateTime<Utc>>,
    /// Those before this moment.
    pub until: Option<DateTime<Utc>>,
}

/// Something that was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The event's id.
    pub audit_event_id: Uuid,
    /// When the store wrote it down.
    pub occurred_at: DateTime<Utc>,
    /// What was done, in the record's words.
    pub act: String,
    /// How it ended, in the record's words.
    pub outcome: String,
    /// Who did it, in the record's words.
    pub actor_kind: String,
    /// The user who did it.
    pub actor_id: Option<UserId>,
    /// Whose account it is about.
    pub user_id: Option<UserId>,
    /// The session, token or other thing that it is about.
    pub subject_id: Option<Uuid>,
    /// The network address. Empty when it is not known, or was forgotten with the account.
    pub address: String,
    /// The program. Empty when it is not known, or was forgotten with the account.
    pub user_agent: String,
    /// The request that the logs know it by.
    pub request_id: String,
    /// Words and ids.
    pub details: Map<String, Value>,
}

impl Act {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Register => "account.register",
            Self::OpenSession => "session.open",
            Self::RefreshSession => "session.refresh",
            Self::EndSession => "session.end",
            Self::CreateToken => "token.create",
            Self::RevokeToken => "token.revoke",
            Self::UpdateProfile => "account.update",
            Self::Activate => "account.activate",
            Self::Deactivate => "account.deactivate",
            Self::MakeSuperuser => "account.make_superuser",
            Self::UnmakeSuperuser => "account.unmake_superuser",
            Self::SetRoles => "account.set_roles",
            Self::RevokeSessions => "session.revoke",
            Self::VerifyEmail => "email.verify",
            Self::ChangePassword => "password.change",
            Self::ResetPassword => "password.reset",
            Self::LinkIdentity => "identity.link",
            Self::EnableSecondFactor => "second_factor.enable",
            Self::DisableSecondFactor => "second_factor.disable",
            Self::ShowCode => "second_factor.show",
            Self::UseRecoveryCode => "second_factor.recover",
            Self::RenewRecoveryCodes => "second_factor.renew_recovery_codes",
            Self::Export => "account.export",
            Self::Delete => "account.delete",
        }
    }
}

impl Origin {
    /// The address as it is stored. Empty when it is not known.
    pub(crate) fn address_text(&self) -> String {
        self.address.map(|address| address.to_canonical().to_string()).unwrap_or_default()
    }
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
        }
    }
}

impl Actor {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::User(_) => "user",
            Self::Operator => "operator",
        }
    }

    pub(crate) fn id(self) -> Option<UserId> {
        match self {
            Self::Nobody | Self::Operator => None,
            Self::User(user_id) => Some(user_id),
        }
    }
}

impl Event {
    /// Somebody made a token for a program.
    pub fn created_token(owner: UserId, token_id: Uuid) -> Self {
        Self::by_owner(Act::CreateToken, owner).subject(token_id)
    }

    /// Somebody ended a token of a program.
    pub fn revoked_token(owner: UserId, token_id: Uuid) -> Self {
        Self::by_owner(Act::RevokeToken, owner).subject(token_id)
    }

    /// What users did to their own account.
    pub fn by_owner(act: Act, owner: UserId) -> Self {
        Self::by(Actor::User(owner), act).about(owner)
    }

    /// What somebody did.
    pub fn by(actor: Actor, act: Act) -> Self {
        Self::new(act, Outcome::Succeeded, actor)
    }

    /// What was refused to somebody who did not prove who they are, with the reason that programs know.
    pub fn refused(act: Act, reason: &'static str) -> Self {
        Self::new(act, Outcome::Refused, Actor::Nobody).with("reason", reason)
    }

    /// Says whose account it is about.
    #[must_use]
    pub fn about(self, user_id: UserId) -> Self {
        Self { user_id: Some(user_id), ..self }
    }

    /// Says which session, token or other thing it is about.
    #[must_use]
    pub fn subject(self, subject_id: Uuid) -> Self {
        Self { subject_id: Some(subject_id), ..self }
    }

    /// Adds a word or an id.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    fn new(act: Act, outcome: Outcome, actor: Actor) -> Self {
        Self { act, outcome, actor, user_id: None, subject_id: None, details: Map::new() }
    }
}

impl Recorded {
    /// As the owner of the account may see it: where somebody else who is known did it from is theirs.
    #[must_use]
    pub fn for_owner(mut self) -> Self {
        if self.actor_id.is_some() && self.actor_id != self.user_id {
            self.address.clear();
            self.user_agent.clear();
        }
        self
    }
}
