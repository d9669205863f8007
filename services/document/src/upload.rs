//! A file on its way in: streamed to storage under a name of ours while it is hashed and counted.

use elenchus_idempotency::Unusable;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_proto::pb::document::v1::upload_document_request::Part;
use elenchus_rpc::UserId;
use elenchus_rpc::idempotency::{Fingerprint, Keyed};
use elenchus_rpc::status::{from_error, invalid};
use object_store::path::Path;
use object_store::{ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use tonic::{Status, Streaming};
use uuid::Uuid;

use crate::domain::{Document, Error, Labels, check_text, extension};
use crate::extract::FileType;
use crate::storage::{self, Files};
use crate::store::{Named, NewDocument, Store};

const MAX_NAME_CHARS: usize = 255;

/// Takes files in.
pub(crate) struct Uploads {
    pub(crate) store: Store,
    pub(crate) files: Files,
    pub(crate) max_file_size: u64,
    pub(crate) allowed: Vec<FileType>,
}

/// Bytes that are kept.
struct Kept {
    size: u64,
    hash: String,
}

impl Uploads {
    /// Stores a file and queues its reading. The same bytes of the same user are one document, and so are two
    /// uploads with one key.
    pub(crate) async fn take(
        &self,
        owner: UserId,
        keyed: Option<Keyed>,
        mut parts: Streaming<pb::UploadDocumentRequest>,
    ) -> Result<Document, Status> {
        let metadata = match parts.message().await?.and_then(|message| message.part) {
            Some(Part::Metadata(metadata)) => metadata,
            Some(Part::Data(_)) | None => {
                return Err(invalid("metadata", "must be the first message of an upload"));
            }
        };
        let (filename, file_type) = self.name(&metadata).map_err(from_error)?;
        let labels = labels(metadata).check().map_err(from_error)?;
        let document_id = Uuid::now_v7();
        let storage_key = format!("{owner}/{document_id}");
        let path = Path::from(storage_key.as_str());
        let kept = self.keep(&path, &mut parts).await?;
        let new = NewDocument {
            document_id,
            filename,
            file_type: file_type.as_str(),
            file_size: i64::try_from(kept.size).unwrap_or(i64::MAX),
            content_hash: kept.hash,
            storage_key,
            labels,
        };
        let named = keyed.map(|keyed| Named { fingerprint: fingerprint(&new), key: keyed.key });
        if let Some(found) = self.earlier(owner, named.as_ref()).await.transpose() {
            self.discard(&new.storage_key).await?;
            return found.map_err(from_error);
        }
        match self.store.insert(owner, &new, named.as_ref()).await {
            Ok(Some(document)) => Ok(document),
            Ok(None) => self.again(owner, &new, named.as_ref()).await,
            Err(Error::Key(Unusable::Taken)) => {
                self.discard(&new.storage_key).await?;
                let found = self.earlier(owner, named.as_ref()).await.map_err(from_error)?;
                found.ok_or_else(|| from_error(Unusable::Taken))
            }
            Err(error) => Err(from_error(error)),
        }
    }

    /// The document that an upload with the key has made.
    async fn earlier(
        &self,
        owner: UserId,
        named: Option<&Named>,
    ) -> Result<Option<Document>, Error> {
        let Some(named) = named else { return Ok(None) };
        let Some(id) = self.store.made(named).await? else { return Ok(None) };
        self.store.find(owner, id).await?.ok_or(Error::NotFound).map(Some)
    }

    async fn discard(&self, storage_key: &str) -> Result<(), Status> {
        let discarded = storage::delete(&*self.files, storage_key).await;
        discarded.map_err(Error::Files).map_err(from_error)
    }

    /// The owner has these bytes already. What could not be read then is tried anew; what was read
    /// stays as it is.
    async fn again(
        &self,
        owner: UserId,
        new: &NewDocument,
        named: Option<&Named>,
    ) -> Result<Document, Status> {
        let known = self.store.find_by_hash(owner, &new.content_hash).await.map_err(from_error)?;
        let known = known.ok_or_else(|| {
            Status::aborted("the document was deleted while it was uploaded again")
        })?;
        let anew = self.store.restart(owner, known.document_id, Some(new)).await;
        let (document, unused) = match anew.map_err(from_error)? {
            Some(document) => (document, &known.storage_key),
            None => (known.clone(), &new.storage_key),
        };
        self.discard(unused).await?;
        if let Some(named) = named {
            self.store.keep_name(named, document.document_id).await.map_err(from_error)?;
        }
        Ok(document)
    }

    /// The name without any folder, and the format that it says.
    fn name(&self, metadata: &pb::UploadMetadata) -> Result<(String, FileType), Error> {
        let name = metadata.filename.rsplit(['/', '\\']).next().unwrap_or_default().trim();
        check_text("filename", name, 1, MAX_NAME_CHARS)?;
        let file_type = extension(name).parse().ok().filter(|kind| self.allowed.contains(kind));
        let file_type = file_type.ok_or_else(|| {
            let allowed: Vec<_> = self.allowed.iter().map(|kind| format!(".{kind}")).collect();
            Error::Unsupported { allowed: allowed.join(", ") }
        })?;
        Ok((name.to_owned(), file_type))
    }

    /// Writes the parts as they come. Whatever ends the upload early leaves nothing behind.
    async fn keep(
        &self,
        path: &Path,
        parts: &mut Streaming<pb::UploadDocumentRequest>,
    ) -> Result<Kept, Status> {
        let files = |error| from_error(Error::Files(error));
        let mut file = WriteMultipart::new(self.files.put_multipart(path).await.map_err(files)?);
        let mut hash = Sha256::new();
        let outcome = self.pump(parts, &mut file, &mut hash).await;
        match outcome {
            Ok(size) => {
                file.finish().await.map_err(files)?;
                let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                Ok(Kept { size, hash })
            }
            Err(status) => {
                if let Err(error) = file.abort().await {
                    tracing::warn!(%error, "an upload that ended early was not cleared away");
                }
                Err(status)
            }
        }
    }

    async fn pump(
        &self,
        parts: &mut Streaming<pb::UploadDocumentRequest>,
        file: &mut WriteMultipart,
        hash: &mut Sha256,
    ) -> Result<u64, Status> {
        let mut size = 0;
        while let Some(message) = parts.message().await? {
            let Some(Part::Data(data)) = message.part else {
                return Err(invalid("metadata", "must be sent once, before the bytes"));
            };
            size += data.len() as u64;
            if size > self.max_file_size {
                return Err(from_error(Error::TooLarge { limit: self.max_file_size }));
            }
            hash.update(&data);
            file.wait_for_capacity(4).await.map_err(|error| from_error(Error::Files(error)))?;
            file.write(&data);
        }
        Ok(size)
    }
}

/// Of all that an upload says.
fn fingerprint(new: &NewDocument) -> Fingerprint {
    let Labels { category, jurisdiction, practice_area, keywords } = &new.labels;
    let said = [&new.content_hash, &new.filename, category, jurisdiction, practice_area];
    let mut hash = Sha256::new();
    for text in said.into_iter().chain(keywords) {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

fn labels(metadata: pb::UploadMetadata) -> Labels {
    Labels {
        category: metadata.document_category,
        jurisdiction: metadata.jurisdiction,
        practice_area: metadata.practice_area,
        keywords: metadata.keywords,
    }
}
