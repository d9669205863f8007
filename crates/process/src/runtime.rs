//! What every process runs on: its threads and its allocator.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use elenchus_settings::Env;
use tikv_jemallocator::Jemalloc;
use tokio::runtime::{Builder, Runtime};

use crate::StartError;

/// A call makes and drops many small things; the C library's allocator is an eighth of its cost.
/// This one needs no more memory for that, unlike mimalloc.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Whether a process holds one role of the mesh or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Other processes of the mesh run beside it, as a rule on the same cores.
    OneRole,
    /// What would be calls between processes are calls within it.
    SeveralRoles,
}

/// The runtime of a process, with the threads of `WORKER_THREADS`.
pub(crate) fn build(env: &Env, share: Share) -> Result<Runtime, StartError> {
    let threads = env.or("WORKER_THREADS", usual_threads(share))?;
    Ok(Builder::new_multi_thread().worker_threads(threads.get()).enable_all().build()?)
}

/// With a thread for each core in every process, a call that passes three of them wakes threads
/// more often than it computes.
fn usual_threads(share: Share) -> NonZeroUsize {
    let cores = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    match share {
        Share::SeveralRoles => cores,
        Share::OneRole => NonZeroUsize::new(cores.get() / 2).unwrap_or(NonZeroUsize::MIN),
    }
}
