//! What whoever runs the installation does to accounts from its command line, beside the running service
//! and on its database. Recorded as every other act is, as the operator's.

use elenchus_sealed::Purpose;
use secrecy::SecretString;
use sqlx::PgPool;

use crate::domain::audit::Actor;
use crate::domain::{EmailAddress, Error, Origin, PasswordRules, Profile, User};
use crate::opaque_token::OpaqueToken;
use crate::password::Passwords;
use crate::settings::Settings;
use crate::store::{NewAccount, Store, StoredKey};

/// How many keys that sign access tokens the database holds, and how many of them open with this
/// `SECRET_KEY`. None where the service has not made its tables yet.
pub async fn count_signing_keys(
    settings: &Settings,
    pool: PgPool,
) -> Result<Option<(usize, usize)>, Error> {
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('signing_key') IS NOT NULL")
        .fetch_one(&pool)
        .await?;
    if !exists {
        return Ok(None);
    }
    let store = Store::new(pool, settings.lifetime(), settings.sealer.clone());
    let stored = store.signing_keys(settings.keys.algorithm().name()).await?;
    let is_open = |key: &&StoredKey| {
        let sealed = &key.sealed_private_key;
        settings.sealer.open(Purpose::SigningKey, key.signing_key_id, sealed).is_ok()
    };
    Ok(Some((stored.len(), stored.iter().filter(is_open).count())))
}

/// The acts of an operator on accounts.
pub struct Operator {
    store: Store,
    passwords: Passwords,
    rules: PasswordRules,
}

impl Operator {
    /// Works on the auth service's database.
    pub fn new(settings: &Settings, pool: PgPool) -> Self {
        let store = Store::new(pool, settings.lifetime(), settings.sealer.clone());
        Self { store, passwords: Passwords::new(1), rules: settings.passwords }
    }

    /// Makes an account, whose owner is sent the link that proves the address.
    pub async fn create_user(
        &self,
        email: &EmailAddress,
        password: SecretString,
        full_name: &str,
        is_superuser: bool,
    ) -> Result<User, Error> {
        let profile = Profile::parse(full_name, "", "")?;
        let password = self.rules.accept("password", password, email)?;
        let new = NewAccount {
            email,
            password_hash: &self.passwords.hash(password).await?,
            profile: &profile,
            verification: &OpaqueToken::generate()?,
            is_superuser,
            actor: Some(Actor::Operator),
        };
        self.store.insert_account(new, &Origin::default()).await
    }

    /// Sets the password of an account, and ends its sessions.
    pub async fn reset_password(
        &self,
        email: &EmailAddress,
        password: SecretString,
    ) -> Result<(), Error> {
        let account = self.store.find_account(email).await?.ok_or(Error::NoAccount)?;
        let password = self.rules.accept("password", password, email)?;
        let fresh = self.passwords.hash(password).await?;
        let user_id = account.user.user_id;
        let is_set = self.store.set_password(user_id, &fresh, &Origin::default()).await?;
        if is_set { Ok(()) } else { Err(Error::NoAccount) }
    }
}
