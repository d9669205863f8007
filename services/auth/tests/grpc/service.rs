//! The service over a database of its own, reached in this process or over a socket.

use std::time::Duration;

use elenchus_auth::store::MIGRATOR;
use elenchus_auth::{Holders, Settings, build};
use elenchus_cache::Cache;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use elenchus_rpc::token::Keys;
use elenchus_rpc::transport::{Identity, Late, remote};
use elenchus_rpc::{Server, Shutdown, Transport};
use elenchus_settings::Env;
use elenchus_testkit::postgres::{TestDatabase, database};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::{Code, Request};

use crate::mailbox::Mailbox;

pub(crate) const EMAIL: &str = "test@example.com";
pub(crate) const SECRET_KEY: &str = "9f86d081884c7d659a2feaa0c55ad015";
pub(crate) const PASSWORD: &str = "testpassword";

pub(crate) type Client = AuthServiceClient<Transport>;

pub(crate) struct Service {
    database: TestDatabase,
    data: TempDir,
    env: Env,
    /// What the service wrote to its folder.
    pub(crate) mails: Mailbox,
    pub(crate) pool: PgPool,
    pub(crate) settings: Settings,
    pub(crate) server: Server,
    pub(crate) shutdown: Shutdown,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with_limits(per_minute: u32, per_address_per_minute: u32) -> Self {
        let (per_minute, per_address) =
            (per_minute.to_string(), per_address_per_minute.to_string());
        Self::with(&[
            ("LOGIN_ATTEMPTS_PER_MINUTE", &per_minute),
            ("LOGIN_ATTEMPTS_PER_ADDRESS_PER_MINUTE", &per_address),
        ])
        .await
    }

    /// With these settings.
    pub(crate) async fn with(pairs: &[(&str, &str)]) -> Self {
        Self::with_changed(pairs, |_| ()).await
    }

    /// With these settings, and with changes to what no variable says.
    pub(crate) async fn with_changed(
        pairs: &[(&str, &str)],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let data = TempDir::new().unwrap();
        let env = pairs.iter().fold(
            Env::of_pairs([
                ("SECRET_KEY", SECRET_KEY),
                ("LOGIN_ATTEMPTS_PER_MINUTE", "1000"),
                ("LOGIN_ATTEMPTS_PER_ADDRESS_PER_MINUTE", "1000"),
                ("ELENCHUS_DATA_DIR", data.path().to_str().unwrap()),
            ]),
            |env, (name, value)| env.with(name, *value),
        );
        let mut settings = Settings::from_env(&env).unwrap();
        change(&mut settings);
        let (database, pool) = database("auth", &MIGRATOR).await;
        Self::over(database, pool, settings, data, env).await
    }

    /// Another process, after this one has stopped.
    pub(crate) async fn again(self) -> Self {
        let Self { database, pool, settings, data, env, .. } = self;
        Self::over(database, pool, settings, data, env).await
    }

    async fn over(
        database: TestDatabase,
        pool: PgPool,
        settings: Settings,
        data: TempDir,
        env: Env,
    ) -> Self {
        let shutdown = Shutdown::new();
        let server = serve(settings.clone(), &pool, &env, &shutdown).await;
        let mails = Mailbox::of(&data.path().join("mails"));
        Self { database, data, env, mails, pool, settings, server, shutdown }
    }

    /// Another process beside this one, over the same database.
    pub(crate) async fn replica(&self, settings: Settings) -> Server {
        serve(settings, &self.pool, &self.env, &self.shutdown).await
    }

    pub(crate) fn near(&self) -> Transport {
        self.server.transport()
    }

    /// Over a socket, once it answers.
    pub(crate) async fn far(&self) -> Transport {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        self.shutdown.spawn(self.server.clone().serve(listener, self.shutdown.clone()));
        let transport = remote(&address, &self.shutdown).unwrap();
        let mut client = Client::new(transport.clone());
        while client.get_me(pb::GetMeRequest {}).await.unwrap_err().code() == Code::Unavailable {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        transport
    }

    /// A client that signs as another service.
    pub(crate) fn as_service(&self, transport: Transport) -> Client {
        Client::new(Identity::new("document", self.settings.keys.clone()).to("auth", transport))
    }
}

async fn serve(settings: Settings, pool: &PgPool, env: &Env, shutdown: &Shutdown) -> Server {
    // Nobody is bound: the others are away, which sign-in must not notice.
    let away = || Late::default().transport();
    let holders =
        Holders { workflow: away(), conversation: away(), document: away(), analytics: away() };
    let cache = Cache::from_env(env).unwrap();
    build(settings, pool.clone(), cache, holders, shutdown).await.unwrap()
}

pub(crate) fn registration(email: &str) -> pb::RegisterRequest {
    pb::RegisterRequest {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        full_name: "Test User".to_owned(),
        organization: "Test Corp".to_owned(),
        role: "lawyer".to_owned(),
    }
}

pub(crate) fn login(username: &str, password: &str) -> pb::LoginRequest {
    pb::LoginRequest { username: username.to_owned(), password: password.to_owned() }
}

pub(crate) fn refresh(token: &str) -> pb::RefreshRequest {
    pb::RefreshRequest { refresh_token: token.to_owned() }
}

/// With an access token.
pub(crate) fn by<T>(access_token: &str, message: T) -> Request<T> {
    with("authorization", &format!("Bearer {access_token}"), message)
}

/// As the gateway passes on a client's call.
pub(crate) fn from<T>(address: &str, message: T) -> Request<T> {
    let keys = Keys::from_secret(&SECRET_KEY.into()).unwrap();
    let gateway = keys.issue_service("gateway", "auth").unwrap();
    let mut request = with("x-forwarded-for", address, message);
    request.metadata_mut().insert("x-elenchus-service", gateway.parse().unwrap());
    request
}

fn with<T>(name: &'static str, value: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(name, value.parse().unwrap());
    request
}
