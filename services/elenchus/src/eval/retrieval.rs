//! How often a question finds the document and the passage that answer it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use elenchus_process::StartError;
use elenchus_proto::pb::document::v1::SearchResult;

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
}

/// Asks every question by every method.
pub(super) async fn measure(corpus: &Corpus, mesh: &Mesh) -> Result<String, StartError> {
    let library = upload(corpus, mesh).await?;
    let mut report = format!(
        "{} documents, {} passages, {} questions.\n\n",
        library.files.len(),
        library.passages,
        corpus.questions.len()
    );
    let mut rows = Vec::new();
    let mut missed = String::new();
    let mut relevances = (Vec::new(), Vec::new());
    for (name, method) in METHODS {
        // Of the last method, the fusion.
        relevances = (Vec::new(), Vec::new());
        let mut score = Score::default();
        for question in &corpus.questions {
            let found = mesh.search(&question.query, method, DEPTH).await?;
            let best = found.iter().map(|hit| hit.relevance).fold(0.0, f64::max);
            if question.answer.is_some() {
                score.add(question, &found, &library);
                relevances.0.push(best);
            } else {
                relevances.1.push(best);
            }
        }
        rows.push(score.row(name));
        missed
            .push_str(&format!("Not in the first five by {name}: {}.\n", score.missed.join(", ")));
    }
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
    ];
    report.push_str(&table(&head, &rows));
    report.push('\n');
    report.push_str(&missed);
    report.push_str(&answerable(&relevances.0, &relevances.1));
    Ok(report)
}

/// How well the relevance of the best passage tells what the corpus answers from what it does not.
fn answerable(answered: &[f64], unanswered: &[f64]) -> String {
    let kept = answered.iter().filter(|relevance| **relevance >= ANSWERABLE).count();
    let told = unanswered.iter().filter(|relevance| **relevance < ANSWERABLE).count();
    format!(
        "By a relevance of {ANSWERABLE}: {told}/{} questions without an answer recognised, {kept}/{} with one kept.\n",
        unanswered.len(),
        answered.len()
    )
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
