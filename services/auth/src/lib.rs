//! The auth service: accounts, sessions, and the tokens that open the other services. It tells
//! analytics who signed in, and has the others hand out and erase what they hold of a user.

mod accounts;
mod attempts;
mod credentials;
pub mod domain;
mod erasure;
mod grpc;
pub mod mail;
pub mod oidc;
pub mod opaque_token;
mod operator;
pub mod password;
mod personal_data;
mod refusals;
mod second_factor;
mod sessions;
mod settings;
mod signing_keys;
pub mod store;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use elenchus_cache::Cache;
use elenchus_durable::Notices;
use elenchus_outbox::Relay;
use elenchus_personal_data::PersonalData;
use elenchus_postgres::{Database, DatabaseSettings};
use elenchus_process::{Process, Role, StartError};
use elenchus_proto::pb::auth::v1::audit_service_server::AuditServiceServer;
use elenchus_proto::pb::auth::v1::auth_service_server::AuthServiceServer;
use elenchus_proto::pb::auth::v1::credential_service_server::CredentialServiceServer;
use elenchus_proto::pb::auth::v1::oidc_service_server::OidcServiceServer;
use elenchus_proto::pb::auth::v1::personal_data_service_server::PersonalDataServiceServer;
use elenchus_proto::pb::auth::v1::second_factor_service_server::SecondFactorServiceServer;
use elenchus_proto::pb::auth::v1::session_service_server::SessionServiceServer;
use elenchus_proto::pb::auth::v1::ticket_service_server::TicketServiceServer;
use elenchus_proto::pb::auth::v1::token_service_server::TokenServiceServer;
use elenchus_proto::pb::auth::v1::user_service_server::UserServiceServer;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::session::ended;
use elenchus_rpc::{Server, Shutdown};
use sqlx::PgPool;

use self::accounts::Accounts;
use self::attempts::Attempts;
use self::credentials::Credentials;
use self::erasure::Erasures;
use self::grpc::{
    AuditRpc, AuthRpc, CredentialRpc, Issuer, OidcRpc, PersonalDataRpc, SecondFactorRpc,
    SessionRpc, TicketRpc, TokenRpc, UserRpc,
};
use self::oidc::Oidc;
use self::password::Passwords;
use self::refusals::Refusals;
use self::second_factor::SecondFactor;
use self::sessions::StoredSessions;
use self::signing_keys::SigningKeys;
use self::store::{MIGRATOR, Store};

pub use self::erasure::Holders;
pub use self::operator::{Operator, count_signing_keys};
pub use self::personal_data::PERSONAL_DATA;
pub use self::settings::{AttemptLimits, KeyTerms, Settings};

/// The service's name, and that of its schema.
pub const NAME: &str = "auth";

/// Every call of the mesh waits for this service: one that cannot be answered is refused within two
/// seconds.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Why the service could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The table of events that wait for analytics.
    #[error("the outbox of the auth service cannot be migrated")]
    Outbox(#[from] sqlx::migrate::MigrateError),
    /// The table of calls with an `Idempotency-Key`.
    #[error(transparent)]
    Ledger(#[from] elenchus_idempotency::Unopened),
    /// The way of mails.
    #[error("mails cannot be sent")]
    Mail(#[from] mail::MailError),
    /// The keys of access tokens.
    #[error("the keys of access tokens cannot be had")]
    SigningKeys(#[source] domain::Error),
    /// The way to the issuer.
    #[error("the sign-in with a provider cannot be set up")]
    Oidc(#[from] reqwest::Error),
    /// The server around the service.
    #[error("the auth service cannot be served")]
    Server(#[from] elenchus_rpc::server::Error),
}

/// Why no new key could be made.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// There is no key but `SECRET_KEY`.
    #[error(
        "access tokens are signed with SECRET_KEY itself; set ALGORITHM to EdDSA for keys that can be rotated"
    )]
    Shared,
    /// The store failed.
    #[error("the signing keys cannot be changed")]
    Store(#[from] domain::Error),
}

/// Starts the service as a role of a process.
pub async fn start(process: &Process) -> Result<Server, StartError> {
    let settings = Settings::from_env(&process.env)?;
    let database =
        DatabaseSettings::from_env(&process.env, "AUTH")?.with_acquire_timeout(ACQUIRE_TIMEOUT);
    let pool = Database::open(&database, NAME, &MIGRATOR).await?;
    let holders = Holders {
        workflow: process.peer(NAME, Role::Workflow)?,
        conversation: process.peer(NAME, Role::Conversation)?,
        document: process.peer(NAME, Role::Document)?,
        analytics: process.peer(NAME, Role::Analytics)?,
    };
    Ok(build(settings, pool, process.cache.clone(), holders, &process.shutdown).await?)
}

/// Builds the service over its database.
pub async fn build(
    settings: Settings,
    pool: PgPool,
    cache: Cache,
    holders: Holders,
    shutdown: &Shutdown,
) -> Result<Server, BuildError> {
    elenchus_outbox::migrate(&pool).await?;
    Relay::spawn(&pool, holders.analytics.clone(), shutdown);
    let ledger = elenchus_idempotency::open(&pool, shutdown).await?;

    let store = Store::new(pool.clone(), settings.lifetime(), settings.sealer.clone());
    let notices = Notices::listen(&pool, &[mail::TABLE, erasure::TABLE], shutdown);
    mail::spawn(&settings.mail, &pool, store.clone(), notices.clone(), shutdown)?;
    sweep::spawn(store.clone(), shutdown);

    let passwords = Arc::new(Passwords::for_this_machine());
    let attempts = Arc::new(Attempts::new(cache.clone(), settings.attempts));
    let refusals = Refusals::new(store.clone(), cache.clone(), shutdown.clone());
    let sessions = Arc::new(StoredSessions::new(store.clone(), cache.clone()));
    ended::heed(&cache, Arc::clone(&sessions), shutdown);
    let credentials = Arc::new(Credentials {
        store: store.clone(),
        passwords: Arc::clone(&passwords),
        rules: settings.passwords,
        attempts: Arc::clone(&attempts),
        sessions: Arc::clone(&sessions),
    });
    let own = PersonalData::new(pool.clone(), PERSONAL_DATA, shutdown.clone());
    let erasures = Erasures::spawn(
        &pool,
        store.clone(),
        holders.clone(),
        own.clone(),
        settings.erasure_settle,
        notices,
        shutdown,
    );
    let personal_data = PersonalDataRpc {
        credentials: Arc::clone(&credentials),
        store: store.clone(),
        erasures,
        own: own.clone(),
        holders,
    };
    let accounts = Arc::new(Accounts {
        store: store.clone(),
        passwords,
        attempts,
        refusals,
        sessions: Arc::clone(&sessions),
    });
    let signing_keys =
        open_signing_keys(&settings, &store).await.map_err(BuildError::SigningKeys)?;
    if let Some(signing_keys) = &signing_keys {
        signing_keys.spawn(shutdown);
    }
    let keys = match &signing_keys {
        Some(signing_keys) => settings.keys.with_published(Arc::new(signing_keys.clone())),
        None => settings.keys,
    };
    let issuer = Issuer {
        keys: keys.clone(),
        signing_keys,
        access_token_lifetime: settings.access_token_lifetime,
    };
    let factor = SecondFactor {
        store: store.clone(),
        credentials: Arc::clone(&credentials),
        issuer: settings.mail.app_name.clone(),
    };
    let second_factor =
        SecondFactorRpc { accounts: Arc::clone(&accounts), issuer: issuer.clone(), factor };
    let tickets = TicketRpc { store: store.clone(), issuer: issuer.clone() };
    let oidc = OidcRpc {
        oidc: Oidc::new(
            settings.oidc.as_ref(),
            store.clone(),
            Arc::clone(&accounts.attempts),
            settings.sealer.clone(),
        )?,
        issuer: issuer.clone(),
    };
    let users = UserRpc { store: store.clone(), sessions: Arc::clone(&sessions) };
    let session = SessionRpc { store: store.clone(), sessions: Arc::clone(&sessions) };
    let service = AuthRpc { accounts, store: store.clone(), rules: settings.passwords, issuer };
    let tokens = TokenRpc { store: store.clone(), sessions: Arc::clone(&sessions) };
    let server = Server::builder(Guard { service: NAME, keys, sessions })
        .ledger(ledger)
        .service(TokenServiceServer::new(tokens))
        .service(AuthServiceServer::new(service))
        .service(UserServiceServer::new(users))
        .service(TicketServiceServer::new(tickets))
        .service(PersonalDataServiceServer::new(personal_data))
        .service(own.into_service())
        .service(AuditServiceServer::new(AuditRpc { store: store.clone() }))
        .service(CredentialServiceServer::new(CredentialRpc { credentials }))
        .service(SessionServiceServer::new(session))
        .service(SecondFactorServiceServer::new(second_factor))
        .service(OidcServiceServer::new(oidc))
        .healthy_while(move || {
            let store = store.clone();
            async move { store.is_reachable().await }
        })
        .build(shutdown)?;
    Ok(server)
}

/// Makes a key for access tokens that follows the present one: published at once, and signing once
/// every service can know of it.
pub async fn rotate_signing_key(settings: &Settings, pool: PgPool) -> Result<(), RotateError> {
    let store = Store::new(pool, settings.lifetime(), settings.sealer.clone());
    let keys = open_signing_keys(settings, &store).await?;
    Ok(keys.ok_or(RotateError::Shared)?.rotate().await?)
}

/// The keys of access tokens, where they are not `SECRET_KEY` itself.
async fn open_signing_keys(
    settings: &Settings,
    store: &Store,
) -> Result<Option<SigningKeys>, domain::Error> {
    let Settings { keys, sealer, key_terms, access_token_lifetime, .. } = settings;
    if !keys.algorithm().is_asymmetric() {
        return Ok(None);
    }
    SigningKeys::open(
        store.clone(),
        sealer.clone(),
        keys.algorithm(),
        *access_token_lifetime,
        *key_terms,
    )
    .await
    .map(Some)
}
