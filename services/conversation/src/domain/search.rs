//! Looking for words in one's own messages.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{ConversationId, Error, MessageId, without_nul};

const MAX_QUERY_CHARS: usize = 500;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The words.
    pub query: Query,
    /// Only in this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Only questions, or only answers.
    pub is_user: Option<bool>,
    /// Only messages written then or later.
    pub since: Option<DateTime<Utc>>,
    /// Only messages written before.
    pub until: Option<DateTime<Utc>>,
    /// Whether archived conversations count.
    pub include_archived: bool,
}

/// The words of a search, as people write them: `"these words"` stand together, `-these` are not there,
/// `or` parts alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    terms: Vec<Term>,
}

/// A word or a phrase that a message must hold, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Which alternative it is part of.
    pub alternative: i32,
    /// The word, or the phrase in quotation marks.
    pub text: String,
    /// Whether it must not be there.
    pub is_excluded: bool,
}

impl Query {
    /// Reads the words: 1 to 500 characters.
    pub fn parse(raw: String) -> Result<Self, Error> {
        without_nul("q", &raw)?;
        let chars = if raw.trim().is_empty() { 0 } else { raw.chars().count() };
        if !(1..=MAX_QUERY_CHARS).contains(&chars) {
            let problem = format!("must be 1 to {MAX_QUERY_CHARS} characters, not {chars}");
            return Err(Error::invalid("q", problem));
        }
        let terms = terms(&raw);
        let asks = |term: &Term| {
            let same = |other: &&Term| other.alternative == term.alternative;
            terms.iter().filter(same).any(|other| !other.is_excluded)
        };
        if !terms.iter().all(asks) {
            let problem = "says only what must not be there; add a word that must";
            return Err(Error::invalid("q", problem));
        }
        Ok(Self { text: raw, terms })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its parts.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// A query for any of the words that may be there.
    pub fn any(&self) -> String {
        let wanted = self.terms.iter().filter(|term| !term.is_excluded);
        wanted.map(|term| term.text.as_str()).collect::<Vec<_>>().join(" or ")
    }
}

fn terms(text: &str) -> Vec<Term> {
    let (mut terms, mut rest, mut alternative) = (Vec::new(), text.trim_start(), 0);
    while !rest.is_empty() {
        let begun = rest.trim_start_matches('-');
        let is_excluded = begun.len() < rest.len();
        let (text, after) = match begun.strip_prefix('"') {
            Some(phrase) => {
                let (phrase, after) = phrase.split_once('"').unwrap_or((phrase, ""));
                (format!("\"{phrase}\""), after)
            }
            None => {
                let end = begun.find(|c: char| c.is_whitespace() || c == '"');
                let (word, after) = begun.split_at(end.unwrap_or(begun.len()));
                (word.to_owned(), after)
            }
        };
        rest = after.trim_start();
        if text.eq_ignore_ascii_case("or") && !is_excluded {
            alternative += 1;
        } else if text.contains(char::is_alphanumeric) {
            terms.push(Term { alternative, text, is_excluded });
        }
    }
    terms
}

/// A message that holds the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The message.
    pub message_id: MessageId,
    /// The conversation it stands in.
    pub conversation_id: ConversationId,
    /// That conversation's title.
    pub conversation_title: String,
    /// Whether the user wrote it.
    pub is_user: bool,
    /// The place that tells most.
    pub snippet: String,
    /// The words in it, in characters.
    pub highlights: Vec<Range<usize>>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_phrases_exclusions_and_alternatives_are_told_apart() {
        let parsed = |raw: &str| {
            let query = Query::parse(raw.to_owned()).unwrap();
            let term = |term: &Term| {
                let sign = if term.is_excluded { "-" } else { "" };
                format!("{}{sign}{}", term.alternative, term.text)
            };
            query.terms().iter().map(term).collect::<Vec<_>>()
        };
        assert_eq!(parsed("rent \"first day\""), ["0rent", "0\"first day\""]);
        assert_eq!(
            parsed("rent OR lift -\"ground floor\""),
            ["0rent", "1lift", "1-\"ground floor\""]
        );
        assert_eq!(parsed("a\"b c"), ["0a", "0\"b c\""]);
        assert_eq!(parsed("or - \"\" rent or"), ["1rent"]);
        assert_eq!(parsed("--x y"), ["0-x", "0y"]);
        assert_eq!(
            Query::parse("§ rent -lift or \"a b\"".to_owned()).unwrap().any(),
            "rent or \"a b\""
        );
        for bad in [
            String::new(),
            " ".to_owned(),
            "-rent".to_owned(),
            "a or -b".to_owned(),
            "x".repeat(501),
        ] {
            assert!(Query::parse(bad.clone()).is_err(), "{bad}");
        }
    }
}
