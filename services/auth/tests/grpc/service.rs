//! The service over a database of its own, reached in this process or over a socket.

use std::num::NonZeroU32;
use std::time::Duration;

use elenchus_auth::store::MIGRATOR;
use elenchus_auth::{AttemptLimits, Settings, build};
use elenchus_cache::Cache;
use elenchus_proto::pb::auth::v1 as pb;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use elenchus_rpc::transport::{Identity, Late, remote};
use elenchus_rpc::{Server, Shutdown, Transport};
use elenchus_settings::Env;
use elenchus_testkit::postgres::{TestDatabase, database};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tonic::{Code, Request};

pub(crate) const EMAIL: &str = "test@example.com";
pub(crate) const PASSWORD: &str = "testpassword";

pub(crate) type Client = AuthServiceClient<Transport>;

pub(crate) struct Service {
    _database: TestDatabase,
    pub(crate) pool: PgPool,
    pub(crate) settings: Settings,
    pub(crate) server: Server,
    pub(crate) shutdown: Shutdown,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with_limits(1000, 1000).await
    }

    pub(crate) async fn with_limits(per_minute: u32, per_address_per_minute: u32) -> Self {
        let env = Env::of_pairs([("SECRET_KEY", "0123456789abcdef0123456789abcdef")]);
        let mut settings = Settings::from_env(&env).unwrap();
        settings.attempts = AttemptLimits {
            per_minute: NonZeroU32::new(per_minute).unwrap(),
            per_address_per_minute: NonZeroU32::new(per_address_per_minute).unwrap(),
        };
        let (database, pool) = database("auth", &MIGRATOR).await;
        let shutdown = Shutdown::new();
        // Nobody is bound: analytics is away, which sign-in must not notice.
        let analytics = Late::default().transport();
        let server =
            build(settings.clone(), pool.clone(), Cache::in_process(), analytics, &shutdown)
                .await
                .unwrap();
        Self { _database: database, pool, settings, server, shutdown }
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
    with("x-forwarded-for", address, message)
}

fn with<T>(name: &'static str, value: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(name, value.parse().unwrap());
    request
}
