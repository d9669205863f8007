//! Passwords on their way to be hashed. They do not print.

use secrecy::{ExposeSecret, SecretString};

use super::common_passwords::is_common;
use super::{EmailAddress, Error};

const MOST_CHARS: usize = 1024;
/// Parts of an address shorter than this are no likeness: `ed` is in many words.
const PART_CHARS: usize = 4;
/// What must be left of a password without the parts of its owner's address.
const OWN_CHARS: usize = 6;

/// A password that an account may have.
pub struct Password(SecretString);

/// Which passwords an account may have: long ones, that are not the first to be guessed. What
/// characters they are made of is the owner's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRules {
    least_chars: usize,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { least_chars: Self::LEAST }
    }
}

impl PasswordRules {
    /// No installation takes shorter ones.
    pub const LEAST: usize = 8;
    /// No installation may refuse one of this length.
    pub const MOST_DEMANDED: usize = 64;

    /// Demands at least so many characters.
    pub fn new(least_chars: usize) -> Self {
        Self { least_chars: least_chars.clamp(Self::LEAST, Self::MOST_DEMANDED) }
    }

    /// Accepts a password for the owner of an address, or says how to mend it.
    pub fn accept(
        self,
        field: &'static str,
        raw: SecretString,
        email: &EmailAddress,
    ) -> Result<Password, Error> {
        let text = raw.expose_secret();
        let chars = text.chars().count();
        if !(self.least_chars..=MOST_CHARS).contains(&chars) {
            let problem = format!(
                "must be from {} to {MOST_CHARS} characters long, not {chars}",
                self.least_chars
            );
            return Err(Error::field(field, problem));
        }
        if is_common(text) {
            let problem =
                "is among the first to be guessed; take a few words that do not belong together";
            return Err(Error::field(field, problem));
        }
        if is_like(text, email) {
            let problem =
                "is too much like your email; take a few words that do not belong together";
            return Err(Error::field(field, problem));
        }
        Ok(Password(raw))
    }
}

impl Password {
    /// The password, for the hasher.
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

/// Whether little is left of a password once the parts of the address are taken out.
fn is_like(password: &str, email: &EmailAddress) -> bool {
    let (password, email) = (password.to_lowercase(), email.folded());
    let is_separator = |c: char| !c.is_alphanumeric();
    let mut parts: Vec<&str> =
        email.split(is_separator).filter(|part| part.chars().count() >= PART_CHARS).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let rest = parts.iter().fold(password.clone(), |rest, part| rest.replace(part, ""));
    rest != password && rest.chars().filter(|c| c.is_alphanumeric()).count() < OWN_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(least: usize, password: &str) -> Option<Error> {
        let email = EmailAddress::parse("Ada.Lovelace@analytical.example.com").unwrap();
        PasswordRules::new(least).accept("password", SecretString::from(password), &email).err()
    }

    #[test]
    fn long_ones_of_any_characters_are_accepted() {
        for good in [
            "pässword",
            "testpassword",
            "correct horse battery",
            &"xyzzy ".repeat(20),
            "ecalevol-Analytical",
        ] {
            assert!(refusal(8, good).is_none(), "{good}");
        }
        assert!(refusal(15, "fourteen chars").is_some());
        assert!(refusal(15, "fifteen letters").is_none());
        let unguessable: String = ('!'..='~').take(64).collect();
        assert!(refusal(1000, &unguessable).is_none(), "64 characters are always enough");
    }

    #[test]
    fn a_refusal_says_the_mend_and_does_not_repeat_the_password() {
        let long = "x".repeat(1025);
        for (wrong, mend) in [
            ("hunter2", "from 8 to 1024 characters"),
            (&long, "from 8 to 1024 characters"),
            ("Password123", "a few words"),
            ("lovelace1815", "your email"),
            ("Ada.Lovelace@analytical", "your email"),
        ] {
            let refusal = refusal(8, wrong).unwrap_or_else(|| panic!("{wrong} was accepted"));
            assert!(refusal.to_string().contains(mend), "{refusal}");
            assert!(!format!("{refusal} {refusal:?}").contains(wrong));
        }
    }
}
