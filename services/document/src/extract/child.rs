//! The reading process: bytes in by standard input, text or a failure out by standard output.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::thread;

use office_oxide::DocumentFormat;

use super::{
    Extracted, Failure, FileType, html, jail, kind, mail, markdown, pdf, plain, rtf, word,
};

/// The first argument that makes a program of ours the reading process.
pub const EXTRACT_ARGUMENT: &str = "extract-document";

/// Nested structures are read by recursion.
const STACK: usize = 64 << 20;

/// Reads one file, jailed. `main` calls it before anything else, when its first argument is
/// [`EXTRACT_ARGUMENT`]; the second is the extension of the file's name.
pub fn run_extractor() -> ExitCode {
    let claimed = std::env::args().nth(2).unwrap_or_default();
    match answer(&claimed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "the reading process failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(claimed: &str) -> io::Result<()> {
    jail::limit_resources()?;
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    jail::close()?;

    let claimed = claimed.to_owned();
    let outcome = thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || read_here(bytes, &claimed))?
        .join()
        .unwrap_or_else(|_| Err(Failure::crashed()));

    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, &outcome)?;
    output.flush()
}

/// Reads a file in this very process, which is the jailed one, or a fuzzer's.
pub fn read_here(bytes: Vec<u8>, claimed: &str) -> Result<Extracted, Failure> {
    let found = kind::detect(&bytes)?;
    let Some(file_type) = kind::named(&bytes, found, claimed.parse().ok()) else {
        // What has no mark of its own is text only if it decodes as text.
        if found == FileType::Txt {
            plain::read(&bytes)?;
        }
        return Err(Failure::mismatch(claimed, found));
    };
    match file_type {
        FileType::Pdf => pdf::read(&bytes),
        FileType::Docx => word::read(bytes, file_type, DocumentFormat::Docx),
        FileType::Doc => word::read(bytes, file_type, DocumentFormat::Doc),
        FileType::Txt => plain::read(&bytes),
        FileType::Rtf => rtf::read(&bytes),
        FileType::Html => html::read(&bytes),
        FileType::Eml => mail::read(&bytes),
        FileType::Md => markdown::read(&bytes),
    }
}
