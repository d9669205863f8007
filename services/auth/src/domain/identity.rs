//! Somebody as an issuer vouches for them.

use std::fmt;

/// What an issuer says of somebody. Does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who says so.
    pub issuer: String,
    /// Whom the issuer means: the same for ever, whatever the address.
    pub subject: String,
    /// The address. Empty where the issuer tells none.
    pub email: String,
    /// Whether the issuer proved that the address is theirs.
    pub is_email_verified: bool,
    /// The name to show. Empty where the issuer tells none.
    pub name: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
