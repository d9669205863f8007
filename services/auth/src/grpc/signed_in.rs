//! The answer to a sign-in, whichever way it came about.

use elenchus_proto::pb::auth::v1 as pb;

use super::{Issuer, record_user};
use crate::accounts::{Admission, SignedIn};
use crate::domain::Error;
use crate::opaque_token::OpaqueToken;

const TOKEN_TYPE: &str = "bearer";
/// How long the second step of a sign-in may take, as the store has it.
const CHALLENGE_SECONDS: i32 = 300;

/// The tokens of a session, and whose it is.
pub(super) struct Tokens {
    access_token: String,
    refresh_token: String,
    expires_in: i32,
    user: pb::User,
}

/// What is shown together with a second factor.
pub(super) struct Challenge(OpaqueToken);

impl Issuer {
    /// What the client of a session gets.
    pub(super) async fn tokens(&self, signed_in: SignedIn) -> Result<Tokens, Error> {
        record_user(&signed_in.user);
        Ok(Tokens {
            access_token: self.token_of(signed_in.user.user_id, signed_in.session).await?,
            refresh_token: signed_in.refresh_token.expose().to_owned(),
            expires_in: self.expires_in(),
            user: signed_in.user.into(),
        })
    }

    /// What a client gets who may have to show a second factor.
    pub(super) async fn answer<A>(&self, admission: Admission) -> Result<A, Error>
    where
        A: From<Tokens> + From<Challenge>,
    {
        Ok(match admission {
            Admission::Session(signed_in) => self.tokens(signed_in).await?.into(),
            Admission::Challenge(token) => Challenge(token).into(),
        })
    }
}

/// The messages have the same fields, and share no message so that each can grow by itself.
macro_rules! answers {
    ($($message:ident { $($rest:ident)? }),* $(,)?) => {$(
        impl From<Tokens> for pb::$message {
            fn from(tokens: Tokens) -> Self {
                Self {
                    access_token: tokens.access_token,
                    refresh_token: tokens.refresh_token,
                    token_type: TOKEN_TYPE.to_owned(),
                    expires_in: tokens.expires_in,
                    user: Some(tokens.user),
                    $($rest: None,)?
                }
            }
        }

        $(impl From<Challenge> for pb::$message {
            fn from(Challenge(token): Challenge) -> Self {
                let challenge = pb::SecondFactorChallenge {
                    challenge_token: token.expose().to_owned(),
                    expires_in: CHALLENGE_SECONDS,
                };
                Self { $rest: Some(challenge), ..Self::default() }
            }
        })?
    )*};
}

answers! {
    LoginResponse { second_factor_required },
    CompleteOidcLoginResponse { second_factor_required },
    CompleteLoginResponse {},
    RefreshResponse {},
}
