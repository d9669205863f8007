//! Bytes on this machine, for programs that read files.

use std::fs::File;
use std::io;

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// Why bytes could not be brought here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCopied {
    /// They cannot be had.
    #[error(transparent)]
    Files(#[from] object_store::Error),
    /// They cannot be kept here.
    #[error("the file cannot be copied to this machine")]
    Local(#[from] io::Error),
}

/// A copy without a name: gone when it is closed.
pub(crate) async fn local_copy(files: &dyn ObjectStore, key: &str) -> Result<File, NotCopied> {
    let mut copy = tokio::fs::File::from_std(tempfile::tempfile()?);
    let mut bytes = files.get(&Path::from(key)).await?.into_stream();
    while let Some(part) = bytes.try_next().await? {
        copy.write_all(&part).await?;
    }
    copy.rewind().await?;
    Ok(copy.into_std().await)
}
