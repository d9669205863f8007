//! A password changed, forgotten and set anew, and an address proved: the steps of each, in the order
//! that gives nothing away.

use std::sync::Arc;
use std::time::Duration;

use elenchus_rpc::UserId;
use secrecy::{ExposeSecret, SecretString};

use crate::attempts::Attempts;
use crate::domain::{EmailAddress, Error, Origin, PasswordRules, SessionId};
use crate::mail::{Letter, Matter};
use crate::opaque_token::OpaqueToken;
use crate::password::{Passwords, Verdict};
use crate::sessions::StoredSessions;
use crate::store::{Account, NewPassword, Purpose, Store};

/// A sign-in proves who somebody is for so long.
const NEW_SESSION: Duration = Duration::from_secs(10 * 60);

/// The acts on what proves who somebody is.
pub(crate) struct Credentials {
    pub(crate) store: Store,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) rules: PasswordRules,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) sessions: Arc<StoredSessions>,
}

impl Credentials {
    /// Sends the link that proves the caller's address. False where it is proved already.
    pub(crate) async fn send_verification(&self, user_id: UserId) -> Result<bool, Error> {
        let user = self.store.find_user(user_id).await?.ok_or(Error::NoAccount)?;
        if user.email_verified {
            return Ok(false);
        }
        if self.store.send_verification(&user, &OpaqueToken::generate()?).await? {
            return Ok(true);
        }
        Err(Error::TooManyAttempts { retry_after: Duration::from_secs(3600) })
    }

    /// Takes an address for proved by the token of its link.
    pub(crate) async fn verify_email(
        &self,
        token: OpaqueToken,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.attempts.count(origin.address).await?;
        self.store.verify_email(token.hash(), origin).await?.ok_or(Error::LinkRefused)?;
        Ok(())
    }

    /// Changes the password of somebody who knows it, and ends their other sessions.
    pub(crate) async fn change_password(
        &self,
        user_id: UserId,
        keep: SessionId,
        current: SecretString,
        new: SecretString,
        origin: &Origin,
    ) -> Result<(), Error> {
        let account = self.check_password(user_id, "current_password", current, origin).await?;
        let email = EmailAddress::parse(&account.user.email)?;
        let new = self.rules.accept("new_password", new, &email)?;
        let fresh = self.passwords.hash(new).await?;
        let change = NewPassword {
            user_id,
            verified: &account.password_hash,
            fresh: &fresh,
            keep: Some(keep),
        };
        let ended = self.store.change_password(change, origin).await?;
        self.forget(ended.ok_or_else(|| not_the_password("current_password"))?).await;
        Ok(())
    }

    /// Lets only those go on who prove again who they are: by a session that has just been opened, or by
    /// the password where that is all that is asked at the sign-in. A password that is sent must be right.
    pub(crate) async fn confirm(
        &self,
        user_id: UserId,
        session: SessionId,
        password: SecretString,
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut is_proved = false;
        if !password.expose_secret().is_empty() {
            self.check_password(user_id, "password", password, origin).await?;
            is_proved = self.store.second_factor(user_id).await?.enabled_at.is_none();
        }
        let age = self.store.session_age(session).await?;
        let is_new = age.is_some_and(|age| age <= NEW_SESSION);
        if is_proved || is_new { Ok(()) } else { Err(Error::NotConfirmed { within: NEW_SESSION }) }
    }

    /// The caller's account, if this is its password. Guesses count as those at the sign-in do.
    pub(crate) async fn check_password(
        &self,
        user_id: UserId,
        field: &'static str,
        password: SecretString,
        origin: &Origin,
    ) -> Result<Account, Error> {
        let account = self.store.find_account_of(user_id).await?.ok_or(Error::NoAccount)?;
        self.attempts.count_for(&account.user.email, origin.address).await?;
        match self.passwords.verify(password, Some(account.password_hash.clone())).await? {
            Verdict::Right | Verdict::Outdated { .. } => Ok(account),
            Verdict::Wrong => Err(not_the_password(field)),
        }
    }

    /// Has the link mailed that sets a new password. The steps are the same for every address, and
    /// whether it has an account is found out after the answer.
    pub(crate) async fn forgot_password(
        &self,
        email: &EmailAddress,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.attempts.count_for(email.as_typed(), origin.address).await?;
        let token = OpaqueToken::generate()?.expose().to_owned();
        let matter = Matter::ResetPassword { token };
        self.store.put_mail(&Letter { user_id: None, to: email.folded(), matter }).await
    }

    /// Sets the password of whoever has the mailed token, and ends every session.
    pub(crate) async fn reset_password(
        &self,
        token: OpaqueToken,
        new: SecretString,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.attempts.count(origin.address).await?;
        // A password that is refused must not cost the link.
        let owner = self.store.owner_of(Purpose::ResetPassword, token.hash()).await?;
        let email = EmailAddress::parse(&owner.ok_or(Error::LinkRefused)?.email)?;
        let new = self.rules.accept("new_password", new, &email)?;
        let fresh = self.passwords.hash(new).await?;
        let reset = self.store.reset_password(token.hash(), &fresh, origin).await?;
        let (_, ended) = reset.ok_or(Error::LinkRefused)?;
        self.forget(ended).await;
        Ok(())
    }

    async fn forget(&self, ended: Vec<SessionId>) {
        for session in ended {
            self.sessions.end(session).await;
        }
    }
}

fn not_the_password(field: &'static str) -> Error {
    Error::field(field, "is not the password of this account")
}
