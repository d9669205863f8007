//! Gives the model threads of its own, and questions a thread that passages never occupy.

use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::{Error, MiniLm, Settings};

/// Jobs that may wait in a lane before its senders do.
const LANE_LENGTH: usize = 32;

/// Passages of one job: a thread looks for cancelled work, and serves others, between jobs.
const JOB_LENGTH: usize = 4;

/// More would take the processor from the questions.
const MAX_PASSAGE_THREADS: usize = 4;

/// The asynchronous face of the model. Clones share its threads, which end with the last of them.
#[derive(Clone)]
pub struct Embedder {
    queries: mpsc::Sender<Job>,
    passages: mpsc::Sender<Job>,
}

struct Job {
    texts: Vec<String>,
    reply: oneshot::Sender<Vec<Vec<f32>>>,
}

impl Embedder {
    /// Loads the model that the settings name, if they name one. Blocks for a fraction of a second.
    pub fn open(settings: &Settings) -> Result<Option<Self>, Error> {
        let Some(folder) = &settings.folder else {
            return Ok(None);
        };
        let embedder = Self::start(MiniLm::load(folder)?)?;
        tracing::info!(folder = %folder.display(), "loaded the embedding model");
        Ok(Some(embedder))
    }

    /// Starts the threads.
    pub fn start(model: MiniLm) -> Result<Self, Error> {
        let model = Arc::new(model);
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            queries: lane("embed-query", 1, &model)?,
            passages: lane("embed-passage", (cores / 2).clamp(1, MAX_PASSAGE_THREADS), &model)?,
        })
    }

    /// The vector of a question. Does not wait for passages.
    pub async fn embed_query(&self, text: String) -> Result<Vec<f32>, Error> {
        let reply = hand_over(&self.queries, vec![text]).await?;
        reply.await.ok().and_then(|mut vectors| vectors.pop()).ok_or(Error::Stopped)
    }

    /// One vector for each passage, in order. Waits its turn; dropping the future drops the work.
    pub async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut replies = Vec::new();
        let mut texts = texts.into_iter();
        loop {
            let job: Vec<String> = texts.by_ref().take(JOB_LENGTH).collect();
            if job.is_empty() {
                break;
            }
            replies.push(hand_over(&self.passages, job).await?);
        }
        for reply in replies {
            vectors.extend(reply.await.map_err(|_| Error::Stopped)?);
        }
        Ok(vectors)
    }
}

async fn hand_over(
    lane: &mpsc::Sender<Job>,
    texts: Vec<String>,
) -> Result<oneshot::Receiver<Vec<Vec<f32>>>, Error> {
    let (reply, receiver) = oneshot::channel();
    lane.send(Job { texts, reply }).await.map_err(|_| Error::Stopped)?;
    Ok(receiver)
}

/// Threads that share a queue and end when nobody can add to it any more.
fn lane(name: &str, threads: usize, model: &Arc<MiniLm>) -> Result<mpsc::Sender<Job>, Error> {
    let (sender, receiver) = mpsc::channel(LANE_LENGTH);
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..threads {
        let (model, receiver) = (Arc::clone(model), Arc::clone(&receiver));
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&model, &receiver))
            .map_err(Error::Thread)?;
    }
    Ok(sender)
}

fn work(model: &MiniLm, jobs: &Mutex<mpsc::Receiver<Job>>) {
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
    while let Some(job) = next() {
        // Whoever asked may have left while the job waited.
        if !job.reply.is_closed() {
            let _ = job.reply.send(model.embed(&job.texts));
        }
    }
}
