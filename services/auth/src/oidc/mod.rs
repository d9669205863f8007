//! Sign-in by somebody else's word: the code flow of OpenID Connect with PKCE, state and nonce,
//! against one issuer that the operator names.

mod attempt;
mod id_token;
mod provider;
mod settings;

use std::sync::Arc;

use elenchus_sealed::Sealer;

use crate::accounts::{Admission, SignedIn};
use crate::attempts::Attempts;
use crate::domain::{EmailAddress, Error, Identity, Origin, Profile};
use crate::opaque_token::OpaqueToken;
use crate::store::{NewIdentity, Opened, Store};

use self::attempt::Attempt;
use self::provider::Provider;

pub use self::settings::Settings;

/// The acts of a sign-in by the issuer's word.
pub(crate) struct Oidc {
    pub(crate) provider: Option<Provider>,
    pub(crate) store: Store,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) sealer: Sealer,
}

/// Where to send somebody, and what their browser must bring back.
pub(crate) struct Begun {
    pub(crate) authorization_url: String,
    pub(crate) browser_token: String,
}

/// What came back from the issuer.
pub(crate) struct Returned {
    pub(crate) code: String,
    pub(crate) state: String,
    pub(crate) error: String,
    pub(crate) browser_token: String,
}

impl Oidc {
    /// Of the settings; offers nothing where no issuer is set up.
    pub(crate) fn new(
        settings: Option<&Settings>,
        store: Store,
        attempts: Arc<Attempts>,
        sealer: Sealer,
    ) -> Result<Self, reqwest::Error> {
        let provider = settings.cloned().map(Provider::new).transpose()?;
        Ok(Self { provider, store, attempts, sealer })
    }

    /// Begins a sign-in.
    pub(crate) async fn begin(&self, origin: &Origin) -> Result<Begun, Error> {
        let provider = self.provider.as_ref().ok_or(Error::OidcNotConfigured)?;
        self.attempts.count(origin.address).await?;
        let attempt = Attempt::generate()?;
        Ok(Begun {
            authorization_url: provider.authorization_url(&attempt).await?,
            browser_token: attempt.seal(&self.sealer)?,
        })
    }

    /// Ends a sign-in: opens a session for whom the issuer vouches.
    pub(crate) async fn complete(
        &self,
        returned: Returned,
        origin: &Origin,
    ) -> Result<Admission, Error> {
        let provider = self.provider.as_ref().ok_or(Error::OidcNotConfigured)?;
        self.attempts.count(origin.address).await?;
        let attempt = Attempt::open(&self.sealer, &returned.browser_token)
            .filter(|attempt| attempt.is_answered_by(&returned.state))
            .ok_or(Error::OidcRefused)?;
        if !returned.error.is_empty() || returned.code.is_empty() {
            return Err(Error::OidcRefused);
        }
        let identity = provider.exchange(&returned.code, &attempt).await?;
        self.admit(&identity, origin).await
    }

    async fn admit(&self, identity: &Identity, origin: &Origin) -> Result<Admission, Error> {
        let email = EmailAddress::parse(&identity.email).map_err(|_| Error::OidcNoEmail)?;
        // A name that we would not take from its owner is left out.
        let profile =
            Profile::parse(&identity.name, "", "").or_else(|_| Profile::parse("", "", ""))?;
        let (refresh_token, challenge) = (OpaqueToken::generate()?, OpaqueToken::generate()?);
        let new = NewIdentity {
            identity,
            email: &email,
            profile: &profile,
            token: refresh_token.hash(),
            challenge: challenge.hash(),
            origin,
        };
        Ok(match self.store.open_by_identity(new).await? {
            Opened::Session(user, session) => {
                Admission::Session(SignedIn { user, session, refresh_token })
            }
            Opened::Challenge(_) => Admission::Challenge(challenge),
        })
    }
}
