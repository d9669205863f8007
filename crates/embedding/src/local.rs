//! Gives the model threads of its own, and questions a thread that passages never occupy.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::ThreadPoolBuilder;
use tokio::sync::{mpsc, oneshot};

use crate::{Error, MiniLm};

/// Jobs that may wait in a lane before its senders do.
const LANE_LENGTH: usize = 32;

/// Passages of one job: a thread looks for cancelled work, and serves others, between jobs.
const JOB_LENGTH: usize = 4;

/// How much passages stand back, in the system's measure: while a question or a call wants the processor,
/// a thread of passages gets a quarter of it.
#[cfg(target_os = "linux")]
const PASSAGE_NICENESS: i32 = 5;

/// What a lane of texts is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Queries,
    Passages,
}

/// The asynchronous face of the model. Clones share its threads, which end with the last of them.
#[derive(Clone)]
pub(crate) struct Local {
    queries: mpsc::Sender<Job>,
    passages: mpsc::Sender<Job>,
}

struct Job {
    texts: Vec<String>,
    reply: oneshot::Sender<Result<Vec<Vec<f32>>, Error>>,
}

impl Local {
    /// Starts the threads, so many of them for passages.
    pub(crate) fn start(model: MiniLm, threads: NonZeroUsize) -> Result<Self, Error> {
        let model = Arc::new(model);
        Ok(Self {
            queries: lane(Lane::Queries, NonZeroUsize::MIN, &model)?,
            passages: lane(Lane::Passages, threads, &model)?,
        })
    }

    /// The vector of a question. Does not wait for passages.
    pub(crate) async fn embed_query(&self, text: String) -> Result<Vec<f32>, Error> {
        let reply = hand_over(&self.queries, vec![text]).await?;
        reply.await.map_err(|_| Error::Stopped)??.pop().ok_or(Error::Stopped)
    }

    /// One vector for each passage, in order. Waits its turn; dropping the future drops the work.
    pub(crate) async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
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
            vectors.extend(reply.await.map_err(|_| Error::Stopped)??);
        }
        Ok(vectors)
    }
}

async fn hand_over(
    lane: &mpsc::Sender<Job>,
    texts: Vec<String>,
) -> Result<oneshot::Receiver<Result<Vec<Vec<f32>>, Error>>, Error> {
    let (reply, receiver) = oneshot::channel();
    lane.send(Job { texts, reply }).await.map_err(|_| Error::Stopped)?;
    Ok(receiver)
}

/// Threads that share a queue and end when nobody can add to it any more.
fn lane(
    lane: Lane,
    threads: NonZeroUsize,
    model: &Arc<MiniLm>,
) -> Result<mpsc::Sender<Job>, Error> {
    let (sender, receiver) = mpsc::channel(LANE_LENGTH);
    let receiver = Arc::new(Mutex::new(receiver));
    let name = match lane {
        Lane::Queries => "embed-query",
        Lane::Passages => "embed-passage",
    };
    for _ in 0..threads.get() {
        let (model, receiver) = (Arc::clone(model), Arc::clone(&receiver));
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                if lane == Lane::Passages {
                    stand_back();
                }
                work(&model, &receiver);
            })
            .map_err(Error::Thread)?;
    }
    Ok(sender)
}

/// Lets questions and calls go before this thread. Where the system does not, they share alike.
fn stand_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, PASSAGE_NICENESS);
}

fn work(model: &MiniLm, jobs: &Mutex<mpsc::Receiver<Job>>) {
    // A product stays on this thread: it would else be cut up for threads that nobody counted.
    let _alone = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
    while let Some(job) = next() {
        // Whoever asked may have left while the job waited.
        if !job.reply.is_closed() {
            let _ = job.reply.send(model.embed(&job.texts));
        }
    }
}
