//! How the services of the mesh talk: one transport whether the peer is near or far, one server
//! with one stack of layers, one error model, one notion of who is calling.

pub mod caller;
mod circuit;
pub mod deadline;
pub mod etag;
pub mod idempotency;
pub mod layer;
pub mod method;
pub mod page;
mod retry;
pub mod server;
pub mod session;
pub mod shutdown;
pub mod status;
pub mod tls;
pub mod token;
pub mod transport;

pub use self::caller::{Caller, UserId};
pub use self::server::Server;
pub use self::shutdown::Shutdown;
pub use self::tls::Tls;
pub use self::transport::Transport;
