//! The services that hold something of users, and what they are asked.

use std::time::Duration;

use elenchus_proto::pb::rpc::v1 as pb;
use elenchus_proto::pb::rpc::v1::personal_data_service_client::PersonalDataServiceClient;
use elenchus_rpc::caller::as_service;
use elenchus_rpc::{Transport, UserId};
use tonic::{Status, Streaming};

const BUDGET: Duration = Duration::from_secs(60);

/// The ways to the other services. They sign as this one.
#[derive(Clone)]
pub struct Holders {
    /// Runs, which would go on asking the others.
    pub workflow: Transport,
    /// Conversations.
    pub conversation: Transport,
    /// Documents.
    pub document: Transport,
    /// What the others told of, so the last of them.
    pub analytics: Transport,
}

impl Holders {
    /// Those that tell analytics something.
    pub(super) fn tellers(&self) -> [&Transport; 3] {
        [&self.workflow, &self.conversation, &self.document]
    }

    /// Asks every service for what it holds of a user.
    pub(crate) async fn export(
        &self,
        user_id: UserId,
        budget: Duration,
    ) -> Result<Vec<Streaming<pb::ExportPersonalDataResponse>>, Status> {
        let mut exports = Vec::new();
        for holder in [&self.conversation, &self.document, &self.workflow, &self.analytics] {
            let request = pb::ExportPersonalDataRequest { user_id: user_id.to_string() };
            let mut client = PersonalDataServiceClient::new(holder.clone());
            let answer = client.export_personal_data(as_service(budget, request)).await?;
            exports.push(answer.into_inner());
        }
        Ok(exports)
    }
}

/// Has a service erase what it holds of a user, to the end.
pub(super) async fn erase(holder: &Transport, user_id: UserId) -> Result<(), Status> {
    let mut client = PersonalDataServiceClient::new(holder.clone());
    loop {
        let request = pb::ErasePersonalDataRequest { user_id: user_id.to_string() };
        let answer = client.erase_personal_data(as_service(BUDGET, request)).await?;
        if answer.into_inner().is_done {
            return Ok(());
        }
    }
}
