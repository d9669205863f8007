//! Measures the document service on a corpus, through the calls that its users make, on a private
//! database that ends with the measurement.

mod corpus;
mod extraction;
mod mesh;
mod retrieval;
mod table;
mod words;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use elenchus_process::StartError;

use self::corpus::Corpus;
use self::mesh::Mesh;

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum What {
    /// How much of each file's text is read.
    Extraction {
        /// The corpus.
        folder: PathBuf,
    },
    /// How often a question finds the passage that answers it.
    Retrieval {
        /// The corpus.
        folder: PathBuf,
        /// Questions to ask instead of the corpus's own: a JSON list of them, as in its manifest.
        #[arg(long)]
        questions: Option<PathBuf>,
    },
}

/// Measures, and prints tables in Markdown.
pub(crate) fn run(what: What) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(measure(what)) {
        Ok(report) => {
            let _ = writeln!(std::io::stdout(), "{report}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(error.as_ref()),
    }
}

async fn measure(what: What) -> Result<String, StartError> {
    let (What::Extraction { folder } | What::Retrieval { folder, .. }) = &what;
    let mut corpus = Corpus::read(folder)?;
    if let What::Retrieval { questions: Some(file), .. } = &what {
        corpus.ask(file)?;
    }
    let mut mesh = Mesh::start().await?;
    let report = match what {
        What::Extraction { .. } => extraction::measure(&corpus, &mesh).await,
        What::Retrieval { .. } => {
            let (measured, report) = retrieval::measure(&corpus, mesh).await?;
            mesh = measured;
            Ok(report)
        }
    };
    mesh.stop().await;
    report
}

fn fail(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    eprintln!("elenchus: {error}");
    ExitCode::FAILURE
}
