//! The second factor: an authenticator's codes beside the password, and recovery codes for when it is
//! lost. Enrolled by whoever knows the password, demanded from then on at every sign-in.

mod base32;
mod recovery_code;
mod totp;

use std::sync::Arc;

use elenchus_rpc::UserId;
use secrecy::SecretString;

use crate::credentials::Credentials;
use crate::domain::{Error, Origin, SecondFactorState};
use crate::store::Store;

pub(crate) use self::recovery_code::{generate, hash};
pub(crate) use self::totp::{TotpSecret, digits, now};

/// The acts on the second factor.
pub(crate) struct SecondFactor {
    pub(crate) store: Store,
    pub(crate) credentials: Arc<Credentials>,
    /// What authenticators call the installation.
    pub(crate) issuer: String,
}

/// What an authenticator needs.
pub(crate) struct Enrolment {
    pub(crate) secret: String,
    pub(crate) uri: String,
}

impl SecondFactor {
    /// What the owner may know of it.
    pub(crate) async fn state(&self, user_id: UserId) -> Result<SecondFactorState, Error> {
        self.store.second_factor(user_id).await
    }

    /// Makes a secret that is not demanded until a code of it is shown.
    pub(crate) async fn enrol(
        &self,
        user_id: UserId,
        password: SecretString,
        origin: &Origin,
    ) -> Result<Enrolment, Error> {
        let account =
            self.credentials.check_password(user_id, "password", password, origin).await?;
        let secret = TotpSecret::generate()?;
        self.store.enrol_second_factor(user_id, &secret).await?;
        let uri = secret.uri(&self.issuer, &account.user.email);
        Ok(Enrolment { secret: secret.text(), uri })
    }

    /// Begins to demand it, and returns the recovery codes.
    pub(crate) async fn confirm(
        &self,
        user_id: UserId,
        code: &str,
        origin: &Origin,
    ) -> Result<Vec<String>, Error> {
        let codes = generate()?;
        self.store.confirm_second_factor(user_id, code, &codes, origin).await?;
        Ok(codes)
    }

    /// Stops demanding it.
    pub(crate) async fn disable(
        &self,
        user_id: UserId,
        password: SecretString,
        code: &str,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.credentials.check_password(user_id, "password", password, origin).await?;
        self.store.disable_second_factor(user_id, code, origin).await
    }

    /// Puts fresh recovery codes in the place of all that are left.
    pub(crate) async fn renew_recovery_codes(
        &self,
        user_id: UserId,
        password: SecretString,
        code: &str,
        origin: &Origin,
    ) -> Result<Vec<String>, Error> {
        self.credentials.check_password(user_id, "password", password, origin).await?;
        let codes = generate()?;
        self.store.renew_recovery_codes(user_id, code, &codes, origin).await?;
        Ok(codes)
    }
}
