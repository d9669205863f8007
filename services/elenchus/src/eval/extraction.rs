//! How much of each file's text is read, and what becomes of files that cannot be.

use std::time::Instant;

use elenchus_process::StartError;
use elenchus_proto::pb::document::v1 as pb;

use super::corpus::{Corpus, Document};
use super::mesh::Mesh;
use super::table::table;
use super::words::{Word, places, recall_and_precision, words};

/// Reads every file of the corpus.
pub(super) async fn measure(corpus: &Corpus, mesh: &Mesh) -> Result<String, StartError> {
    let mut rows = Vec::new();
    for document in &corpus.documents {
        rows.push(readable(corpus, mesh, document).await?);
    }
    rows.sort();
    let head = ["file", "read by", "pages", "phrases", "word recall", "precision", "seconds"];
    let mut report = table(&head, &rows);

    let mut rows = Vec::new();
    for malformed in &corpus.malformed {
        rows.push(unreadable(corpus, mesh, &malformed.file).await?);
    }
    report.push('\n');
    report.push_str(&table(
        &["malformed file", "outcome", "seconds", "what its owner is told"],
        &rows,
    ));
    Ok(report)
}

async fn readable(
    corpus: &Corpus,
    mesh: &Mesh,
    document: &Document,
) -> Result<Vec<String>, StartError> {
    let truth = words(&corpus.truth(&document.file)?);
    let began = Instant::now();
    let read = match mesh.read(&document.file, &corpus.bytes(&document.file)?).await {
        Ok(read) => read,
        Err(status) => return Ok(refused(&document.file, status.message())),
    };
    let took = began.elapsed().as_secs_f64();
    if read.processing_status != "completed" {
        return Ok(refused(&document.file, &read.processing_error_code));
    }
    let text = words(&text(&mesh.passages(&read.id).await?));
    let (recall, precision) = recall_and_precision(&text, &truth);
    let phrases = held(&text, &document.must_contain);
    let scan = if document.needs_ocr { " (scan)" } else { "" };
    Ok(vec![
        format!("{}{scan}", document.file),
        read.reader,
        if read.page_count > 0 { read.page_count.to_string() } else { String::new() },
        format!("{phrases}/{}", document.must_contain.len()),
        format!("{recall:.3}"),
        format!("{precision:.3}"),
        format!("{took:.2}"),
    ])
}

fn refused(file: &str, why: &str) -> Vec<String> {
    let mut row = vec![String::new(); 7];
    row[0] = file.to_owned();
    row[1] = format!("not read: {why}");
    row
}

fn held(text: &[Word], phrases: &[String]) -> usize {
    phrases.iter().filter(|phrase| !places(text, &words(phrase)).is_empty()).count()
}

async fn unreadable(corpus: &Corpus, mesh: &Mesh, file: &str) -> Result<Vec<String>, StartError> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let began = Instant::now();
    let (outcome, message) = match mesh.read(name, &corpus.bytes(file)?).await {
        Ok(read) if read.processing_status == "completed" => {
            (format!("read by {}", read.reader), format!("{} characters", read.char_count))
        }
        Ok(read) => (read.processing_error_code, read.processing_error),
        Err(status) => (format!("{:?}", status.code()), status.message().to_owned()),
    };
    Ok(vec![name.to_owned(), outcome, format!("{:.2}", began.elapsed().as_secs_f64()), message])
}

/// A document's text, rebuilt from its passages. What stands between two of them is white space.
pub(super) fn text(passages: &[pb::Chunk]) -> String {
    let mut text: Vec<char> = Vec::new();
    for passage in passages {
        let start = usize::try_from(passage.start_char).unwrap_or_default();
        // Passages overlap: this cuts what the next one repeats, or fills the gap before it.
        text.resize(start, '\n');
        text.extend(passage.content.chars());
    }
    text.into_iter().collect()
}
