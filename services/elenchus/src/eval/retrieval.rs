//! How often a question finds the document and the passage that answer it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::time::{Duration, Instant};

use elenchus_document::search::{DEPTH as DEPTH_OF_FUSION, RANK_DAMPING};
use elenchus_postgres::has_answered_by_index;
use elenchus_process::StartError;
use elenchus_proto::pb::document::v1::SearchResult;
use tokio::time::sleep;

use super::corpus::{Corpus, Question};
use super::extraction::text;
use super::mesh::Mesh;
use super::table::table;
use super::words::{Word, places, words};

/// Passages that are asked for.
const DEPTH: i32 = 10;
/// Passages that a reader looks at.
const FIRST: usize = 5;
/// The relevance below which the documents most likely do not answer, as the contract says.
const ANSWERABLE: f64 = 0.46;
/// The method's name, and what the service calls it.
const METHODS: [(&str, &str); 3] = [("full text", "words"), ("vectors", "meaning"), ("fusion", "")];
/// Those that ask for the nearest vectors.
const BY_MEANING: [(&str, &str); 2] = [("vectors, pgvector", "meaning"), ("fusion, pgvector", "")];
/// How long the index may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was uploaded.
struct Library {
    /// The file that a document came from.
    files: HashMap<String, String>,
    /// The words of each file, with their places.
    words: HashMap<String, Vec<Word>>,
    passages: usize,
}

/// What one method found for all questions.
#[derive(Default)]
struct Score {
    questions: usize,
    documents: [usize; 3],
    answers: [usize; 3],
    reciprocal_ranks: f64,
    span_recall: f64,
    span_precision: f64,
    missed: Vec<String>,
    /// Questions without an answer, and those of them that relevance tells.
    unanswered: usize,
    told: usize,
    /// Questions with an answer that relevance takes for such.
    kept: usize,
}

/// Asks every question by every method, looking at each vector and then by pgvector's index.
pub(super) async fn measure(corpus: &Corpus, mesh: Mesh) -> Result<(Mesh, String), StartError> {
    let library = upload(corpus, &mesh).await?;
    let mut asked = Asked::default();
    for (name, method) in METHODS {
        asked.ask(corpus, &library, &mesh, name, method).await?;
    }
    let mesh = mesh.restart("VECTOR_EXACT_UP_TO", "0").await?;
    let is_indexed = is_indexed(&mesh).await?;
    for (name, method) in BY_MEANING.into_iter().filter(|_| is_indexed) {
        asked.ask(corpus, &library, &mesh, name, method).await?;
    }
    let mut report = format!(
        "{} documents, {} passages, {} questions; {}; fused by reciprocal ranks damped by {RANK_DAMPING} over \
         {DEPTH_OF_FUSION} places.\n\n",
        library.files.len(),
        library.passages,
        corpus.questions.len(),
        asked.model,
    );
    let head = [
        "method",
        "document @1",
        "@5",
        "@10",
        "MRR",
        "answer @1",
        "@5",
        "@10",
        "span recall @5",
        "span precision @5",
        "unanswerable",
        "answerable",
    ];
    report.push_str(&table(&head, &asked.rows));
    if !is_indexed {
        report.push_str("\nNot by pgvector, which is not there.\n");
    }
    report.push('\n');
    report.push_str(&asked.missed);
    report.push_str(&format!(
        "Unanswerable: told by a relevance below {ANSWERABLE}; answerable: kept by one of it or above.\n"
    ));
    Ok((mesh, report))
}

/// Whether the index of vectors is there, once it had the time to be built.
async fn is_indexed(mesh: &Mesh) -> Result<bool, StartError> {
    let mut database = mesh.database().await?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        // Asked until the index answers: the service puts it to use once it is built.
        mesh.search("anything", "meaning", DEPTH).await?;
        match has_answered_by_index(&mut database).await? {
            Some(false) => sleep(Duration::from_millis(500)).await,
            known => return Ok(known.is_some()),
        }
    }
    Ok(false)
}

/// What was asked, and how it went.
#[derive(Default)]
struct Asked {
    rows: Vec<Vec<String>>,
    missed: String,
    model: String,
}

impl Asked {
    /// Asks every question by a method.
    async fn ask(
        &mut self,
        corpus: &Corpus,
        library: &Library,
        mesh: &Mesh,
        name: &str,
        method: &str,
    ) -> Result<(), StartError> {
        let mut score = Score::default();
        for question in &corpus.questions {
            let found = mesh.search(&question.query, method, DEPTH).await?;
            if !found.embedding_model.is_empty() {
                self.model = found.embedding_model;
            }
            let best = found.results.iter().map(|hit| hit.relevance).fold(0.0, f64::max);
            if question.answer.is_some() {
                score.add(question, &found.results, library);
                score.kept += usize::from(best >= ANSWERABLE);
            } else {
                score.unanswered += 1;
                score.told += usize::from(best < ANSWERABLE);
            }
        }
        self.rows.push(score.row(name));
        let missed = score.missed.join(", ");
        self.missed.push_str(&format!("Not in the first five by {name}: {missed}.\n"));
        Ok(())
    }
}

async fn upload(corpus: &Corpus, mesh: &Mesh) -> Result<Library, StartError> {
    let mut library = Library { files: HashMap::new(), words: HashMap::new(), passages: 0 };
    for document in &corpus.documents {
        let read = match mesh.read(&document.file, &corpus.bytes(&document.file)?).await {
            Ok(read) if read.processing_status == "completed" => read,
            Ok(read) => {
                eprintln!("{}: {}", document.file, read.processing_error);
                continue;
            }
            Err(status) => {
                eprintln!("{}: {}", document.file, status.message());
                continue;
            }
        };
        let passages = mesh.passages(&read.id).await?;
        library.passages += passages.len();
        library.words.insert(document.file.clone(), words(&text(&passages)));
        library.files.insert(read.id, document.file.clone());
    }
    Ok(library)
}

impl Score {
    fn add(&mut self, question: &Question, found: &[SearchResult], library: &Library) {
        let relevant: Vec<Option<&str>> = found
            .iter()
            .map(|hit| library.files.get(&hit.document_id).map(String::as_str))
            .map(|file| file.filter(|file| question.relevant.iter().any(|named| named == file)))
            .collect();
        let spans = spans(question, library);
        let holds = |(hit, file): (&SearchResult, &Option<&str>)| {
            file.and_then(|file| spans.get(file)).is_some_and(|spans| {
                spans.iter().any(|span| hit.start() <= span.start && span.end <= hit.end())
            })
        };
        let document = relevant.iter().position(Option::is_some);
        let answer = found.iter().zip(&relevant).position(holds);
        for (at, depth) in [1, FIRST, DEPTH as usize].into_iter().enumerate() {
            self.documents[at] += usize::from(document.is_some_and(|rank| rank < depth));
            self.answers[at] += usize::from(answer.is_some_and(|rank| rank < depth));
        }
        self.questions += 1;
        self.reciprocal_ranks += document.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
        let (recall, precision) = covered(found, &relevant, &spans);
        self.span_recall += recall;
        self.span_precision += precision;
        if answer.is_none_or(|rank| rank >= FIRST) {
            self.missed.push(question.id.clone());
        }
    }

    fn row(&self, name: &str) -> Vec<String> {
        let of_all = |count: usize| format!("{count}/{}", self.questions);
        let mean = |sum: f64| format!("{:.3}", sum / self.questions.max(1) as f64);
        let mut row = vec![name.to_owned()];
        row.extend(self.documents.map(of_all));
        row.push(mean(self.reciprocal_ranks));
        row.extend(self.answers.map(of_all));
        row.extend([mean(self.span_recall), mean(self.span_precision)]);
        row.extend([format!("{}/{}", self.told, self.unanswered), of_all(self.kept)]);
        row
    }
}

/// Where the answer stands in each document that has it.
fn spans<'a>(question: &'a Question, library: &Library) -> HashMap<&'a str, Vec<Range<usize>>> {
    let answer = words(question.answer.as_deref().unwrap_or_default());
    let of_file = |file: &'a String| {
        let places = places(library.words.get(file)?, &answer);
        Some((file.as_str(), places))
    };
    question.relevant.iter().filter_map(of_file).collect()
}

/// How much of the answer the first passages hold, where they hold most of it, and how much of what
/// they hold is the answer.
fn covered(
    found: &[SearchResult],
    relevant: &[Option<&str>],
    spans: &HashMap<&str, Vec<Range<usize>>>,
) -> (f64, f64) {
    let mut shown: HashMap<&str, HashSet<usize>> = HashMap::new();
    let mut total = 0;
    for (hit, file) in found.iter().zip(relevant).take(FIRST) {
        total += hit.end() - hit.start();
        if let Some(file) = file {
            shown.entry(file).or_default().extend(hit.start()..hit.end());
        }
    }
    let mut recall: f64 = 0.0;
    let mut answering = 0;
    for (file, chars) in &shown {
        for span in spans.get(file).into_iter().flatten() {
            let held = span.clone().filter(|at| chars.contains(at)).count();
            recall = recall.max(held as f64 / span.len().max(1) as f64);
            answering += held;
        }
    }
    (recall, answering as f64 / total.max(1) as f64)
}

/// The characters of its document's text that a result stands at.
trait Place {
    fn start(&self) -> usize;
    fn end(&self) -> usize;
}

impl Place for SearchResult {
    fn start(&self) -> usize {
        usize::try_from(self.start_char).unwrap_or_default()
    }

    fn end(&self) -> usize {
        usize::try_from(self.end_char).unwrap_or_default()
    }
}
