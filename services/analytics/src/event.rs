//! Events as services send them, checked and made into what the log keeps.

use chrono::DateTime;
use elenchus_proto::pb::analytics::v1 as pb;
use elenchus_proto::pb::analytics::v1::event::What;
use uuid::Uuid;

use crate::domain::{Error, Event, Kind, Status};

/// Checks the event at a place of the request.
pub(crate) fn parse(index: usize, event: pb::Event) -> Result<Event, Error> {
    let refuse = |field: &str, problem: &str| Error::Event {
        field: format!("events[{index}].{field}"),
        problem: problem.to_owned(),
    };
    let event_id = Uuid::try_parse(&event.id).map_err(|_| refuse("id", "is not a UUID"))?;
    let user_id =
        Uuid::try_parse(&event.user_id).map_err(|_| refuse("user_id", "is not a UUID"))?;
    let occurred_at = event
        .occurred_at
        .and_then(|at| DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?))
        .ok_or_else(|| refuse("occurred_at", "is not a time"))?;
    let what = event.what.ok_or_else(|| refuse("what", "is absent"))?;
    let facts = Facts::of(what).ok_or_else(|| refuse("status", "is not one of its kind"))?;
    let amounts = [facts.prompt_tokens, facts.completion_tokens, facts.cost_microusd];
    if amounts.iter().any(|amount| *amount < 0) || facts.file_size.is_some_and(|size| size < 0) {
        return Err(refuse("what", "holds an amount below 0"));
    }
    Ok(Event {
        event_id,
        user_id,
        occurred_at,
        kind: facts.kind,
        status: facts.status,
        subject_id: facts.subject_id,
        conversation_id: facts.conversation_id,
        name: facts.name,
        model: facts.model,
        prompt_tokens: facts.prompt_tokens,
        completion_tokens: facts.completion_tokens,
        cost_microusd: facts.cost_microusd.into(),
        duration_us: facts.seconds.and_then(micros),
        file_size: facts.file_size.map(i64::from),
    })
}

/// What the kinds of events say, in one shape.
struct Facts {
    kind: Kind,
    status: Status,
    subject_id: String,
    conversation_id: Option<String>,
    name: Option<String>,
    model: Option<String>,
    prompt_tokens: i32,
    completion_tokens: i32,
    cost_microusd: i32,
    seconds: Option<f64>,
    file_size: Option<i32>,
}

impl Facts {
    fn new(kind: Kind, status: Status, subject_id: String) -> Self {
        Self {
            kind,
            status,
            subject_id,
            conversation_id: None,
            name: None,
            model: None,
            prompt_tokens: 0,
            completion_tokens: 0,
            cost_microusd: 0,
            seconds: None,
            file_size: None,
        }
    }

    fn of(what: What) -> Option<Self> {
        Some(match what {
            What::QuestionAsked(asked) => Self {
                conversation_id: Some(asked.conversation_id),
                ..Self::new(Kind::QuestionAsked, Status::Completed, asked.message_id)
            },
            What::AnswerEnded(answer) => Self {
                conversation_id: Some(answer.conversation_id),
                model: Some(answer.model),
                prompt_tokens: answer.prompt_tokens,
                completion_tokens: answer.completion_tokens,
                cost_microusd: answer.cost_microusd,
                seconds: Some(answer.duration_seconds),
                ..Self::new(Kind::AnswerEnded, status(&answer.status)?, answer.message_id)
            },
            What::DocumentUploaded(document) => Self {
                name: Some(document.filename),
                file_size: Some(document.file_size),
                ..Self::new(Kind::DocumentUploaded, Status::Completed, document.document_id)
            },
            What::DocumentProcessed(document) => Self {
                name: Some(document.filename),
                seconds: Some(document.duration_seconds),
                ..Self::new(
                    Kind::DocumentProcessed,
                    status(&document.status)?,
                    document.document_id,
                )
            },
            What::WorkflowStarted(run) => Self {
                name: Some(run.template_name),
                ..Self::new(Kind::WorkflowStarted, Status::Running, run.execution_id)
            },
            What::WorkflowEnded(run) => Self {
                name: Some(run.template_name),
                prompt_tokens: run.prompt_tokens,
                completion_tokens: run.completion_tokens,
                cost_microusd: run.cost_microusd,
                seconds: Some(run.duration_seconds),
                ..Self::new(Kind::WorkflowEnded, status(&run.status)?, run.execution_id)
            },
            What::SignedIn(session) => {
                Self::new(Kind::SignedIn, Status::Completed, session.session_id)
            }
        })
    }
}

/// The words of every service for how something ended.
fn status(word: &str) -> Option<Status> {
    Some(match word {
        "complete" | "completed" => Status::Completed,
        "incomplete" => Status::Incomplete,
        "failed" => Status::Failed,
        "stopped" | "cancelled" => Status::Cancelled,
        _ => return None,
    })
}

/// Whole microseconds; nothing where the clock went backwards.
fn micros(seconds: f64) -> Option<i64> {
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    i64::try_from(duration.as_micros()).ok()
}
