//! `elenchus.rpc.v1.PersonalDataService` over a service's inventory.

use std::sync::Arc;
use std::time::Duration;

use elenchus_proto::pb::rpc::v1 as pb;
use elenchus_proto::pb::rpc::v1::personal_data_service_server::{
    PersonalDataService, PersonalDataServiceServer,
};
use elenchus_rpc::status::{Classify, from_error, invalid, with_reason};
use elenchus_rpc::{Shutdown, UserId};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sqlx::PgPool;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use crate::export::{Reader, Stop};
use crate::{Error, Files, Inventory, erase, export};

/// Half of what a call has that answers once.
const BUDGET: Duration = Duration::from_secs(30);
/// Exports at once. Each holds a connection of the service for as long as its reader reads.
const EXPORTS: usize = 2;
/// Pieces that wait for a slow reader.
const WAITING: usize = 2;

/// Hands out and erases what a service holds of a user.
#[derive(Clone)]
pub struct PersonalData {
    pool: PgPool,
    inventory: Inventory,
    files: Option<Arc<dyn Files>>,
    exports: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl PersonalData {
    /// What a service holds in its database.
    pub fn new(pool: PgPool, inventory: Inventory, shutdown: Shutdown) -> Self {
        Self { pool, inventory, files: None, exports: Arc::new(Semaphore::new(EXPORTS)), shutdown }
    }

    /// And what it keeps beside it.
    #[must_use]
    pub fn with_files(self, files: Arc<dyn Files>) -> Self {
        Self { files: Some(files), ..self }
    }

    /// For the server of the service.
    pub fn into_service(self) -> PersonalDataServiceServer<Self> {
        PersonalDataServiceServer::new(self)
    }

    /// Everything that the service holds of a user and may hand out, as bytes of lines of JSON.
    pub fn export(
        &self,
        user: UserId,
    ) -> Result<BoxStream<'static, Result<Vec<u8>, Status>>, Status> {
        let Ok(permit) = Arc::clone(&self.exports).try_acquire_owned() else {
            let message = "too many exports run right now; try again in a moment";
            return Err(with_reason(Code::ResourceExhausted, "TOO_MANY_EXPORTS", message));
        };
        let (pieces, received) = mpsc::channel(WAITING);
        let this = self.clone();
        self.shutdown.spawn(async move {
            let mut reader = Reader { pieces, waiting: Vec::new() };
            let files = this.files.as_deref();
            let done = export::export(&this.pool, &this.inventory, files, user, &mut reader).await;
            if let Err(Stop::Failed(error)) = done {
                // An error here is the reader's leaving, seen a moment later.
                let _ = reader.pieces.send(Err(from_error(error))).await;
            }
            drop(permit);
        });
        Ok(ReceiverStream::new(received).boxed())
    }

    /// Erases what the service holds of a user, for a while. True when nothing is left.
    pub async fn erase(&self, user: UserId) -> Result<bool, Error> {
        // Rows name the files' places, so the files go first.
        if let Some(files) = &self.files {
            files.erase(user).await?;
        }
        Ok(erase::erase(&self.pool, &self.inventory, user, BUDGET).await?)
    }
}

#[tonic::async_trait]
impl PersonalDataService for PersonalData {
    type ExportPersonalDataStream =
        BoxStream<'static, Result<pb::ExportPersonalDataResponse, Status>>;

    #[tracing::instrument(name = "personal_data.export", skip_all)]
    async fn export_personal_data(
        &self,
        request: Request<pb::ExportPersonalDataRequest>,
    ) -> Result<Response<Self::ExportPersonalDataStream>, Status> {
        let user = user(&request.get_ref().user_id)?;
        let pieces = self.export(user)?;
        let answers = pieces.map(|data| Ok(pb::ExportPersonalDataResponse { data: data? }));
        Ok(Response::new(answers.boxed()))
    }

    #[tracing::instrument(name = "personal_data.erase", skip_all)]
    async fn erase_personal_data(
        &self,
        request: Request<pb::ErasePersonalDataRequest>,
    ) -> Result<Response<pb::ErasePersonalDataResponse>, Status> {
        let user = user(&request.get_ref().user_id)?;
        let is_done = self.erase(user).await.map_err(from_error)?;
        Ok(Response::new(pb::ErasePersonalDataResponse { is_done }))
    }
}

fn user(raw: &str) -> Result<UserId, Status> {
    Uuid::try_parse(raw).map(UserId).map_err(|_| invalid("user_id", "is not a UUID"))
}

impl Classify for Error {
    fn code(&self) -> Code {
        match self {
            Self::Store(failure) => failure.code(),
            Self::Files(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(failure) => failure.reason(),
            Self::Files(_) => "FILES",
        }
    }
}
