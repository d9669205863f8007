//! A library that grows: passages of a few sentences each, whose vectors are the means of the sentences' own.

use std::time::{Duration, Instant};

use elenchus_embedding::{Embedder, similarity};
use elenchus_postgres::has_answered_by_index;
use elenchus_rpc::UserId;
use sqlx::{AssertSqlSafe, PgPool};
use tokio::time::sleep;
use uuid::Uuid;

use crate::Failure;
use crate::node::Node;

const SENTENCES: usize = 2_000;
const SENTENCES_OF_PASSAGE: usize = 6;
const PASSAGES_OF_DOCUMENT: usize = 100;
const QUESTIONS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(600);

const WHO: [&str; 12] = [
    "tenant",
    "landlord",
    "licensee",
    "contributor",
    "petitioner",
    "respondent",
    "school",
    "clerk",
    "trustee",
    "guarantor",
    "insurer",
    "employer",
];
const DOES: [&str; 12] = [
    "pays",
    "repairs",
    "terminates",
    "assigns",
    "discloses",
    "files",
    "inspects",
    "insures",
    "withholds",
    "renews",
    "audits",
    "indemnifies",
];
const WHAT: [&str; 16] = [
    "the rent",
    "the roof",
    "the licence",
    "the records",
    "the petition",
    "the deposit",
    "the award",
    "the escrow",
    "the trademark",
    "the mortgage",
    "the invoice",
    "the affidavit",
    "the pension",
    "the warranty",
    "the easement",
    "the inventory",
];
const WHEN: [&str; 12] = [
    "within thirty days of notice",
    "on the first day of each month",
    "after a default",
    "before the hearing",
    "during the term",
    "upon written consent",
    "at its own expense",
    "by order of the court",
    "in good faith",
    "without prejudice",
    "under the agreement",
    "at the end of the fiscal year",
];

/// What is searched, and what is asked.
pub(crate) struct Library {
    pool: PgPool,
    owner: UserId,
    model: String,
    sentences: Vec<(String, Vec<f32>)>,
    questions: Vec<String>,
    size: usize,
    dice: Dice,
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}

impl Library {
    /// Empty as yet.
    pub(crate) async fn new(
        pool: PgPool,
        owner: UserId,
        embedder: &Embedder,
    ) -> Result<Self, Failure> {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let texts: Vec<String> = (0..SENTENCES).map(|_| sentence(&mut dice)).collect();
        let vectors = embedder.embed_passages(texts.clone()).await?;
        let question = |_| {
            let (who, does) = (WHO[dice.throw(WHO.len())], DOES[dice.throw(DOES.len())]);
            format!("when is it that the {who} {does} {}", WHAT[dice.throw(WHAT.len())])
        };
        let questions = (0..QUESTIONS).map(question).collect();
        let (model, sentences) = (embedder.model().to_owned(), texts.into_iter().zip(vectors));
        let sentences = sentences.collect();
        Ok(Self { pool, owner, model, sentences, questions, size: 0, dice })
    }

    pub(crate) fn questions(&self) -> &[String] {
        &self.questions
    }

    /// Adds documents until there are so many passages.
    pub(crate) async fn grow(&mut self, size: usize) -> Result<(), Failure> {
        // Built anew by the service when the passages are there, which is quicker.
        let indexes: Vec<String> = sqlx::query_scalar(
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
             JOIN pg_am ON pg_am.oid = relam WHERE amname = 'hnsw'",
        )
        .fetch_all(&self.pool)
        .await?;
        for index in indexes {
            sqlx::query(AssertSqlSafe(format!("DROP INDEX {index}"))).execute(&self.pool).await?;
        }
        while self.size < size {
            self.add_document().await?;
        }
        sqlx::query("VACUUM ANALYZE chunk").execute(&self.pool).await?;
        sqlx::query("VACUUM ANALYZE document").execute(&self.pool).await?;
        Ok(())
    }

    async fn add_document(&mut self) -> Result<(), Failure> {
        let document = Uuid::now_v7();
        let count = i32::try_from(PASSAGES_OF_DOCUMENT)?;
        sqlx::query(
            "INSERT INTO document (document_id, user_id, filename, original_filename, file_type, file_size,
                 content_hash, storage_key, status, chunk_count, embedded_by, due_at)
             VALUES ($1, $2, 'a.txt', 'a.txt', 'txt', 1, $3, $3, 'completed', $4, $5, NULL)",
        )
        .bind(document)
        .bind(self.owner.0)
        .bind(document.to_string())
        .bind(count)
        .bind(&self.model)
        .execute(&self.pool)
        .await?;
        let passages: Vec<_> = (0..PASSAGES_OF_DOCUMENT).map(|_| self.passage()).collect();
        let length = passages.first().map_or(0, |(_, vector)| vector.len());
        let (texts, vectors): (Vec<String>, Vec<Vec<f32>>) = passages.into_iter().unzip();
        let ids: Vec<Uuid> = texts.iter().map(|_| Uuid::now_v7()).collect();
        sqlx::query(
            "INSERT INTO chunk (chunk_id, document_id, chunk_index, content, start_char, end_char, word_count,
                 embedding, embedding_model)
             SELECT id, $1, at, text, at, at + 1, array_length(string_to_array(text, ' '), 1),
                    $4[(at - 1) * $5 + 1 : at * $5], $6
             FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS given (id, text, at)",
        )
        .bind(document)
        .bind(ids)
        .bind(texts)
        .bind(vectors.concat())
        .bind(i64::try_from(length)?)
        .bind(&self.model)
        .execute(&self.pool)
        .await?;
        self.size += PASSAGES_OF_DOCUMENT;
        Ok(())
    }

    fn passage(&mut self) -> (String, Vec<f32>) {
        let (mut text, mut sum) = (String::new(), Vec::new());
        for _ in 0..SENTENCES_OF_PASSAGE {
            let (sentence, vector) = &self.sentences[self.dice.throw(SENTENCES)];
            text.push_str(sentence);
            sum.resize(vector.len(), 0.0);
            sum.iter_mut().zip(vector).for_each(|(sum, number)| *sum += number);
        }
        let norm = similarity(&sum, &sum).sqrt();
        sum.iter_mut().for_each(|number| *number /= norm);
        (text, sum)
    }

    /// Waits until the node asks the index. False where the database has no pgvector.
    pub(crate) async fn is_indexed(&self, node: &Node) -> Result<bool, Failure> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            node.search(&self.questions[0], "meaning").await?;
            let mut connection = self.pool.acquire().await?;
            match has_answered_by_index(&mut connection).await? {
                Some(false) => sleep(Duration::from_secs(1)).await,
                known => return Ok(known.is_some()),
            }
        }
        Err("the index is not put to use".into())
    }
}

fn sentence(dice: &mut Dice) -> String {
    let mut pick = |list: &[&'static str]| list[dice.throw(list.len())];
    let (who, does, what, when) = (pick(&WHO), pick(&DOES), pick(&WHAT), pick(&WHEN));
    // Like the names and numbers of real papers: most words are rare.
    let number = dice.throw(5_000);
    format!("The {who} {does} {what} {when}, as item {number} of schedule{number} says. ")
}
