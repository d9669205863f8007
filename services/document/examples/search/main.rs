//! How long searches take, and what they miss, in libraries of the sizes that the arguments name. The same
//! questions go to the service by words, by meaning looking at each vector, by meaning through pgvector's
//! index, and by both; and to PostgreSQL alone. Run by `make bench-search`.

#![expect(clippy::print_stdout, reason = "the program's one answer")]

mod library;
mod node;
mod raw;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use elenchus_document::store::MIGRATOR;
use elenchus_embedding::{Embedder, Settings};
use elenchus_rpc::UserId;
use elenchus_settings::Env;
use elenchus_testkit::postgres::database;
use uuid::Uuid;

use self::library::Library;
use self::node::Node;
use self::raw::Raw;

type Failure = Box<dyn std::error::Error>;

/// Questions of one side in one library.
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let sizes: Vec<usize> =
        std::env::args().skip(1).map(|size| size.parse()).collect::<Result<_, _>>()?;
    let embedding = Settings::from_env(&Env::of_process()?)?;
    let embedder = Embedder::open(&embedding)?.ok_or("no model: run scripts/fetch-model.sh")?;
    let (database, pool) = database(elenchus_document::NAME, &MIGRATOR).await;
    let owner = UserId(Uuid::now_v7());
    let mut library = Library::new(pool.clone(), owner, &embedder).await?;
    println!("| passages | asked | p50 ms | p99 ms | first ten found |");
    println!("| --- | --- | --- | --- | --- |");
    for size in sizes {
        library.grow(size).await?;
        eprintln!("{size} passages are there");
        let node = |pairs| Node::start(&database, owner, pairs);
        let each = node(&[("VECTOR_EXACT_UP_TO", "1000000000")]).await?;
        let rarest = node(&[("WORDS_EXACT_UP_TO", "0")]).await?;
        let indexed = node(&[("VECTOR_EXACT_UP_TO", "0")]).await?;
        let is_indexed = library.is_indexed(&indexed).await?;
        eprintln!("the index is {}", if is_indexed { "built" } else { "not to be had" });
        let questions = library.questions();
        let by_words = ask(&each, questions, "words").await?;
        let by_meaning = ask(&each, questions, "meaning").await?;
        report(size, "words", &by_words, None);
        let of_rarest = ask(&rarest, questions, "words").await?;
        report(size, "words, the rarest in the database", &of_rarest, Some(&by_words));
        report(size, "meaning, each vector looked at", &by_meaning, None);
        if is_indexed {
            let found = ask(&indexed, questions, "meaning").await?;
            report(size, "meaning, pgvector", &found, Some(&by_meaning));
        }
        report(size, "both, each vector looked at", &ask(&each, questions, "").await?, None);
        if is_indexed {
            report(size, "both, pgvector", &ask(&indexed, questions, "").await?, None);
        }
        let mut raw = Raw::connect(database.url(), &embedder, questions).await?;
        report(size, "PostgreSQL alone: ts_rank", &raw.by_words().await?, None);
        if is_indexed {
            report(
                size,
                "PostgreSQL alone: pgvector's index",
                &raw.by_index().await?,
                Some(&by_meaning),
            );
            report(size, "PostgreSQL alone: each vector", &raw.by_each().await?, None);
        }
    }
    Ok(())
}

/// How long each question took, and the passages that its last asking found.
#[derive(Default)]
struct Asked {
    took: Vec<Duration>,
    found: Vec<Vec<Uuid>>,
}

async fn ask(node: &Node, questions: &[String], method: &str) -> Result<Asked, Failure> {
    let mut asked = Asked::default();
    for round in 0..=ROUNDS {
        asked.found.clear();
        for question in questions {
            let began = Instant::now();
            let found = node.search(question, method).await?;
            // The first round warms up.
            if round > 0 {
                asked.took.push(began.elapsed());
            }
            asked.found.push(found);
        }
    }
    Ok(asked)
}

fn report(size: usize, name: &str, asked: &Asked, exact: Option<&Asked>) {
    let mut took = asked.took.clone();
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3;
    let recall = exact.map_or_else(String::new, |exact| format!("{:.3}", recall(asked, exact)));
    println!("| {size} | {name} | {:.1} | {:.1} | {recall} |", at(50), at(99));
}

/// The share of what is really the best that was found.
fn recall(asked: &Asked, exact: &Asked) -> f64 {
    let (mut held, mut all) = (0, 0);
    for (found, best) in asked.found.iter().zip(&exact.found) {
        let found: HashSet<&Uuid> = found.iter().collect();
        held += best.iter().filter(|id| found.contains(id)).count();
        all += best.len();
    }
    held as f64 / all.max(1) as f64
}
