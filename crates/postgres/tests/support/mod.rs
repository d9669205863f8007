//! A private cluster in a folder of its own.

use std::path::{Path, PathBuf};

use elenchus_postgres::cluster::{Cluster, Error, Options, Programs};
use elenchus_settings::Env;
use tempfile::TempDir;

pub(crate) struct Scratch {
    _root: TempDir,
    pub(crate) folder: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { folder: root.path().join("postgres"), _root: root }
    }

    pub(crate) async fn start(&self) -> Cluster {
        start(&self.folder).await.unwrap()
    }
}

pub(crate) async fn start(folder: &Path) -> Result<Cluster, Error> {
    let programs = Programs::find(&Env::of_process().unwrap(), folder)?;
    Cluster::start(folder, &programs, Options { fsync: false }).await
}
