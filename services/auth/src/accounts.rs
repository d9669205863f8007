//! Registration, sign-in, refresh and log-out: the steps of each, in the order that gives nothing away.

use std::sync::Arc;

use elenchus_rpc::status::Classify;
use secrecy::SecretString;

use crate::attempts::Attempts;
use crate::domain::{EmailAddress, Error, Origin, Registration, SessionId, User};
use crate::opaque_token::OpaqueToken;
use crate::password::{Passwords, Verdict};
use crate::refusals::Refusals;
use crate::sessions::StoredSessions;
use crate::store::{Account, EndReason, NewAccount, NewSession, Opened, Rotation, Store};

/// The acts on accounts that need more than the store.
pub(crate) struct Accounts {
    pub(crate) store: Store,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) refusals: Refusals,
    pub(crate) sessions: Arc<StoredSessions>,
}

/// What came of a right password.
pub(crate) enum Admission {
    /// The session is open.
    Session(SignedIn),
    /// The account demands a second factor; this is shown with its code.
    Challenge(OpaqueToken),
}

/// A session that was opened or carried on.
pub(crate) struct SignedIn {
    /// Whose.
    pub(crate) user: User,
    /// Which.
    pub(crate) session: SessionId,
    /// What carries it on.
    pub(crate) refresh_token: OpaqueToken,
}

impl Accounts {
    /// Makes an account. Whoever tries addresses in bulk is slowed down.
    pub(crate) async fn register(
        &self,
        registration: Registration,
        origin: &Origin,
    ) -> Result<User, Error> {
        let Registration { email, password, profile } = registration;
        self.attempts.count(origin.address).await?;
        let password_hash = self.passwords.hash(password).await?;
        let verification = OpaqueToken::generate()?;
        let new = NewAccount {
            email: &email,
            password_hash: &password_hash,
            profile: &profile,
            verification: &verification,
            is_superuser: false,
            actor: None,
        };
        self.store.insert_account(new, origin).await
    }

    /// Opens a session, or asks for the second factor. An unknown address takes the steps, and the time, of a wrong password.
    pub(crate) async fn log_in(
        &self,
        username: &str,
        password: SecretString,
        origin: &Origin,
    ) -> Result<Admission, Error> {
        self.attempts.count_for(username, origin.address).await?;
        let account = match EmailAddress::parse(username) {
            Ok(email) => self.store.find_account(&email).await?,
            Err(_) => None,
        };
        let user_id = account.as_ref().map(|account| account.user.user_id);
        let outcome = self.open(account, password, origin).await;
        if let Err(refusal @ (Error::WrongCredentials | Error::Inactive)) = &outcome {
            self.refusals.tell(user_id, refusal.reason(), origin);
        }
        outcome
    }

    async fn open(
        &self,
        account: Option<Account>,
        password: SecretString,
        origin: &Origin,
    ) -> Result<Admission, Error> {
        let stored = account.as_ref().map(|account| account.password_hash.clone());
        let verdict = self.passwords.verify(password, stored).await?;
        let Some(account) = account else { return Err(Error::WrongCredentials) };
        let fresh = match &verdict {
            Verdict::Wrong => return Err(Error::WrongCredentials),
            Verdict::Right => None,
            Verdict::Outdated { fresh } => Some(fresh.as_str()),
        };
        if !account.user.is_active {
            return Err(Error::Inactive);
        }
        let (refresh_token, challenge) = (OpaqueToken::generate()?, OpaqueToken::generate()?);
        let new = NewSession {
            user_id: account.user.user_id,
            verified: &account.password_hash,
            fresh,
            token: refresh_token.hash(),
            challenge: challenge.hash(),
            origin,
        };
        Ok(match self.store.open_session(new).await?.ok_or(Error::WrongCredentials)? {
            Opened::Session(user, session) => {
                Admission::Session(SignedIn { user, session, refresh_token })
            }
            Opened::Challenge(_) => Admission::Challenge(challenge),
        })
    }

    /// Opens the session of a sign-in to which only the second factor was wanting.
    pub(crate) async fn complete(
        &self,
        challenge: OpaqueToken,
        code: &str,
        origin: &Origin,
    ) -> Result<SignedIn, Error> {
        self.attempts.count(origin.address).await?;
        let refresh_token = OpaqueToken::generate()?;
        let (user, session) = self
            .store
            .complete_session(challenge.hash(), code, refresh_token.hash(), origin)
            .await?;
        Ok(SignedIn { user, session, refresh_token })
    }

    /// Trades a refresh token for the next one.
    pub(crate) async fn refresh(
        &self,
        presented: OpaqueToken,
        origin: &Origin,
    ) -> Result<SignedIn, Error> {
        let refresh_token = OpaqueToken::generate()?;
        match self.store.rotate(presented.hash(), refresh_token.hash(), origin).await? {
            Rotation::Rotated(user, session) => Ok(SignedIn { user, session, refresh_token }),
            Rotation::Refused => Err(Error::RefreshRefused),
            Rotation::Reused(session) => {
                self.sessions.end(session).await;
                tracing::warn!(session.id = %session, "a refresh token was used twice; its session has ended");
                Err(Error::RefreshReused)
            }
        }
    }

    /// Ends a session.
    pub(crate) async fn log_out(&self, session: SessionId, origin: &Origin) -> Result<(), Error> {
        self.store.end_session(session, EndReason::Logout, origin).await?;
        self.sessions.end(session).await;
        Ok(())
    }
}
