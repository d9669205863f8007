//! How a mail leaves: to the mail server, or into a folder where none is set.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::ExposeSecret;
use tokio::fs;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::settings::{Security, Settings, Smtp};

/// For each command. A server that takes longer is away.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes mails away.
pub(crate) enum Transport {
    /// To a server.
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    /// Into a folder, each under its own name, so that a second try changes nothing.
    Folder(PathBuf),
}

/// Why a mail did not leave. Never holds an answer of the server, which may hold an address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server says that it will never take this mail.
    #[error("the mail server refused the mail with code {0}")]
    Refused(String),
    /// Trying again may help.
    #[error("{0}")]
    Passing(String),
}

/// Why there is no transport.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// `SMTP_CA_FILE` cannot be read.
    #[error("SMTP_CA_FILE: {0}")]
    Certificate(#[source] io::Error),
    /// The TLS that is asked for cannot be had.
    #[error("SMTP_TLS: TLS cannot be set up")]
    Tls(#[from] lettre::transport::smtp::Error),
}

impl Transport {
    /// Gets ready, without connecting.
    pub(crate) fn new(settings: &Settings) -> Result<Self, TransportError> {
        let Some(smtp) = &settings.smtp else {
            tracing::warn!(folder = %settings.folder.display(), "SMTP_HOST is not set: mails are written to a folder");
            return Ok(Self::Folder(settings.folder.clone()));
        };
        Ok(Self::Smtp(Box::new(server(smtp)?)))
    }

    /// Hands one mail over.
    pub(crate) async fn send(&self, mail_id: Uuid, message: Message) -> Result<(), Failure> {
        match self {
            Self::Smtp(server) => match server.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => Err(failure(&error)),
            },
            Self::Folder(folder) => write(folder, mail_id, &message.formatted())
                .await
                .map_err(|error| Failure::Passing(format!("the mail cannot be written: {error}"))),
        }
    }
}

/// Whether the mail server lets us in. Nothing is sent.
pub async fn probe(smtp: &Smtp) -> Result<(), String> {
    let server = server(smtp).map_err(|error| error.to_string())?;
    match server.test_connection().await {
        Ok(true) => Ok(()),
        Ok(false) => Err("the mail server answers, and takes no mail".to_owned()),
        Err(error) => Err(failure(&error).to_string()),
    }
}

fn server(smtp: &Smtp) -> Result<AsyncSmtpTransport<Tokio1Executor>, TransportError> {
    let tls = match smtp.security {
        Security::Plain => Tls::None,
        Security::StartTls => Tls::Required(parameters(smtp)?),
        Security::Tls => Tls::Wrapper(parameters(smtp)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(PATIENCE));
    if let Some((name, password)) = &smtp.credentials {
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(name.clone(), password));
    }
    Ok(builder.build())
}

fn parameters(smtp: &Smtp) -> Result<TlsParameters, TransportError> {
    let mut builder = TlsParameters::builder(smtp.host.clone());
    if let Some(file) = &smtp.ca_file {
        let pem = std::fs::read(file).map_err(TransportError::Certificate)?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem)?);
    }
    Ok(builder.build()?)
}

fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    if let Some(code) = error.status() {
        // A wrong password of ours is no fault of the mail: the operator can mend it.
        let is_ours = code.category == Category::Unspecified3;
        if code.severity == Severity::PermanentNegativeCompletion && !is_ours {
            return Failure::Refused(code.to_string());
        }
        return Failure::Passing(format!("the mail server answered with code {code}"));
    }
    Failure::Passing(
        if error.is_timeout() {
            "the mail server did not answer in time"
        } else if error.is_tls() {
            "the mail server's TLS or certificate cannot be used"
        } else {
            "the mail server cannot be reached"
        }
        .to_owned(),
    )
}

/// Written beside and moved, readable by the owner alone: a crash leaves a whole mail or none.
async fn write(folder: &Path, mail_id: Uuid, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await?;
    let fresh = folder.join(format!("{mail_id}.new"));
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&fresh).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    fs::rename(&fresh, folder.join(format!("{mail_id}.eml"))).await
}
