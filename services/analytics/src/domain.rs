//! What analytics speaks of: events, periods and sums. It knows neither how they arrive nor how
//! they are kept.

use chrono::{DateTime, Days, NaiveDate, Utc};
use elenchus_postgres::Failure;
use serde::Serialize;
use uuid::Uuid;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A question was asked.
    QuestionAsked,
    /// An answer ended.
    AnswerEnded,
    /// A file was stored.
    DocumentUploaded,
    /// A document's processing ended.
    DocumentProcessed,
    /// A run was started.
    WorkflowStarted,
    /// A run ended.
    WorkflowEnded,
    /// A session was opened.
    SignedIn,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on.
    Running,
    /// It ended well.
    Completed,
    /// An answer broke off.
    Incomplete,
    /// It ended badly.
    Failed,
    /// Its user stopped it.
    Cancelled,
}

/// Something that happened, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Decides whether the event is new.
    pub event_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// What.
    pub kind: Kind,
    /// How it went.
    pub status: Status,
    /// The message, document, run or session.
    pub subject_id: String,
    /// The conversation of a message.
    pub conversation_id: Option<String>,
    /// The document's or the template's.
    pub name: Option<String>,
    /// The model of an answer.
    pub model: Option<String>,
    /// Tokens read.
    pub prompt_tokens: i32,
    /// Tokens written.
    pub completion_tokens: i32,
    /// Millionths of a US dollar.
    pub cost_microusd: i64,
    /// Microseconds that it took.
    pub duration_us: Option<i64>,
    /// Bytes of a file.
    pub file_size: Option<i64>,
}

/// Whole UTC days, the first and the last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
    /// How many.
    pub days: i32,
}

impl Period {
    /// The most days that can be asked for.
    pub const MAX_DAYS: i32 = 90;

    /// The last so many days, today included.
    pub fn of_last(days: i32, today: NaiveDate) -> Result<Self, Error> {
        match u64::try_from(days) {
            Ok(count @ 1..) if days <= Self::MAX_DAYS => {
                Ok(Self { first: today - Days::new(count - 1), last: today, days })
            }
            Ok(_) | Err(_) => Err(Error::Days(days)),
        }
    }
}

/// How many activities are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(i32);

impl Limit {
    /// The most.
    pub const MAX: i32 = elenchus_rpc::page::MAX_LIMIT;

    /// From 1 to [`Limit::MAX`].
    pub fn parse(limit: i32) -> Result<Self, Error> {
        if (1..=Self::MAX).contains(&limit) { Ok(Self(limit)) } else { Err(Error::Limit(limit)) }
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0.into()
    }
}

/// The sums of a user's period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Usage {
    /// Questions asked.
    pub total_queries: i64,
    /// Tokens read.
    pub prompt_tokens: i64,
    /// Tokens written.
    pub completion_tokens: i64,
    /// Whole answers.
    pub responses: i64,
    /// Microseconds from question to answer, over the whole answers.
    pub response_time_us: i64,
    /// Documents whose text was read.
    pub documents_analyzed: i64,
    /// Runs started.
    pub workflows_executed: i64,
    /// Millionths of a US dollar.
    pub cost_microusd: i64,
}

/// A UTC day's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct DayTokens {
    /// The day.
    pub date: NaiveDate,
    /// Tokens read.
    pub prompt_tokens: i64,
    /// Tokens written.
    pub completion_tokens: i64,
    /// Millionths of a US dollar.
    pub cost_microusd: i64,
}

/// One thing that a user did, as it stands now.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Activity {
    /// The event that began it.
    pub event_id: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// What, as the log names it.
    pub kind: String,
    /// How it went, as the log names it.
    pub status: String,
    /// The document's or the template's.
    pub name: Option<String>,
    /// Tokens read and written.
    pub tokens: i64,
    /// Microseconds that it took.
    pub duration_us: Option<i64>,
}

/// The sums of a user's runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, sqlx::FromRow)]
pub struct Runs {
    /// Started.
    pub total: i64,
    /// Ended well.
    pub completed: i64,
    /// Ended badly.
    pub failed: i64,
    /// Mean microseconds of the ended ones.
    pub mean_duration_us: f64,
}

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A period that cannot be asked for.
    #[error("must be from 1 to {}, not {_0}", Period::MAX_DAYS)]
    Days(i32),
    /// A page that cannot be asked for.
    #[error("must be from 1 to {}, not {_0}", Limit::MAX)]
    Limit(i32),
    /// An event that says something impossible.
    #[error("{problem}")]
    Event {
        /// Where in the request.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Failure),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
