//! What a user says of an answer.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Error, without_nul};

const MAX_COMMENT_CHARS: usize = 2_000;

/// Whether an answer was good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// It was.
    Up,
    /// It was not.
    Down,
}

impl Rating {
    /// The word for it, the same on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What a user wants to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// Whether it was good.
    pub rating: Rating,
    /// Why.
    pub comment: String,
}

impl Opinion {
    /// Reads what a user says.
    pub fn parse(rating: &str, comment: String) -> Result<Self, Error> {
        without_nul("comment", &comment)?;
        let chars = comment.chars().count();
        if chars > MAX_COMMENT_CHARS {
            let problem = format!("must be at most {MAX_COMMENT_CHARS} characters, not {chars}");
            return Err(Error::invalid("comment", problem));
        }
        let rating = [Rating::Up, Rating::Down].into_iter().find(|known| known.as_str() == rating);
        let rating = rating.ok_or_else(|| Error::invalid("rating", "must be up or down"))?;
        Ok(Self { rating, comment })
    }
}

/// What a user said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Feedback {
    /// Whether it was good.
    pub rating: Rating,
    /// Why.
    pub comment: String,
    /// When it was said first.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
