//! Leave to act for the owners of runs, as it is kept: sealed, and only until the run has ended.

use elenchus_rpc::caller::Grant;
use elenchus_sealed::{Purpose, Unopenable};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Store;

/// Why a run may not act for its owner. The messages are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoGrant {
    /// It was never given.
    #[error("the run has no leave to act for its owner; start it again")]
    Absent,
    /// The key that it was sealed with is not ours.
    #[error(
        "the run's leave to act for its owner cannot be opened, because SECRET_KEY was changed; \
         start it again"
    )]
    Unopenable,
}

impl Store {
    pub(super) fn seal_grant(&self, run: Uuid, grant: &str) -> Result<Vec<u8>, Unopenable> {
        self.sealer.seal(Purpose::Grant, run, grant.as_bytes())
    }

    /// Leave to act for the owner of a run that is being taken up.
    pub(super) async fn grant(
        &self,
        tx: &mut PgConnection,
        run: Uuid,
    ) -> Result<Result<Grant, NoGrant>, sqlx::Error> {
        let (sealed, plain): (Option<Vec<u8>>, String) = sqlx::query_as(
            "SELECT sealed_grant, grant_token FROM workflow_execution WHERE workflow_execution_id = $1",
        )
        .bind(run)
        .fetch_one(&mut *tx)
        .await?;
        let Some(sealed) = sealed else {
            self.seal_plain(tx, run, &plain).await?;
            return Ok(Grant::parse(&plain).ok_or(NoGrant::Absent));
        };
        let opened = self.sealer.open(Purpose::Grant, run, &sealed);
        let token = opened.ok().and_then(|opened| String::from_utf8(opened).ok());
        Ok(token.and_then(|token| Grant::parse(&token)).ok_or(NoGrant::Unopenable))
    }

    /// Seals what a process from before has left.
    async fn seal_plain(
        &self,
        tx: &mut PgConnection,
        run: Uuid,
        plain: &str,
    ) -> Result<(), sqlx::Error> {
        if plain.is_empty() {
            return Ok(());
        }
        let sealed = self.seal_grant(run, plain);
        let sealed = sealed.map_err(|error| sqlx::Error::Encode(error.into()))?;
        sqlx::query(
            "UPDATE workflow_execution SET sealed_grant = $2, grant_token = ''
             WHERE workflow_execution_id = $1",
        )
        .bind(run)
        .bind(sealed)
        .execute(tx)
        .await?;
        Ok(())
    }
}
