//! What the assistant does without a language model: it quotes what bears upon each heading, and says
//! that it does no more.

use std::sync::Arc;

use elenchus_llm::{Citation, Extractive, Prompt};

use super::part::Part;
use super::task::{Kind, Offline, Section};
use crate::generation::Failure;

/// Quotations below one heading.
const MOST_QUOTES: usize = 5;
const NOTHING: &str = "The sources hold nothing on this that the extractive model could quote.";

/// What is said before the first heading.
pub(super) fn opening(kind: Kind) -> String {
    format!(
        "No language model is configured, so this {} comes from the built-in extractive model, which only quotes \
         the sources, read from their beginning to their end.\n\n",
        kind.word()
    )
}

/// What stands below a heading.
pub(super) async fn section(section: &Section, parts: &Arc<Vec<Part>>) -> Result<String, Failure> {
    Ok(match &section.offline {
        Offline::Words(words) => words.clone(),
        Offline::Topic(words) => quotes((*words).to_owned(), true, parts).await?,
        Offline::Questions(questions) => {
            let mut text = String::new();
            for question in questions {
                let found = quotes(question.clone(), false, parts).await?;
                text += &format!("**{}**\n\n{found}\n\n", question.trim());
            }
            text.trim_end().to_owned()
        }
    })
}

async fn quotes(
    question: String,
    is_topic: bool,
    parts: &Arc<Vec<Part>>,
) -> Result<String, Failure> {
    let parts = Arc::clone(parts);
    let choose = move || {
        let passages = parts.iter().map(Part::passage).collect();
        let prompt = Prompt { question, passages, ..Prompt::default() };
        let chosen = match is_topic {
            true => Extractive::about(&prompt, MOST_QUOTES),
            false => Extractive::quotes(&prompt),
        };
        text(&chosen, &parts)
    };
    // A long document takes long enough to hold up other requests.
    tokio::task::spawn_blocking(choose).await.map_err(|error| {
        tracing::error!(%error, "the extractive model failed");
        Failure::MODEL
    })
}

fn text(quotes: &[Citation], parts: &[Part]) -> String {
    if quotes.is_empty() {
        return NOTHING.to_owned();
    }
    let line = |quote: &Citation| {
        let part = &parts[quote.passage_index];
        let page = part.page_at(quote.start_char);
        let page = page.map_or(String::new(), |page| format!(", page {page}"));
        format!("“{}” {} ({}{page})", quote.quote, quote.marker, part.filename)
    };
    quotes.iter().map(line).collect::<Vec<_>>().join("\n\n")
}
