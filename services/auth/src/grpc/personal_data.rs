//! What the whole installation holds of a user: handed out, and erased with the account.

use std::sync::Arc;
use std::time::SystemTime;

use elenchus_personal_data::PersonalData;
use elenchus_proto::google::api::HttpBody;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::personal_data_service_server::PersonalDataService;
use elenchus_rpc::status::from_error;
use elenchus_rpc::{Caller, UserId};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use secrecy::SecretString;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::origin;
use super::user::user_id;
use crate::credentials::Credentials;
use crate::domain::audit::{Act, Actor, Event};
use crate::domain::{Erasure, Error, Origin, SessionId};
use crate::erasure::{Erasures, Holders};
use crate::store::Store;

const LINES_OF_JSON: &str = "application/x-ndjson";
/// Whoever does not find it knows that the archive was cut off.
const LAST_LINE: &[u8] = b"{\"complete\":true}\n";

/// `elenchus.auth.v1.PersonalDataService`.
pub(crate) struct PersonalDataRpc {
    /// Who may close an account, and who is told that one was.
    pub(crate) credentials: Arc<Credentials>,
    /// What holds the record.
    pub(crate) store: Store,
    /// What closes accounts.
    pub(crate) erasures: Erasures,
    /// What this service holds.
    pub(crate) own: PersonalData,
    /// What the others hold.
    pub(crate) holders: Holders,
}

impl PersonalDataRpc {
    async fn close(
        &self,
        actor: Actor,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<Option<pb::Erasure>, Status> {
        let begun = self.erasures.begin(actor, user_id, origin).await.map_err(from_error)?;
        let (erasure, ended) = begun.ok_or_else(|| from_error(Error::NoAccount))?;
        self.credentials.sessions.change(ended).await;
        Ok(Some(erasure.into()))
    }
}

#[tonic::async_trait]
impl PersonalDataService for PersonalDataRpc {
    type ExportMyDataStream = BoxStream<'static, Result<HttpBody, Status>>;

    #[tracing::instrument(name = "auth.export_my_data", skip_all)]
    async fn export_my_data(
        &self,
        request: Request<pb::ExportMyDataRequest>,
    ) -> Result<Response<Self::ExportMyDataStream>, Status> {
        let caller = Caller::of(&request)?;
        let event = Event::by_owner(Act::Export, caller.user_id);
        self.store.record(&event, &origin::of(&request)).await.map_err(from_error)?;
        // All are asked before the answer begins, so that one that is away makes it a refusal.
        let mut own = self.own.export(caller.user_id)?;
        let others = self.holders.export(caller.user_id, caller.deadline.remaining()).await?;
        let archive = async_stream::try_stream! {
            yield HttpBody { content_type: LINES_OF_JSON.to_owned(), ..HttpBody::default() };
            while let Some(data) = own.next().await {
                yield HttpBody { data: data?, ..HttpBody::default() };
            }
            for mut pieces in others {
                while let Some(piece) = pieces.message().await? {
                    yield HttpBody { data: piece.data, ..HttpBody::default() };
                }
            }
            yield HttpBody { data: LAST_LINE.to_vec(), ..HttpBody::default() };
        };
        Ok(Response::new(archive.boxed()))
    }

    #[tracing::instrument(name = "auth.delete_my_account", skip_all)]
    async fn delete_my_account(
        &self,
        request: Request<pb::DeleteMyAccountRequest>,
    ) -> Result<Response<pb::DeleteMyAccountResponse>, Status> {
        let caller = Caller::of(&request)?;
        let session = caller.session_id.ok_or(Error::NoSession).map_err(from_error)?;
        let origin = origin::of(&request);
        let password = SecretString::from(request.into_inner().password);
        let (user_id, session) = (caller.user_id, SessionId(session));
        let confirmed = self.credentials.confirm(user_id, session, password, &origin).await;
        confirmed.map_err(from_error)?;
        let erasure = self.close(Actor::User(user_id), user_id, &origin).await?;
        Ok(Response::new(pb::DeleteMyAccountResponse { erasure }))
    }

    #[tracing::instrument(name = "auth.delete_user", skip_all)]
    async fn delete_user(
        &self,
        request: Request<pb::DeleteUserRequest>,
    ) -> Result<Response<pb::DeleteUserResponse>, Status> {
        let actor = Caller::of(&request)?.user_id;
        let user_id = user_id(&request.get_ref().user_id)?;
        if user_id == actor {
            return Err(from_error(Error::OwnAccount));
        }
        let erasure = self.close(Actor::User(actor), user_id, &origin::of(&request)).await?;
        Ok(Response::new(pb::DeleteUserResponse { erasure }))
    }

    #[tracing::instrument(name = "auth.get_erasure", skip_all)]
    async fn get_erasure(
        &self,
        request: Request<pb::GetErasureRequest>,
    ) -> Result<Response<pb::GetErasureResponse>, Status> {
        let found = match Uuid::try_parse(&request.get_ref().erasure_id) {
            Ok(erasure_id) => self.erasures.find(erasure_id).await.map_err(from_error)?,
            Err(_) => None,
        };
        let erasure = found.ok_or_else(|| from_error(Error::NoErasure))?;
        Ok(Response::new(pb::GetErasureResponse { erasure: Some(erasure.into()) }))
    }
}

impl From<Erasure> for pb::Erasure {
    fn from(erasure: Erasure) -> Self {
        let timestamp = |moment| SystemTime::from(moment).into();
        Self {
            id: erasure.erasure_id.to_string(),
            status: erasure.status().to_owned(),
            requested_at: Some(timestamp(erasure.requested_at)),
            completed_at: erasure.finished_at.map(timestamp),
        }
    }
}
