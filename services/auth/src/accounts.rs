//! Registration, sign-in, refresh and log-out: the steps of each, in the order that gives nothing away.

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::SecretString;

use crate::attempts::Attempts;
use crate::domain::{EmailAddress, Error, Registration, SessionId, User};
use crate::password::{Passwords, Verdict};
use crate::refresh_token::RefreshToken;
use crate::sessions::StoredSessions;
use crate::store::{EndReason, NewSession, Rotation, Store};

/// The acts on accounts that need more than the store.
pub(crate) struct Accounts {
    store: Store,
    passwords: Passwords,
    attempts: Attempts,
    sessions: Arc<StoredSessions>,
}

/// A session that was opened or carried on.
pub(crate) struct SignedIn {
    /// Whose.
    pub(crate) user: User,
    /// Which.
    pub(crate) session: SessionId,
    /// What carries it on.
    pub(crate) refresh_token: RefreshToken,
}

impl Accounts {
    /// Puts the parts together.
    pub(crate) fn new(
        store: Store,
        passwords: Passwords,
        attempts: Attempts,
        sessions: Arc<StoredSessions>,
    ) -> Self {
        Self { store, passwords, attempts, sessions }
    }

    /// Makes an account. Whoever tries addresses in bulk is slowed down.
    pub(crate) async fn register(
        &self,
        registration: Registration,
        client: Option<IpAddr>,
    ) -> Result<User, Error> {
        let Registration { email, password, profile } = registration;
        self.attempts.count(client).await?;
        let password_hash = self.passwords.hash(password).await?;
        self.store.insert_account(&email, &password_hash, &profile).await
    }

    /// Opens a session. An unknown address takes the steps, and the time, of a wrong password.
    pub(crate) async fn log_in(
        &self,
        username: &str,
        password: SecretString,
        client: Option<IpAddr>,
    ) -> Result<SignedIn, Error> {
        self.attempts.count_for(username, client).await?;
        let account = match EmailAddress::parse(username) {
            Ok(email) => self.store.find_account(&email).await?,
            Err(_) => None,
        };
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
        let refresh_token = RefreshToken::generate()?;
        let new = NewSession {
            user_id: account.user.user_id,
            verified: &account.password_hash,
            fresh,
            token: refresh_token.hash(),
        };
        let (user, session) = self.store.open_session(new).await?.ok_or(Error::WrongCredentials)?;
        Ok(SignedIn { user, session, refresh_token })
    }

    /// Trades a refresh token for the next one.
    pub(crate) async fn refresh(&self, presented: RefreshToken) -> Result<SignedIn, Error> {
        let refresh_token = RefreshToken::generate()?;
        match self.store.rotate(presented.hash(), refresh_token.hash()).await? {
            Rotation::Rotated(user, session) => Ok(SignedIn { user, session, refresh_token }),
            Rotation::Refused => Err(Error::RefreshRefused),
            Rotation::Reused(session) => {
                self.sessions.forget(session).await;
                tracing::warn!(session.id = %session, "a refresh token was used twice; its session has ended");
                Err(Error::RefreshReused)
            }
        }
    }
    /// Ends a session.
    pub(crate) async fn log_out(&self, session: SessionId) -> Result<(), Error> {
        self.store.end_session(session, EndReason::Logout).await?;
        self.sessions.forget(session).await;
        Ok(())
    }
}
