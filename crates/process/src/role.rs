//! The roles that a process can have, and where each listens.

use std::net::SocketAddr;
use std::str::FromStr;

use elenchus_rpc::Server;
use elenchus_settings::{Env, Invalid};
use tokio::net::TcpListener;

use crate::{Process, StartError};

/// A service of the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Accounts and sessions.
    Auth,
    /// Conversations and answers.
    Conversation,
    /// Documents and search.
    Document,
    /// Workflows and their runs.
    Workflow,
    /// Usage and activity.
    Analytics,
    /// The edge.
    Gateway,
}

impl Role {
    /// Every role, services first.
    pub const ALL: [Self; 6] = [
        Self::Auth,
        Self::Conversation,
        Self::Document,
        Self::Workflow,
        Self::Analytics,
        Self::Gateway,
    ];

    /// The services: every role but the gateway.
    pub const SERVICES: [Self; 5] =
        [Self::Auth, Self::Conversation, Self::Document, Self::Workflow, Self::Analytics];

    /// The role's name, as on the command line and in tokens between services.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Conversation => "conversation",
            Self::Document => "document",
            Self::Workflow => "workflow",
            Self::Analytics => "analytics",
            Self::Gateway => "gateway",
        }
    }

    /// The variable that says where the role is reached.
    pub fn address_variable(self) -> &'static str {
        match self {
            Self::Auth => "AUTH_SERVICE_ADDR",
            Self::Conversation => "CONVERSATION_SERVICE_ADDR",
            Self::Document => "DOCUMENT_SERVICE_ADDR",
            Self::Workflow => "WORKFLOW_SERVICE_ADDR",
            Self::Analytics => "ANALYTICS_SERVICE_ADDR",
            Self::Gateway => "GATEWAY_ADDR",
        }
    }

    /// The variable that says where the role listens, and the port where it is not set.
    fn listen(self) -> (&'static str, u16) {
        match self {
            Self::Auth => ("AUTH_SERVICE_LISTEN", 50051),
            Self::Conversation => ("CONVERSATION_SERVICE_LISTEN", 50052),
            Self::Document => ("DOCUMENT_SERVICE_LISTEN", 50053),
            Self::Workflow => ("WORKFLOW_SERVICE_LISTEN", 50054),
            Self::Analytics => ("ANALYTICS_SERVICE_LISTEN", 50055),
            Self::Gateway => ("GATEWAY_LISTEN", 8000),
        }
    }

    /// Where the role listens, when it was told.
    pub fn listen_address(self, env: &Env) -> Result<Option<SocketAddr>, Invalid> {
        env.optional(self.listen().0)
    }

    /// Where the role listens when it was not told: this machine only.
    pub fn default_address(self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.listen().1))
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{name:?} is not a role; the roles are {names}")
        })
    }
}

/// Serves a built service on its socket, in the background, until the stop.
pub async fn serve(
    process: &Process,
    server: Server,
    address: SocketAddr,
) -> Result<(), StartError> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("{} cannot listen on {address}: {error}", server.name()))?;
    let shutdown = process.shutdown.clone();
    let server = server.with_tls(process.tls.clone());
    process.shutdown.spawn(async move {
        let name = server.name();
        if let Err(error) = server.serve(listener, shutdown.clone()).await {
            tracing::error!(service = name, %error, "the service cannot go on");
            shutdown.stop();
        }
    });
    Ok(())
}
