//! `elenchus cite check`: holds a brief's quotes and citations against a folder of sources, as the
//! conversation service does with an answer's.

mod read;
mod table;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use elenchus_citation::{Options, Report, Source, check};
use elenchus_document::extract::Extracted;
use elenchus_settings::EXIT_USAGE;

use self::read::{Reader, Unreadable};

/// What `elenchus cite check` is told.
#[derive(Args)]
pub(crate) struct CheckArguments {
    /// The brief: a .pdf, .docx, .doc, .txt, .md, .rtf, .html or .eml file.
    file: PathBuf,
    /// The folder of the documents that it quotes, searched with its subfolders, or one document.
    #[arg(long, value_name = "DIR")]
    sources: Option<PathBuf>,
    /// Write the whole report as JSON.
    #[arg(long)]
    json: bool,
}

/// Exits with 0 when nothing needs a look, 1 when something does, 64 when the check could not be made.
pub(crate) fn run(arguments: &CheckArguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("cannot start: {error}")),
    };
    let (brief, report) = match runtime.block_on(report(arguments)) {
        Ok(checked) => checked,
        Err(error) => return refuse(&error.to_string()),
    };
    let mut output = io::stdout().lock();
    let written = match arguments.json {
        true => serde_json::to_writer_pretty(&mut output, &report)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(output)),
        false => table::write(&mut output, &brief, &report),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => refuse(&error.to_string()),
        _ if report.findings().next().is_some() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("elenchus: {problem}");
    ExitCode::from(EXIT_USAGE)
}

/// The brief's text, and what was found in it.
async fn report(arguments: &CheckArguments) -> Result<(String, Report), Unreadable> {
    let reader = Reader::new()?;
    let brief = reader.read(&arguments.file).await?;
    let mut sources = Vec::new();
    if let Some(folder) = &arguments.sources {
        for file in read::files(folder, &arguments.file)? {
            sources.push(source(&reader, folder, &file).await);
        }
    }
    warn(&arguments.file.display().to_string(), &brief);
    let text = brief.text();
    let report = check(&text, &sources, &Options::default());
    Ok((text, report))
}

/// Says of a damaged file what was recovered of it.
fn warn(name: &str, read: &Extracted) {
    if !read.warning.is_empty() {
        eprintln!("elenchus: {name}: {}", read.warning);
    }
}

/// A source that cannot be read is one without text: what is quoted from it cannot be checked.
async fn source(reader: &Reader, folder: &Path, file: &Path) -> Source<'static> {
    let inner = file.strip_prefix(folder).ok().filter(|inner| !inner.as_os_str().is_empty());
    let name = inner.unwrap_or(file).display().to_string();
    match reader.read(file).await {
        Ok(read) => {
            warn(&name, &read);
            let source = Source::new(name, read.text());
            if read.warning.is_empty() { source } else { source.recovered() }
        }
        Err(problem) => {
            eprintln!("elenchus: {problem}");
            Source::without_text(name)
        }
    }
}
