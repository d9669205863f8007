//! Clears away bytes that no row knows: of an upload that ended between its last byte and its row, or
//! of a copy that turned out not to be needed.

use std::path::{Path as Folder, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{TimeDelta, Utc};
use elenchus_rpc::Shutdown;
use futures_util::TryStreamExt;
use object_store::ObjectMeta;

use super::{Files, Place, delete};
use crate::domain::Error;
use crate::store::Store;

/// Files that are asked about at once.
const BATCH: usize = 500;

/// Looks for such bytes again and again.
pub(crate) struct Sweep {
    store: Store,
    files: Files,
    /// The folder, where files are kept in one.
    folder: Option<PathBuf>,
    /// Bytes younger than that may be about to get their row.
    grace: Duration,
    every: Duration,
}

impl Sweep {
    /// Of one place and of the rows that say what belongs there.
    pub(crate) fn new(store: Store, files: Files, place: &Place, pace: super::SweepPace) -> Self {
        let folder = if let Place::Folder(folder) = place { Some(folder.clone()) } else { None };
        Self { store, files, folder, grace: pace.grace, every: pace.every }
    }

    /// Sweeps until the stop. Replicas take turns as it happens: what one deleted another does not find.
    pub(crate) fn spawn(self, shutdown: &Shutdown) {
        let stopping = shutdown.clone();
        shutdown.spawn(async move {
            loop {
                match self.sweep().await {
                    Ok(0) => {}
                    Ok(count) => tracing::info!(count, "cleared away files that no document has"),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "files that no document has were not looked for");
                    }
                }
                tokio::select! {
                    () = tokio::time::sleep(self.every) => {}
                    () = stopping.stopping() => return,
                }
            }
        });
    }

    async fn sweep(&self) -> Result<usize, Error> {
        let mut count = 0;
        if let Some(folder) = self.folder.clone() {
            let grace = self.grace;
            // Nothing else runs on what is lost with the task.
            count += tokio::task::spawn_blocking(move || clear_parts(&folder, grace))
                .await
                .unwrap_or_default();
        }
        let grace = TimeDelta::from_std(self.grace).unwrap_or(TimeDelta::MAX);
        let old = Utc::now() - grace;
        let mut places = self.files.list(None).try_chunks(BATCH);
        loop {
            let batch = places.try_next().await.map_err(|broken| Error::Files(broken.1))?;
            let Some(batch) = batch else { return Ok(count) };
            count +=
                self.clear(batch.into_iter().filter(|place| place.last_modified < old)).await?;
        }
    }

    async fn clear(&self, places: impl Iterator<Item = ObjectMeta>) -> Result<usize, Error> {
        let keys: Vec<String> = places.map(|place| place.location.to_string()).collect();
        let orphans = self.store.unknown_files(&keys).await?;
        for key in &orphans {
            delete(&*self.files, key).await?;
        }
        Ok(orphans.len())
    }
}

/// The store writes a file under its name and `#` with a number until it is whole, and lists none of
/// those. What a killed process left of them is cleared here.
fn clear_parts(folder: &Folder, grace: Duration) -> usize {
    let old = SystemTime::now().checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            count += clear_parts(&entry.path(), grace);
        } else if entry.file_name().to_string_lossy().contains('#')
            && metadata.modified().is_ok_and(|modified| modified < old)
        {
            count += usize::from(std::fs::remove_file(entry.path()).is_ok());
        }
    }
    count
}
