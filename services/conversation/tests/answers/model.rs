//! Models that are played: one says a word each time it is let, and tells whether anyone still
//! listens; one says what a test wants it to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use elenchus_llm::{Model, ModelError, ModelEvent, ModelStream, Prompt, Trouble, Usage};
use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;

/// Says `word 1 `, `word 2 ` and so on, and after the last one what it cost.
pub(crate) struct Talker {
    words: usize,
    pub(crate) said: AtomicUsize,
    /// Streams that are open now.
    pub(crate) open: AtomicUsize,
    leave: Semaphore,
}

/// A stream of the talker's, counted while it is open.
struct Open(Arc<Talker>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Talker {
    pub(crate) fn of(words: usize) -> Arc<Self> {
        Arc::new(Self {
            words,
            said: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            leave: Semaphore::new(0),
        })
    }

    /// Lets it say so many words more.
    pub(crate) fn let_say(&self, words: usize) {
        self.leave.add_permits(words);
    }

    async fn word(&self, number: usize) -> Option<ModelEvent> {
        if number > self.words {
            return None;
        }
        self.leave.acquire().await.unwrap().forget();
        self.said.fetch_add(1, Ordering::SeqCst);
        Some(ModelEvent::Delta(format!("word {number} ")))
    }
}

/// What the service holds of it.
pub(crate) struct Shared(pub(crate) Arc<Talker>);

impl Model for Shared {
    fn name(&self) -> &str {
        "talker"
    }

    fn answer(&self, _: Prompt) -> ModelStream {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        let open = Open(Arc::clone(&self.0));
        let words = stream::unfold((open, 1), async |(open, number)| {
            let word = open.0.word(number).await?;
            Some((Ok(word), (open, number + 1)))
        });
        let usage = Usage { prompt_tokens: 7, completion_tokens: 70, ..Usage::default() };
        words.chain(stream::iter([Ok(ModelEvent::Usage(usage))])).boxed()
    }
}

/// Says one thing, and then perhaps nothing for ever.
pub(crate) struct Quoter {
    pub(crate) answer: String,
    pub(crate) hangs: bool,
}

impl Model for Quoter {
    fn name(&self) -> &str {
        "quoter"
    }

    fn answer(&self, _: Prompt) -> ModelStream {
        let said = stream::iter([Ok(ModelEvent::Delta(self.answer.clone()))]);
        match self.hangs {
            true => said.chain(stream::pending()).boxed(),
            false => said.boxed(),
        }
    }
}

/// Does what it is told of an analysis or a brief: notes the sentences that hold a word, and writes its
/// notes up below every heading.
pub(crate) struct Clerk {
    /// The word that sentences are noted for.
    pub(crate) word: &'static str,
    /// What it adds below every heading.
    pub(crate) remark: &'static str,
    /// What it was told, call by call.
    pub(crate) told: Mutex<Vec<Prompt>>,
}

impl Clerk {
    pub(crate) fn noting(word: &'static str, remark: &'static str) -> Arc<Self> {
        Arc::new(Self { word, remark, told: Mutex::default() })
    }

    fn notes(&self, prompt: &Prompt) -> String {
        let mut notes = String::new();
        for passage in &prompt.passages {
            for sentence in passage.text.split('\n').filter(|line| line.contains(self.word)) {
                let number = passage.number.unwrap_or(1);
                let is_note = sentence.starts_with('"');
                notes += &match is_note {
                    true => format!("{sentence}\n"),
                    false => format!("\"{sentence}\" [{number}]\n"),
                };
            }
        }
        notes
    }
}

/// What the service holds of it.
pub(crate) struct Employed(pub(crate) Arc<Clerk>);

impl Model for Employed {
    fn name(&self) -> &str {
        "clerk"
    }

    fn answer(&self, prompt: Prompt) -> ModelStream {
        let is_section = prompt.question.contains("Write the section");
        let mut text = self.0.notes(&prompt);
        if is_section {
            text += self.0.remark;
        }
        self.0.told.lock().unwrap().push(prompt);
        let usage = Usage { prompt_tokens: 7, completion_tokens: 5, ..Usage::default() };
        stream::iter([Ok(ModelEvent::Delta(text)), Ok(ModelEvent::Usage(usage))]).boxed()
    }
}

/// Breaks off as soon as it is asked.
pub(crate) struct Broken;

impl Model for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn answer(&self, _: Prompt) -> ModelStream {
        let trouble = Trouble::BrokenOff;
        stream::iter([Err(ModelError { model: "broken".to_owned(), trouble })]).boxed()
    }
}

/// Says the same every time, sums up where it is told to, and remembers what it was told.
pub(crate) struct Scribe {
    pub(crate) answer: String,
    pub(crate) told: Mutex<Vec<Prompt>>,
}

impl Scribe {
    /// What it was told with its questions, but for those to sum up.
    pub(crate) fn questions(&self) -> Vec<Prompt> {
        let told = self.told.lock().unwrap();
        told.iter().filter(|prompt| !sums_up(prompt)).cloned().collect()
    }
}

fn sums_up(prompt: &Prompt) -> bool {
    prompt.question == "Write the summary."
}

/// What the service holds of it.
pub(crate) struct Hired(pub(crate) Arc<Scribe>);

impl Model for Hired {
    fn name(&self) -> &str {
        "gpt-4o"
    }

    fn answer(&self, prompt: Prompt) -> ModelStream {
        let text = match sums_up(&prompt) {
            true => format!("Summed up: {}", &prompt.passages[0].text[..40]),
            false => self.0.answer.clone(),
        };
        self.0.told.lock().unwrap().push(prompt);
        stream::iter([Ok(ModelEvent::Delta(text))]).boxed()
    }
}
