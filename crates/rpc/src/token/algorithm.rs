//! How access tokens are signed, as `ALGORITHM` says.

use std::fmt;
use std::str::FromStr;

use jsonwebtoken as jwt;

/// A way to sign access tokens. An installation uses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// With `SECRET_KEY`, which every service has.
    Hs256,
    /// Ed25519, with a key that auth alone has.
    EdDsa,
    /// ECDSA on P-256, with a key that auth alone has.
    Es256,
    /// RSA with PKCS #1 padding, with a key that auth alone has.
    Rs256,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Hs256, Self::EdDsa, Self::Es256, Self::Rs256];

    /// The name in headers, settings and key sets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// Whether tokens are checked with keys that can be published.
    pub fn is_asymmetric(self) -> bool {
        self != Self::Hs256
    }

    pub(super) fn of_jwt(self) -> jwt::Algorithm {
        match self {
            Self::Hs256 => jwt::Algorithm::HS256,
            Self::EdDsa => jwt::Algorithm::EdDSA,
            Self::Es256 => jwt::Algorithm::ES256,
            Self::Rs256 => jwt::Algorithm::RS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{name:?} is not supported; use one of {names}")
        })
    }
}
