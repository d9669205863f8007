//! Map and reduce: notes on every part of the sources, brought together until a model can read them
//! at once. Sources that it can read at once need none.

use elenchus_llm::Passage;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::asking::Asking;
use super::event::{Out, Stage};
use super::instruction::{CONDENSE, Instruction, NOTE};
use super::part::{MOST_CHARS, Part};
use crate::generation::Failure;

/// Calls that are made at once for one piece of work.
const AT_ONCE: usize = 4;
/// What a model is given to write a section from: about 12,000 tokens.
const MOST_NOTES_CHARS: usize = 2 * MOST_CHARS;

/// What the sections are written from. None where the extractive model has taken over meanwhile.
pub(super) async fn take(
    asking: &Asking,
    subject: &str,
    parts: &[Part],
    out: &Out,
) -> Result<Option<Vec<Passage>>, Failure> {
    let mut passages: Vec<Passage> = parts.iter().map(Part::passage).collect();
    if chars(&passages) <= MOST_NOTES_CHARS {
        return Ok(Some(passages));
    }
    let each = passages.into_iter().map(|passage| vec![passage]).collect();
    passages = pass(asking, &NOTE, Stage::Reading, subject, each, out).await?;
    while !asking.is_extractive() && chars(&passages) > MOST_NOTES_CHARS {
        let before = chars(&passages);
        passages =
            pass(asking, &CONDENSE, Stage::Condensing, subject, groups(passages), out).await?;
        // A model that does not shorten would be asked for ever.
        if chars(&passages) > before / 4 * 3 {
            return Err(Failure::TOO_LONG);
        }
    }
    Ok((!asking.is_extractive()).then_some(passages))
}

/// Asks for notes on each group, and tells how many are done.
async fn pass(
    asking: &Asking,
    instruction: &'static Instruction,
    stage: Stage,
    subject: &str,
    groups: Vec<Vec<Passage>>,
    out: &Out,
) -> Result<Vec<Passage>, Failure> {
    let total = groups.len();
    out.progress(stage, 0, total).await;
    let calls = groups.into_iter().map(|group| async move {
        let first = group.first().cloned().unwrap_or_default();
        let text = asking.whole(instruction, subject.to_owned(), group).await?;
        Ok::<_, Failure>(Passage { text, ..first })
    });
    let mut made = stream::iter(calls).buffered(AT_ONCE);
    let mut notes = Vec::with_capacity(total);
    while let Some(note) = made.try_next().await? {
        notes.push(note);
        out.progress(stage, notes.len(), total).await;
        if asking.is_extractive() {
            break;
        }
    }
    Ok(notes)
}

/// Neighbours that can be read at once, each passage in one group.
fn groups(passages: Vec<Passage>) -> Vec<Vec<Passage>> {
    let mut groups: Vec<Vec<Passage>> = Vec::new();
    for passage in passages {
        let length = passage.text.chars().count();
        match groups.last_mut() {
            Some(group) if chars(group) + length <= MOST_CHARS => group.push(passage),
            _ => groups.push(vec![passage]),
        }
    }
    groups
}

fn chars(passages: &[Passage]) -> usize {
    passages.iter().map(|passage| passage.text.chars().count()).sum()
}
