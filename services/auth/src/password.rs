//! Argon2id, and bcrypt for hashes of old, in a bounded pool of its own: a flood of sign-ins waits in a short queue and is then
//! turned away, and everything else stays fast.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{ARGON2ID_IDENT, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::domain::{Error, Password};

/// Those who may wait for each core. At 30 ms a hash, the last of them waits half a second.
const QUEUE_PER_CORE: usize = 16;
const SALT_BYTES: usize = 16;
/// How the hashes of bcrypt begin.
const BCRYPT: &str = "$2";

/// What an account has in the place of a hash that no password opens.
pub(crate) const NO_PASSWORD: &str = "!";

/// What a password turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not the account's, or there is no account.
    Wrong,
    /// The account's.
    Right,
    /// The account's, whose hash was made with other parameters; this one replaces it.
    Outdated {
        /// The PHC string to store instead.
        fresh: String,
    },
}

/// Hashes and verifies, as many at once as there are cores.
pub struct Passwords {
    /// 19 MiB, 2 passes, 1 lane: the least that OWASP recommends.
    argon2: Argon2<'static>,
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

impl Passwords {
    /// A pool for this machine's cores.
    pub fn for_this_machine() -> Self {
        Self::new(available_parallelism().map_or(1, usize::from))
    }

    /// A pool of so many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            argon2: Argon2::default(),
            places: Arc::new(Semaphore::new(workers * (1 + QUEUE_PER_CORE))),
            workers: Arc::new(Semaphore::new(workers)),
        }
    }

    /// The PHC string of a new password.
    pub async fn hash(&self, password: Password) -> Result<String, Error> {
        let password = password.into_secret();
        self.run(move |argon2| hash(argon2, &password, &salt()?)).await
    }

    /// Whether this is the password of the stored hash. Without a stored hash it is wrong, after the
    /// time that a right one takes.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verdict, Error> {
        self.run(move |argon2| match stored {
            Some(stored) if stored.starts_with(BCRYPT) => verify_old(argon2, &password, &stored),
            Some(stored) if stored != NO_PASSWORD => verify(argon2, &password, &stored),
            Some(_) | None => {
                std::hint::black_box(hash(argon2, &password, &[0; SALT_BYTES])?);
                Ok(Verdict::Wrong)
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Argon2<'static>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Error::Busy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(Error::internal)?;
        let argon2 = self.argon2.clone();
        // The permits go with the job: a caller who hangs up does not stop the hash, so the core
        // stays taken until it is done.
        let job = move || {
            let outcome = job(&argon2);
            drop((place, worker));
            outcome
        };
        let outcome = tokio::task::spawn_blocking(job).await.map_err(Error::internal)?;
        outcome.map_err(|error| Error::internal(error.to_string()))
    }
}

fn salt() -> Result<[u8; SALT_BYTES], HashError> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|_| HashError::RngFailure)?;
    Ok(salt)
}

fn hash(argon2: &Argon2<'_>, password: &SecretString, salt: &[u8]) -> Result<String, HashError> {
    let hash: PasswordHash =
        argon2.hash_password_with_salt(password.expose_secret().as_bytes(), salt)?;
    Ok(hash.to_string())
}

fn verify(
    argon2: &Argon2<'_>,
    password: &SecretString,
    stored: &str,
) -> Result<Verdict, HashError> {
    let stored = PasswordHash::new(stored).map_err(|_| HashError::EncodingInvalid)?;
    match argon2.verify_password(password.expose_secret().as_bytes(), &stored) {
        Ok(()) if is_current(argon2, &stored)? => Ok(Verdict::Right),
        Ok(()) => Ok(Verdict::Outdated { fresh: hash(argon2, password, &salt()?)? }),
        Err(HashError::PasswordInvalid) => Ok(Verdict::Wrong),
        Err(error) => Err(error),
    }
}

/// The old backend's hashes verify once more, and are replaced.
fn verify_old(
    argon2: &Argon2<'_>,
    password: &SecretString,
    stored: &str,
) -> Result<Verdict, HashError> {
    // As the old backend did: bcrypt looks at the first 72 bytes.
    match bcrypt::verify(password.expose_secret(), stored) {
        Ok(true) => Ok(Verdict::Outdated { fresh: hash(argon2, password, &salt()?)? }),
        Ok(false) => Ok(Verdict::Wrong),
        Err(_) => Err(HashError::EncodingInvalid),
    }
}

/// Whether a hash was made as new ones are.
fn is_current(argon2: &Argon2<'_>, stored: &PasswordHash) -> Result<bool, HashError> {
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    Ok(stored.algorithm == ARGON2ID_IDENT
        && stored.version == Some(Version::default().into())
        && cost(&Params::try_from(stored)?) == cost(argon2.params()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EmailAddress, PasswordRules};

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    async fn hashed(passwords: &Passwords, text: &str) -> String {
        let email = EmailAddress::parse("ada@example.com").unwrap();
        let password = PasswordRules::default().accept("password", secret(text), &email);
        passwords.hash(password.unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_and_opens_to_its_password_alone() {
        let passwords = Passwords::new(1);
        let stored = hashed(&passwords, "testpassword").await;
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hashed(&passwords, "testpassword").await);

        let verdict =
            async |text| passwords.verify(secret(text), Some(stored.clone())).await.unwrap();
        assert_eq!(verdict("testpassword").await, Verdict::Right);
        assert_eq!(verdict("Testpassword").await, Verdict::Wrong);
        assert_eq!(passwords.verify(secret("testpassword"), None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_of_older_parameters_is_replaced() {
        let older = Argon2::new(
            argon2::Algorithm::Argon2id,
            Version::default(),
            Params::new(8 * 1024, 1, 1, None).unwrap(),
        );
        let stored = hash(&older, &secret("testpassword"), &[7; SALT_BYTES]).unwrap();
        let passwords = Passwords::new(1);
        let verdict = passwords.verify(secret("testpassword"), Some(stored)).await.unwrap();
        let Verdict::Outdated { fresh } = verdict else { panic!("{verdict:?}") };
        let again = passwords.verify(secret("testpassword"), Some(fresh)).await.unwrap();
        assert_eq!(again, Verdict::Right);
    }

    #[tokio::test]
    async fn a_hash_of_the_old_backend_opens_once_and_is_replaced() {
        // Made by Python's bcrypt 5.0.0 with 4 rounds.
        let stored = "$2b$04$jdqBVEO7/U6kvJgQ1/C9/.FalTRaRvWN6gfgvPFn6XODf0DRXS/HC";
        let passwords = Passwords::new(1);
        let verify =
            async |text| passwords.verify(secret(text), Some(stored.to_owned())).await.unwrap();
        assert_eq!(verify("wrongpassword").await, Verdict::Wrong);
        let Verdict::Outdated { fresh } = verify("testpassword").await else { panic!("it opens") };
        assert!(fresh.starts_with("$argon2id$"));
        let again = passwords.verify(secret("testpassword"), Some(fresh)).await.unwrap();
        assert_eq!(again, Verdict::Right);
    }

    #[tokio::test]
    async fn no_password_opens_an_account_that_has_none() {
        let passwords = Passwords::new(1);
        for guess in ["!", "", "testpassword"] {
            let verdict = passwords.verify(secret(guess), Some(NO_PASSWORD.to_owned())).await;
            assert_eq!(verdict.unwrap(), Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_turned_away_at_once() {
        let passwords = Passwords::new(1);
        let places = 1 + QUEUE_PER_CORE;
        let guesses = (0..places + 5).map(|_| passwords.verify(secret("testpassword"), None));
        let outcomes = futures_util::future::join_all(guesses).await;
        let turned_away =
            outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Busy))).count();
        assert_eq!(turned_away, 5);
        assert!(passwords.verify(secret("testpassword"), None).await.is_ok());
    }
}
