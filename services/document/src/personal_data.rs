//! What the service holds of a user: rows, and the bytes of the files.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use elenchus_personal_data::{
    Erase, Error, Export, Files, IDEMPOTENCY_KEY, Inventory, OUTBOX, Table,
};
use elenchus_rpc::UserId;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::{Value, json};

use crate::{NAME, storage};

/// Every table of the service.
pub const PERSONAL_DATA: Inventory = Inventory {
    service: NAME,
    tables: &[
        Table {
            name: "document",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[
                "storage_key",
                "due_at",
                "leased_by",
                "leased_until",
                "fence",
                "attempt",
            ]),
            erase: Erase::Delete,
        },
        Table {
            name: "page",
            rows: "t.document_id IN (SELECT document_id FROM document WHERE user_id = $1)",
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "chunk",
            rows: "t.document_id IN (SELECT document_id FROM document WHERE user_id = $1)",
            export: Export::RowWithout(&["words", "embedding", "embedding_model"]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "legal_citation",
            rows: "t.document_id IN (SELECT document_id FROM document WHERE user_id = $1)",
            export: Export::RowWithout(&[]),
            erase: Erase::Otherwise,
        },
        Table {
            name: "embedding_job",
            rows: "t.document_id IN (SELECT document_id FROM document WHERE user_id = $1)",
            // The document says the same of itself.
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "description_job",
            rows: "t.document_id IN (SELECT document_id FROM document WHERE user_id = $1)",
            export: Export::Nothing,
            erase: Erase::Otherwise,
        },
        Table {
            name: "deletion",
            rows: "t.user_id = $1",
            export: Export::RowWithout(&[
                "storage_key",
                "due_at",
                "leased_by",
                "leased_until",
                "fence",
                "attempt",
            ]),
            // The files are gone by now, and the conversation service erases its own.
            erase: Erase::Delete,
        },
        IDEMPOTENCY_KEY,
        OUTBOX,
    ],
    impersonal: &[],
};

/// The bytes of everybody's files, each user's below a folder of their own.
pub(crate) struct StoredFiles(pub(crate) storage::Files);

#[async_trait]
impl Files for StoredFiles {
    /// A row for each part of each file, in order, as base64.
    fn export(&self, user: UserId) -> BoxStream<'_, Result<Value, Error>> {
        let places = self.0.list(Some(&folder(user))).map_err(failed);
        let parts = places.map_ok(async move |place| {
            let file = self.0.get(&place.location).await.map_err(failed)?;
            let document_id = place.location.filename().unwrap_or_default().to_owned();
            let parts = file.into_stream().map_err(failed).enumerate().map(move |(index, part)| {
                let data = STANDARD.encode(part?);
                Ok(json!({"document_id": document_id, "part": index, "base64": data}))
            });
            Ok(parts)
        });
        parts.try_buffered(1).try_flatten().boxed()
    }

    /// Also files without a row: of an upload that a crash cut off, or that came after the rows went.
    async fn erase(&self, user: UserId) -> Result<(), Error> {
        let mut places = self.0.list(Some(&folder(user)));
        while let Some(place) = places.try_next().await.map_err(failed)? {
            storage::delete(&*self.0, place.location.as_ref()).await.map_err(failed)?;
        }
        Ok(())
    }
}

fn folder(user: UserId) -> Path {
    Path::from(user.to_string())
}

fn failed(error: object_store::Error) -> Error {
    Error::Files(error.into())
}
