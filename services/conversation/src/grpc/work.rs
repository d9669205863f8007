//! What happens while the assistant works, as the protos carry it.

use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::assistant_event::Payload;
use futures_util::{Stream, StreamExt, stream};

use super::citation::word;
use super::convert::name;
use crate::assistant::{Authority, Part, Stage, What, Written};

/// The events, numbered from 1.
pub(super) fn events(
    work: impl Stream<Item = What> + Send,
) -> impl Stream<Item = pb::AssistantEvent> + Send {
    work.zip(stream::iter(1..)).map(|(what, seq)| {
        let (name, payload) = payload(what);
        pb::AssistantEvent { seq, r#type: name.to_owned(), payload: Some(payload) }
    })
}

fn payload(what: What) -> (&'static str, Payload) {
    match what {
        What::Started { model, parts } => {
            let parts = parts.into_iter().map(Into::into).collect();
            ("assistant.started", Payload::Started(pb::AssistantStarted { model, parts }))
        }
        What::Progress { stage, done, total } => {
            let stage = stage_word(stage).to_owned();
            let (done, total) = (count(done), count(total));
            ("progress", Payload::Progress(pb::AssistantProgress { stage, done, total }))
        }
        What::Delta(text) => ("delta", Payload::Delta(pb::Delta { text })),
        What::Citation(citation) => ("citation", Payload::Citation((*citation).into())),
        What::Usage(usage) => ("usage", Payload::Usage(usage.into())),
        What::Completed(written) => ("assistant.completed", Payload::Completed((*written).into())),
        What::Failed(failure) => ("error", Payload::Error(failure.into())),
    }
}

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Reading => "reading",
        Stage::Condensing => "condensing",
        Stage::Writing => "writing",
        Stage::Checking => "checking",
    }
}

impl From<Part> for pb::AssistantPart {
    fn from(part: Part) -> Self {
        Self {
            number: count(part.number),
            document_id: name(part.document_id),
            filename: part.filename,
            page: part.page.map(count),
            start_char: count(part.chars.start),
            end_char: count(part.chars.end),
        }
    }
}

impl From<Written> for pb::AssistantCompleted {
    fn from(written: Written) -> Self {
        let section = |(title, text)| pb::AssistantSection { title, text };
        Self {
            text: written.text,
            sections: written.sections.into_iter().map(section).collect(),
            model: written.model,
            is_extractive: written.is_extractive,
            usage: Some(written.usage.into()),
            citations: written.citations.into_iter().map(Into::into).collect(),
            citation_report: Some((&written.report).into()),
            authorities: written.authorities.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Authority> for pb::Authority {
    fn from(authority: Authority) -> Self {
        Self {
            citation: authority.citation,
            kind: word(&authority.kind),
            mentions: count(authority.mentions),
            places: authority.places.into_iter().map(Into::into).collect(),
        }
    }
}

fn count(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
