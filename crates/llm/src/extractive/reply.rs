//! Writes the answer around the quotations, and counts its words.

use crate::extractive::ranking::{Clause, choose};
use crate::{Citation, ModelEvent, Passage, Prompt, Usage};

const OPENING: &str = "No language model is configured, so this answer comes from the built-in \
                       extractive model, which only quotes the sources.";

const NO_SOURCES: &str = "There are no sources to quote from: upload a document, or send texts \
                          along with the question, and ask again.";

const NOTHING_FITS: &str = "The sources hold nothing that answers this question.";

/// The events of the answer to a prompt.
pub(super) fn to(prompt: &Prompt) -> Vec<ModelEvent> {
    let citations = quotes(prompt);
    let text = text(prompt, &citations);
    let usage = ModelEvent::Usage(usage(prompt, &text));
    let deltas =
        text.split_inclusive(char::is_whitespace).map(|word| ModelEvent::Delta(word.to_owned()));
    deltas.chain(citations.into_iter().map(ModelEvent::Citation)).chain([usage]).collect()
}

/// What of the sources answers a question.
pub(super) fn quotes(prompt: &Prompt) -> Vec<Citation> {
    choose(prompt).iter().map(|clause| citation(prompt, clause)).collect()
}

/// A clause as a quotation.
pub(super) fn citation(prompt: &Prompt, clause: &Clause) -> Citation {
    let passage = &prompt.passages[clause.passage];
    let quote = &passage.text[clause.range.clone()];
    let start_char = passage.text[..clause.range.start].chars().count();
    Citation {
        // The passage's number, as every model is told to cite.
        marker: format!("[{}]", prompt.number_of(clause.passage)),
        passage_index: clause.passage,
        quote: quote.to_owned(),
        start_char,
        end_char: start_char + quote.chars().count(),
    }
}

fn text(prompt: &Prompt, citations: &[Citation]) -> String {
    if prompt.passages.iter().all(|passage| passage.text.trim().is_empty()) {
        return format!("{OPENING} {NO_SOURCES}");
    }
    if citations.is_empty() {
        return format!("{OPENING} {NOTHING_FITS}");
    }
    let mut text = OPENING.to_owned();
    for Citation { marker, quote, passage_index, .. } in citations {
        let Passage { source, page, .. } = &prompt.passages[*passage_index];
        let page = page.map_or(String::new(), |page| format!(", page {page}"));
        text += &format!("\n\n“{quote}” {marker} ({source}{page})");
    }
    text
}

/// This model's tokens are words.
fn usage(prompt: &Prompt, text: &str) -> Usage {
    let words = |text: &str| text.split_whitespace().count();
    let history = prompt.history.iter().map(|turn| words(&turn.text)).sum::<usize>();
    let passages = prompt.passages.iter().map(|passage| words(&passage.text)).sum::<usize>();
    Usage {
        prompt_tokens: words(&prompt.question) + history + passages,
        completion_tokens: words(text),
        is_estimated: true,
        ..Usage::default()
    }
}
