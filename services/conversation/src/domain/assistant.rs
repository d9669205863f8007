//! Work that the assistant may be given.

use uuid::Uuid;

use super::question::{parse_ids, sources};
use super::{Error, Source, without_nul};

const MAX_TEXT_CHARS: usize = 500_000;
const MAX_FACTS_CHARS: usize = 100_000;
const MAX_TYPE_CHARS: usize = 100;
const MAX_QUESTIONS: usize = 20;
const MAX_QUESTION_CHARS: usize = 2_000;
const MAX_SOURCES: usize = 10;
const MAX_DOCUMENTS: usize = 10;

/// What is analysed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A document of the caller.
    Document(Uuid),
    /// A text sent with the request.
    Text(String),
}

impl Subject {
    /// Reads the subject: the one or the other, never both.
    pub fn parse(document_id: &str, content: String) -> Result<Self, Error> {
        match (document_id.is_empty(), content.is_empty()) {
            (true, true) => Err(Error::invalid("document_id", "give document_id or content")),
            (false, false) => {
                Err(Error::invalid("content", "give either document_id or content, not both"))
            }
            (false, true) => {
                document_id.parse().map(Self::Document).map_err(|_| Error::DocumentNotFound)
            }
            (true, false) => bounded("content", content, MAX_TEXT_CHARS).map(Self::Text),
        }
    }
}

/// An analysis to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// What is analysed.
    pub subject: Subject,
    /// What the analysis is about.
    pub focus: String,
    /// Questions to answer besides.
    pub questions: Vec<String>,
}

impl Analysis {
    /// Reads what the analysis is about, and the questions.
    pub fn parse(subject: Subject, focus: String, questions: Vec<String>) -> Result<Self, Error> {
        let focus = match focus.trim() {
            "" => "general".to_owned(),
            focus => bounded("analysis_type", focus.to_owned(), MAX_TYPE_CHARS)?,
        };
        if focus.chars().any(char::is_control) {
            return Err(Error::invalid("analysis_type", "must be printable characters"));
        }
        Ok(Self { subject, focus, questions: lines("questions", questions)? })
    }
}

/// A brief to draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// The facts as they were given.
    pub facts: String,
    /// The questions of law.
    pub issues: Vec<String>,
    /// Texts to rely on.
    pub sources: Vec<Source>,
    /// Documents to rely on.
    pub document_ids: Vec<Uuid>,
}

impl Brief {
    /// Reads what a brief is drafted from.
    pub fn parse(
        facts: String,
        issues: Vec<String>,
        raw_sources: Vec<String>,
        document_ids: &[String],
    ) -> Result<Self, Error> {
        let issues = lines("legal_issues", issues)?;
        if issues.is_empty() {
            return Err(Error::invalid("legal_issues", "name at least one issue"));
        }
        Ok(Self {
            facts: bounded("case_facts", facts, MAX_FACTS_CHARS)?,
            issues,
            sources: sources(raw_sources, MAX_SOURCES)?,
            document_ids: parse_ids(document_ids, MAX_DOCUMENTS)?,
        })
    }
}

fn lines(field: &'static str, raw: Vec<String>) -> Result<Vec<String>, Error> {
    if raw.len() > MAX_QUESTIONS {
        let problem = format!("{field} must be at most {MAX_QUESTIONS}, not {}", raw.len());
        return Err(Error::invalid(field, problem));
    }
    raw.into_iter().map(|line| bounded(field, line, MAX_QUESTION_CHARS)).collect()
}

pub(super) fn bounded(field: &'static str, raw: String, most: usize) -> Result<String, Error> {
    without_nul(field, &raw)?;
    let chars = if raw.trim().is_empty() { 0 } else { raw.chars().count() };
    if !(1..=most).contains(&chars) {
        return Err(Error::invalid(field, format!("must be 1 to {most} characters, not {chars}")));
    }
    Ok(raw)
}
