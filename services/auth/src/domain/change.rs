//! What of an account may be changed, by whom, and what its programs may keep with it.

use serde_json::{Map, Value};

use super::{Error, profile};

const MAX_ROLES: usize = 50;
const MAX_ROLE_CHARS: usize = 64;

/// What of a profile is to change. None stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// The name to show.
    pub full_name: Option<String>,
    /// Where they work.
    pub organization: Option<String>,
    /// A job title.
    pub role: Option<String>,
}

/// What of an account is to change. None stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountChange {
    /// Its profile.
    pub profile: ProfileChange,
    /// Whether it may sign in.
    pub is_active: Option<bool>,
    /// Whether it administers the installation.
    pub is_superuser: Option<bool>,
}

/// The named roles of an account, sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles(Vec<String>);

/// What a user's programs keep with the account: a JSON object of bounded size and depth.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preferences(Map<String, Value>);

impl ProfileChange {
    /// Trims the texts and bounds them.
    pub fn parse(
        full_name: Option<&str>,
        organization: Option<&str>,
        role: Option<&str>,
    ) -> Result<Self, Error> {
        let text = |field, raw: Option<&str>| raw.map(|raw| profile::text(field, raw)).transpose();
        Ok(Self {
            full_name: text("full_name", full_name)?,
            organization: text("organization", organization)?,
            role: text("role", role)?,
        })
    }

    /// The names of what is to change.
    pub(crate) fn fields(&self) -> Vec<&'static str> {
        let Self { full_name, organization, role } = self;
        [("full_name", full_name), ("organization", organization), ("role", role)]
            .into_iter()
            .filter_map(|(name, value)| value.is_some().then_some(name))
            .collect()
    }
}

impl Roles {
    /// Checks the names.
    pub fn parse(mut names: Vec<String>) -> Result<Self, Error> {
        if names.len() > MAX_ROLES {
            let problem = format!("must be at most {MAX_ROLES}, not {}", names.len());
            return Err(Error::field("roles", problem));
        }
        if let Some(position) = names.iter().position(|name| !is_role(name)) {
            let problem = format!(
                "number {} must be 1 to {MAX_ROLE_CHARS} lower-case letters, digits and underscores, \
                 a letter first",
                position + 1
            );
            return Err(Error::field("roles", problem));
        }
        names.sort();
        names.dedup();
        Ok(Self(names))
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

fn is_role(name: &str) -> bool {
    name.len() <= MAX_ROLE_CHARS
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

impl Preferences {
    /// The largest, as JSON text.
    pub const MAX_BYTES: usize = 16 * 1024;
    /// Objects and lists inside of each other, the outermost included.
    pub const MAX_DEPTH: usize = 8;

    /// Reads an object that a client gave.
    pub fn parse(object: Map<String, Value>) -> Result<Self, Error> {
        let object = Value::Object(object);
        let refused = |problem: String| Err(Error::field("preferences", problem));
        if depth(&object) > Self::MAX_DEPTH {
            return refused(format!("must be at most {} levels deep", Self::MAX_DEPTH));
        }
        let bytes = object.to_string();
        if bytes.len() > Self::MAX_BYTES {
            let (most, len) = (Self::MAX_BYTES, bytes.len());
            return refused(format!("must be at most {most} bytes of JSON, not {len}"));
        }
        // PostgreSQL's jsonb takes no NUL, which JSON always writes like this.
        if bytes.contains("\\u0000") {
            return refused("must not hold the character NUL".to_owned());
        }
        let Value::Object(object) = object else { return Ok(Self::default()) };
        Ok(Self(object))
    }

    /// What the store kept.
    pub(crate) fn stored(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// The object itself.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object, given away.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn preferences(value: Value) -> Result<Preferences, Error> {
        let Value::Object(object) = value else { unreachable!("an object") };
        Preferences::parse(object)
    }

    #[test]
    fn roles_are_names_each_once_and_in_order() {
        let roles = |names: &[&str]| Roles::parse(names.iter().map(|&name| name.into()).collect());
        assert_eq!(roles(&["b_2", "a", "b_2"]).unwrap().names(), ["a", "b_2"]);
        for wrong in ["", "A", "2a", "a-b", "ä", &"a".repeat(65)] {
            assert!(roles(&["a", wrong]).is_err(), "{wrong}");
        }
        assert!(roles(&["a"; 51]).is_err());
    }

    #[test]
    fn preferences_are_bounded_in_size_and_depth_and_hold_no_nul() {
        assert!(preferences(json!({"theme": "dark", "columns": [1, 2.5, null]})).is_ok());
        assert!(preferences(json!({"a": "x".repeat(16 * 1024)})).is_err());
        assert!(preferences(json!({"a": "\0"})).is_err());
        assert!(preferences(json!({"a": {"\0": 1}})).is_err());
        let nested = |levels| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(preferences(nested(8)).is_ok());
        assert!(preferences(nested(9)).is_err());
    }
}
