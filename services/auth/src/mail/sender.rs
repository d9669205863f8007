//! The worker that sends what the outbox holds. A mail is sent again only if the process died, or lost
//! the server, between the server's last word and our record of it; the Message-ID stays the same.

use async_trait::async_trait;
use elenchus_durable::{Failure, Handler, Lease, Notices, Worker};
use elenchus_rpc::Shutdown;
use metrics::counter;
use sqlx::PgPool;

use super::letter::{Letter, Matter};
use super::outbox::{Outbox, Outcome};
use super::render::{RenderError, Renderer};
use super::settings::Settings;
use super::transport::{self, Transport, TransportError};
use crate::store::Store;

/// Mails that are sent at once.
const CONCURRENCY: usize = 4;

/// Why mails cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The way to the server.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The templates.
    #[error(transparent)]
    Templates(#[from] RenderError),
}

struct Sender {
    pool: PgPool,
    outbox: Outbox,
    store: Store,
    renderer: Renderer,
    transport: Transport,
}

/// Begins to send, and goes on until the stop. Any number of replicas may. `notices` hears
/// the queue's table.
pub(crate) fn spawn(
    settings: &Settings,
    pool: &PgPool,
    store: Store,
    notices: Notices,
    shutdown: &Shutdown,
) -> Result<(), MailError> {
    let outbox = store.mails().clone();
    let queue = outbox.queue();
    let sender = Sender {
        pool: pool.clone(),
        outbox,
        store,
        renderer: Renderer::new(settings)?,
        transport: Transport::new(settings)?,
    };
    shutdown.spawn(Worker::run(queue, CONCURRENCY, sender, notices, shutdown.clone()));
    Ok(())
}

#[async_trait]
impl Handler for Sender {
    async fn run(&self, lease: &Lease) -> Result<(), Failure> {
        let Some(pending) = self.outbox.read(&self.pool, lease.key()).await? else {
            return self.settle(lease, Outcome::Dead, Some("its content cannot be opened")).await;
        };
        if !pending.is_worth_sending {
            return self.settle(lease, Outcome::Dropped, None).await;
        }
        let Some(letter) = self.addressed(pending.letter).await? else {
            return self.settle(lease, Outcome::Dropped, None).await;
        };
        let message = match self.renderer.message(lease.key(), &letter) {
            Ok(message) => message,
            Err(error) => {
                return self.settle(lease, Outcome::Dead, Some(&error.to_string())).await;
            }
        };
        match self.transport.send(lease.key(), message).await {
            Ok(()) => self.settle(lease, Outcome::Sent, None).await,
            Err(failure @ transport::Failure::Refused(_)) => {
                self.settle(lease, Outcome::Dead, Some(&failure.to_string())).await
            }
            Err(failure @ transport::Failure::Passing(_)) => {
                self.outbox.note_failure(&self.pool, lease.key(), &failure.to_string()).await?;
                Err(Failure::Passing(failure.into()))
            }
        }
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), Failure> {
        self.settle(lease, Outcome::Dead, None).await
    }
}

impl Sender {
    /// The letter to its reader. None where nobody with an account has the address.
    async fn addressed(&self, letter: Letter) -> Result<Option<Letter>, Failure> {
        let Matter::ResetPassword { token } = &letter.matter else { return Ok(Some(letter)) };
        let user = self.store.keep_reset_token(&letter.to, token).await;
        let user = user.map_err(|error| Failure::Passing(error.into()))?;
        // To the address as the account has it: another that folds to the same may be a stranger's.
        Ok(user.map(|user| Letter::to(&user, letter.matter.clone())))
    }

    async fn settle(
        &self,
        lease: &Lease,
        outcome: Outcome,
        failure: Option<&str>,
    ) -> Result<(), Failure> {
        self.outbox.settle(&self.pool, lease, outcome, failure).await?;
        counter!("mails_total", "outcome" => outcome.as_str()).increment(1);
        if outcome == Outcome::Dead {
            tracing::error!(mail.id = %lease.key(), failure, "a mail was given up");
        }
        Ok(())
    }
}
