//! Mails: written in the transaction of what they tell of, sealed until they are sent, and sent once
//! each by a leased queue.

mod letter;
mod outbox;
mod render;
mod sender;
mod settings;
mod transport;

pub use self::letter::{Letter, Matter};
pub use self::outbox::Outbox;
pub use self::settings::{Security, Settings, Smtp};
pub use self::transport::probe;

pub use self::sender::MailError;

pub(crate) use self::outbox::TABLE;
pub(crate) use self::sender::spawn;
