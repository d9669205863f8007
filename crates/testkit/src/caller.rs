//! Who calls a service in its tests: users whose sessions never end.

use std::time::Duration;

use async_trait::async_trait;
use elenchus_rpc::UserId;
use elenchus_rpc::session::{Authority, Credential, Sessions};
use elenchus_rpc::token::Keys;
use elenchus_sealed::Sealer;
use secrecy::SecretString;
use tonic::{Request, Status};

/// Nobody signs out here, and sessions are named after their users.
pub struct AllAlive;

#[async_trait]
impl Sessions for AllAlive {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        let Credential::Session(session) = credential else { return Ok(None) };
        Ok(Some(Authority::of_user(UserId(session))))
    }
}

const SECRET_KEY: &str = "9f86d081884c7d659a2feaa0c55ad015";

/// The keys of a mesh that lives for one test.
pub fn keys() -> Keys {
    Keys::from_secret(&SecretString::from(SECRET_KEY)).expect("the secret is good enough")
}

/// What the services of such a mesh seal with.
pub fn sealer() -> Sealer {
    Sealer::new(&SecretString::from(SECRET_KEY)).expect("the secret makes a key")
}

/// A request of a user, with a token and a deadline of so long.
pub fn request_of<T>(keys: &Keys, user: UserId, budget: Duration, message: T) -> Request<T> {
    let token = keys.issue_access(user.0, user.0, budget).expect("a token can be signed");
    let mut request = Request::new(message);
    request.set_timeout(budget);
    let credential = format!("Bearer {token}").parse().expect("a token is ASCII");
    request.metadata_mut().insert("authorization", credential);
    request
}
