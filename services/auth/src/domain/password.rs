//! Passwords on their way to be hashed. They do not print.

use secrecy::{ExposeSecret, SecretString};

use super::Error;

const CHARS: std::ops::RangeInclusive<usize> = 8..=1024;

/// A password that a new account may have.
pub struct Password(SecretString);

impl Password {
    /// Counts the characters; what they are is the owner's choice.
    pub fn parse(raw: SecretString) -> Result<Self, Error> {
        let chars = raw.expose_secret().chars().count();
        if CHARS.contains(&chars) {
            return Ok(Self(raw));
        }
        let (least, most) = CHARS.into_inner();
        let problem = format!("must be from {least} to {most} characters long, not {chars}");
        Err(Error::field("password", problem))
    }

    /// The password, for the hasher.
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_does_not_repeat_the_password() {
        for wrong in ["hunter2", &"x".repeat(1025)] {
            let Err(refusal) = Password::parse(SecretString::from(wrong)) else {
                panic!("{} characters were accepted", wrong.len())
            };
            assert!(!format!("{refusal} {refusal:?}").contains(wrong));
        }
        assert!(Password::parse(SecretString::from("pässword")).is_ok());
    }
}
