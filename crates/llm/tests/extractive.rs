//! Questions as people ask them, of a regulation that ships as an example: the extractive model quotes
//! the passage that answers, or says that none does.

use elenchus_llm::{Extractive, Model, ModelEvent, Passage, Prompt};
use futures_util::StreamExt;

const REGULATION: &str = include_str!("../../../examples/ferpa-subpart-d.txt");

/// Each with words of the passage that answers it.
const ANSWERED: &[(&str, &str)] = &[
    (
        "Is it enough when a parent agrees to a disclosure by e-mail, or must the consent be signed on paper?",
        "electronic form",
    ),
    (
        "Our school was served with a subpoena for a pupil's records. May we comply with it?",
        "lawfully issued subpoena",
    ),
    (
        "In an emergency, may we disclose information about a student to protect somebody's health or safety?",
        "health or safety",
    ),
    (
        "What must the written consent of a parent specify before we disclose anything?",
        "Specify the records that may be disclosed",
    ),
    (
        "Can former students stop us from printing directory information about them?",
        "former student",
    ),
];

const UNANSWERED: &[&str] = &[
    "What is the penalty for speeding on a highway in Ohio?",
    "How many directors must a Delaware corporation have?",
    "What interest does the tenant owe when the rent is late?",
    "Who pays for the repair of the roof under the lease?",
];

/// Paragraphs, put together until they are about as long as the document service's passages.
fn passages() -> Vec<Passage> {
    let mut texts = vec![String::new()];
    for paragraph in REGULATION.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        if texts.last().is_some_and(|text| text.split_whitespace().count() >= 120) {
            texts.push(String::new());
        }
        if let Some(text) = texts.last_mut() {
            text.push_str(paragraph);
            text.push_str("\n\n");
        }
    }
    let source = "ferpa-subpart-d.txt".to_owned();
    texts
        .into_iter()
        .map(|text| Passage { source: source.clone(), text, ..Passage::default() })
        .collect()
}

/// What the model quotes, with single spaces.
async fn quotes(question: &str) -> Vec<String> {
    let prompt =
        Prompt { question: question.to_owned(), passages: passages(), ..Prompt::default() };
    let events: Vec<_> = Extractive.answer(prompt).collect().await;
    let quote = |event| match event {
        Ok(ModelEvent::Citation(citation)) => {
            Some(citation.quote.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        Ok(ModelEvent::Delta(_) | ModelEvent::AnsweredBy(_) | ModelEvent::Usage(_)) | Err(_) => {
            None
        }
    };
    events.into_iter().filter_map(quote).collect()
}

#[tokio::test]
async fn a_question_asked_at_length_gets_the_passage_that_answers_it() {
    for (question, words) in ANSWERED {
        let quotes = quotes(question).await;
        assert!(quotes.iter().any(|quote| quote.contains(words)), "{question}\n{quotes:#?}");
    }
}

#[tokio::test]
async fn what_the_sources_do_not_answer_is_not_answered() {
    for question in UNANSWERED {
        assert_eq!(quotes(question).await, Vec::<String>::new(), "{question}");
    }
}
