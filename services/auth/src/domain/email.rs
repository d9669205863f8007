//! E-mail addresses: how they look, and when two are the same.

use std::fmt;

use super::Error;

const MAX_CHARS: usize = 254;
const MAX_LOCAL_CHARS: usize = 64;
const MAX_LABEL_CHARS: usize = 63;

/// An address as it was typed, of a form that a mail server could deliver to. Does not print.
#[derive(Clone)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Trims and checks an address.
    pub fn parse(raw: &str) -> Result<Self, Error> {
        let address = raw.trim();
        let chars = address.chars().count();
        if chars > MAX_CHARS {
            let problem = format!("must be at most {MAX_CHARS} characters long, not {chars}");
            return Err(Error::field("email", problem));
        }
        match address.split_once('@') {
            Some((local, domain)) if is_local_part(local) && is_domain(domain) => {
                Ok(Self(address.to_owned()))
            }
            Some(_) | None => {
                Err(Error::field("email", "is not an email address such as name@example.com"))
            }
        }
    }

    /// The address as it was typed.
    pub fn as_typed(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one address are equal.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress")
    }
}

/// A dot-atom of RFC 5322, with the letters of RFC 6531. Combining marks are no letters, so a
/// letter with its accent has one spelling only.
fn is_local_part(local: &str) -> bool {
    let is_atext = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.chars().count() <= MAX_LOCAL_CHARS
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// At least two labels, the last of which is not a number: an IP address is no mail domain.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_CHARS).contains(&label.chars().count())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.split('.').all(is_label)
        && domain.rsplit_once('.').is_some_and(|(_, top)| !top.chars().all(char::is_numeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_people_have_are_accepted() {
        for good in [
            "test@example.com",
            " a.b+tag@mail.example.co.uk\n",
            "müller@kanzlei-müller.de",
            "o'neil@x.io",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}.com", "abc.".repeat(70));
        for bad in [
            "",
            "@",
            "a@",
            "@b.c",
            "a@b",
            "a b@example.com",
            "a@b@c.com",
            ".a@b.com",
            "a..b@c.com",
            "a@-b.com",
            "a@b..com",
            "a@127.0.0.1",
            "a\0@b.com",
            "a@b.com\0",
            "<a@b.com>",
            "a@b.com\r\nBcc: c@d.e",
            &long,
            &longer,
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn case_makes_no_difference_and_what_was_typed_is_kept() {
        let address = EmailAddress::parse("  Ada.Lovelace@Example.COM ").unwrap();
        assert_eq!(address.as_typed(), "Ada.Lovelace@Example.COM");
        assert_eq!(address.folded(), "ada.lovelace@example.com");
    }
}
