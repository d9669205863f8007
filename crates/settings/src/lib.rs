//! Settings: read once from the environment and `.env`, typed, and refused by name. It knows no
//! service; each crate says which variables it reads.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use secrecy::SecretString;
use serde::de::DeserializeOwned;

/// The exit code of a process whose settings are wrong, as in `sysexits.h`.
pub const EXIT_USAGE: u8 = 64;

/// A variable that cannot be used, and what to do about it. Never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct Invalid {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong with it, and the mend.
    pub problem: String,
}

impl Invalid {
    /// Says what is wrong with a variable.
    pub fn new(variable: &'static str, problem: impl Display) -> Self {
        Self { variable, problem: problem.to_string() }
    }
}

/// The variables that a process was started with. Tests make their own and never touch the process.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, String>,
}

impl Env {
    /// The process's environment, and below it a `.env` file in the working folder.
    pub fn of_process() -> Result<Self, Invalid> {
        let mut env = Self::default();
        if Path::new(".env").exists() {
            let file = dotenvy::from_path_iter(".env").map_err(unreadable)?;
            for pair in file {
                let (name, value) = pair.map_err(unreadable)?;
                env.variables.insert(name, value);
            }
        }
        env.variables.extend(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        Ok(env)
    }

    /// Exactly these variables.
    pub fn of_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self {
            variables: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        }
    }

    /// The same variables, with one of them set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// The text of a variable. An empty one counts as unset.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A secret. It does not print.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// A variable that may be absent.
    pub fn optional<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, Invalid> {
        self.text(name)
            .map(|text| text.parse().map_err(|error| Invalid::new(name, error)))
            .transpose()
    }

    /// A variable with a default.
    pub fn or<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
        default: T,
    ) -> Result<T, Invalid> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    /// A variable that must be there.
    pub fn required<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, Invalid> {
        self.optional(name)?.ok_or_else(|| Invalid::new(name, "is required but not set"))
    }

    /// A switch: `true`, `1`, `yes`, `on`, or their opposites, whatever their case.
    pub fn switch(&self, name: &'static str, default: bool) -> Result<bool, Invalid> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(Invalid::new(name, format!("{text:?} is neither true nor false"))),
        }
    }

    /// A variable that holds JSON, such as a list.
    pub fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Invalid> {
        self.text(name)
            .map(|text| {
                serde_json::from_str(text).map_err(|error| {
                    Invalid::new(name, format!("is not the JSON expected: {error}"))
                })
            })
            .transpose()
    }
}

fn unreadable(error: dotenvy::Error) -> Invalid {
    // Positions only: the error of a bad line quotes the line, which may hold a secret.
    let problem = match error {
        dotenvy::Error::LineParse(_, position) => {
            format!("a line cannot be read at character {position}")
        }
        dotenvy::Error::Io(error) => error.to_string(),
        _ => "cannot be read".to_owned(),
    };
    Invalid { variable: ".env", problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        let env = Env::of_pairs([("PORT", "eighty")]);
        let refusal = env.or::<u16>("PORT", 8000).unwrap_err();
        assert_eq!(refusal.to_string(), "PORT: invalid digit found in string");
    }

    #[test]
    fn an_empty_value_counts_as_unset() {
        let env = Env::of_pairs([("PORT", "")]);
        assert_eq!(env.or::<u16>("PORT", 8000), Ok(8000));
        assert!(env.required::<u16>("PORT").is_err());
    }

    #[test]
    fn a_list_is_json() {
        let env = Env::of_pairs([("ORIGINS", r#"["http://localhost:3000"]"#), ("BAD", "a,b")]);
        assert_eq!(env.json("ORIGINS"), Ok(Some(vec!["http://localhost:3000".to_owned()])));
        assert!(env.json::<Vec<String>>("BAD").is_err());
    }

    #[test]
    fn a_switch_understands_the_usual_words() {
        let env = Env::of_pairs([("A", "Yes"), ("B", "0"), ("C", "maybe")]);
        assert_eq!(env.switch("A", false), Ok(true));
        assert_eq!(env.switch("B", true), Ok(false));
        assert!(env.switch("C", true).is_err());
    }
}
