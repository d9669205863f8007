//! `elenchus.auth.v1.TicketService`.

use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::ticket_service_server::TicketService;
use elenchus_rpc::status::from_error;
use tonic::{Request, Response, Status};

use super::{Issuer, session_of};
use crate::domain::Error;
use crate::opaque_token::OpaqueToken;
use crate::store::Store;

/// Long enough for a page to open a socket, and for nothing else.
const LIFETIME_SECONDS: i32 = 30;

/// Tickets behind the protos.
pub(crate) struct TicketRpc {
    pub(crate) store: Store,
    pub(crate) issuer: Issuer,
}

#[tonic::async_trait]
impl TicketService for TicketRpc {
    #[tracing::instrument(name = "auth.create_ticket", skip_all)]
    async fn create_ticket(
        &self,
        request: Request<pb::CreateTicketRequest>,
    ) -> Result<Response<pb::CreateTicketResponse>, Status> {
        let session = session_of(&request)?;
        let ticket = OpaqueToken::generate().map_err(from_error)?;
        self.store
            .keep_ticket(session, ticket.hash(), LIFETIME_SECONDS)
            .await
            .map_err(from_error)?;
        Ok(Response::new(pb::CreateTicketResponse {
            ticket: ticket.expose().to_owned(),
            expires_in: LIFETIME_SECONDS,
        }))
    }

    #[tracing::instrument(name = "auth.redeem_ticket", skip_all)]
    async fn redeem_ticket(
        &self,
        request: Request<pb::RedeemTicketRequest>,
    ) -> Result<Response<pb::RedeemTicketResponse>, Status> {
        let ticket = OpaqueToken::presented(request.into_inner().ticket);
        let session = self.store.take_ticket(ticket.hash()).await.map_err(from_error)?;
        let session = session.ok_or(Error::TicketRefused).map_err(from_error)?;
        let authority = self.store.authority(session).await.map_err(from_error)?;
        let authority = authority.ok_or(Error::TicketRefused).map_err(from_error)?;
        let access_token =
            self.issuer.token_of(authority.user_id, session).await.map_err(from_error)?;
        let expires_in = self.issuer.expires_in();
        Ok(Response::new(pb::RedeemTicketResponse { access_token, expires_in }))
    }
}
