//! What happens while the assistant reads and writes.

use tokio::sync::mpsc;

use super::authority::Authority;
use super::part::Part;
use crate::domain::{Citation, CitationReport, Usage};
use crate::generation::Failure;

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum What {
    Started { model: String, parts: Vec<Part> },
    Progress { stage: Stage, done: usize, total: usize },
    Delta(String),
    Citation(Box<Citation>),
    Usage(Usage),
    Completed(Box<Written>),
    Failed(Failure),
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Reading,
    Condensing,
    Writing,
    Checking,
}

/// A finished analysis or brief.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) text: String,
    /// Headings, each with the text below.
    pub(crate) sections: Vec<(String, String)>,
    pub(crate) model: String,
    pub(crate) is_extractive: bool,
    pub(crate) usage: Usage,
    pub(crate) citations: Vec<Citation>,
    pub(crate) report: CitationReport,
    pub(crate) authorities: Vec<Authority>,
}

/// Where what happens is told. Bounded, so that a slow reader slows the model.
pub(super) struct Out(pub(super) mpsc::Sender<What>);

impl Out {
    pub(super) async fn tell(&self, what: What) {
        // Whoever has left is told nothing; the work is dropped at once.
        let _ = self.0.send(what).await;
    }

    pub(super) async fn progress(&self, stage: Stage, done: usize, total: usize) {
        self.tell(What::Progress { stage, done, total }).await;
    }
}
