//! What people say of themselves. It is shown, and gives no rights.

use super::Error;

const MAX_CHARS: usize = 200;

/// Free text about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name to show.
    pub full_name: String,
    /// Where they work.
    pub organization: String,
    /// A job title.
    pub role: String,
}

impl Profile {
    /// Trims the texts and bounds them.
    pub fn parse(full_name: &str, organization: &str, role: &str) -> Result<Self, Error> {
        Ok(Self {
            full_name: text("full_name", full_name)?,
            organization: text("organization", organization)?,
            role: text("role", role)?,
        })
    }
}

/// One line. Control characters are refused: they break mails and logs, and PostgreSQL takes no NUL.
pub(super) fn text(field: &'static str, raw: &str) -> Result<String, Error> {
    let text = raw.trim();
    let chars = text.chars().count();
    if chars > MAX_CHARS {
        let problem = format!("must be at most {MAX_CHARS} characters long, not {chars}");
        return Err(Error::field(field, problem));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::field(field, "must not hold line breaks or other control characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_of_200_characters_is_enough() {
        assert_eq!(Profile::parse(" Ada ", "", "lawyer").unwrap().full_name, "Ada");
        assert!(Profile::parse(&"ä".repeat(200), "", "").is_ok());
        assert!(Profile::parse("", &"ä".repeat(201), "").is_err());
        assert!(Profile::parse("", "", "partner\0").is_err());
    }
}
