//! Whether files can be kept at a place: one is written, read and deleted.

use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use uuid::Uuid;

use super::{Place, delete, open};

const BYTES: &[u8] = b"elenchus";

/// Writes a file of its own, reads it, and deletes it.
pub async fn probe_files(place: &Place) -> Result<(), object_store::Error> {
    let files = open(place)?;
    let key = format!("probe/{}", Uuid::now_v7());
    let path = Path::from(key.as_str());
    files.put(&path, PutPayload::from_static(BYTES)).await?;
    let read = files.get(&path).await?.bytes().await;
    delete(&*files, &key).await?;
    if read? == BYTES {
        return Ok(());
    }
    let source = "what was read is not what was written".into();
    Err(object_store::Error::Generic { store: "probe", source })
}
